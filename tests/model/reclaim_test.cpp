// SPDX-License-Identifier: Apache-2.0
// Reclaim: swapping pages out and in, on demand, under pressure and by kswapd.
#include "model/flow/reclaim.hpp"

#include <doctest/doctest.h>

#include "tests/model/builder.hpp"
#include "tests/model/calls.hpp"
#include "tests/model/run.hpp"

namespace model::testing {
namespace {

constexpr auto phases_of_reclaim = {
    EventKind::range_start, EventKind::range_end,  EventKind::pte_cleared, EventKind::cpu_flush,
    EventKind::swap_out,    EventKind::clean_drop, EventKind::frame_freed, EventKind::swap_in};

TEST_CASE("a page that was swapped out comes back with its value, its frame was free meanwhile") {
  Written app(1);
  const LineId out = app.call(swap_out(app.mm, app.pages));
  const LineId in = app.call(read(app.mm, app.page(0)));
  const Run run(app.setup);
  CHECK(run.result(out).ok());
  CHECK(run.count(EventKind::frame_freed, out) == 1);
  CHECK(run.result(in) == Result::value(7));
  CHECK(run.count(EventKind::frame_allocated, in) == 1);
  CHECK(run.count(EventKind::swap_in, in) == 1);
}

TEST_CASE("swap-out: start, clear, end, then the flush that was put off, the write, and free") {
  Written app(1);
  const LineId out = app.call(swap_out(app.mm, app.pages));
  CHECK(Run(app.setup).order(out, phases_of_reclaim) ==
        "range_start pte_cleared range_end cpu_flush swap_out frame_freed");
}

TEST_CASE("swap-out where flushes are not put off: start, clear and flush, end, write, free") {
  Written app(1);
  app.setup.switches = switches_of("6.12").value();
  const LineId out = app.call(swap_out(app.mm, app.pages));
  CHECK(Run(app.setup).order(out, phases_of_reclaim) ==
        "range_start pte_cleared cpu_flush range_end swap_out frame_freed");
}

TEST_CASE("swap-out of a page that was not written since it came back writes nothing") {
  Written app(1);
  app.call(swap_out(app.mm, app.pages));
  app.call(read(app.mm, app.page(0)));
  const LineId again = app.call(swap_out(app.mm, app.pages));
  const LineId in = app.call(read(app.mm, app.page(0)));
  const Run run(app.setup);
  CHECK(run.order(again, phases_of_reclaim) ==
        "range_start pte_cleared range_end clean_drop cpu_flush frame_freed");
  CHECK(run.result(in) == Result::value(7));
}

TEST_CASE("swap-out of a page that was written since it came back writes it again") {
  Written app(1);
  app.call(swap_out(app.mm, app.pages));
  app.call(read(app.mm, app.page(0)));
  app.call(write(app.mm, app.page(0), 8));
  const LineId again = app.call(swap_out(app.mm, app.pages));
  const LineId in = app.call(read(app.mm, app.page(0)));
  const Run run(app.setup);
  CHECK(run.count(EventKind::swap_out, again) == 1);
  CHECK(run.count(EventKind::clean_drop, again) == 0);
  CHECK(run.result(in) == Result::value(8));
}

TEST_CASE("a page that is written as it comes back is written to swap again") {
  Written app(1);
  app.call(swap_out(app.mm, app.pages));
  app.call(write(app.mm, app.page(0), 8));
  const LineId again = app.call(swap_out(app.mm, app.pages));
  const LineId in = app.call(read(app.mm, app.page(0)));
  const Run run(app.setup);
  CHECK(run.count(EventKind::swap_out, again) == 1);
  CHECK(run.result(in) == Result::value(8));
}

TEST_CASE("a pinned page is not swapped out: EBUSY, and nobody is notified") {
  Written app(1);
  app.init(app.main, reg_pinned(app.mm, app.pages));
  const LineId out = app.call(swap_out(app.mm, app.pages));
  const Run run(app.setup);
  CHECK(run.result(out) == Result::error(EBUSY));
  CHECK(run.count(EventKind::range_start, out) == 0);
  CHECK(run.frame(app.mm, app.page(0)).some());
}

TEST_CASE("a kernel that does not skip pinned pages unmaps them and still keeps the frame") {
  Written app(1);
  app.setup.switches.reclaim_skips_pinned = false;
  app.init(app.main, reg_pinned(app.mm, app.pages));
  const LineId out = app.call(swap_out(app.mm, app.pages));
  const LineId in = app.call(read(app.mm, app.page(0)));
  const Run run(app.setup);
  CHECK(run.result(out) == Result::error(EBUSY));
  CHECK(run.count(EventKind::pte_cleared, out) == 1);
  CHECK(run.count(EventKind::frame_freed) == 0);
  CHECK(run.result(in) == Result::value(7));
}

TEST_CASE("a locked page is not swapped out") {
  Written app(1, {.locked = true});
  const LineId out = app.call(swap_out(app.mm, app.pages));
  const Run run(app.setup);
  CHECK(run.result(out) == Result::error(EBUSY));
  CHECK(run.frame(app.mm, app.page(0)).some());
}

TEST_CASE("without a free slot a page stays where it is: ENOMEM") {
  Written app(2);
  app.setup.hosts[0].slots = 1;
  const LineId out = app.call(swap_out(app.mm, app.pages));
  const LineId left = app.call(read(app.mm, app.page(1)));
  const Run run(app.setup);
  CHECK(run.result(out) == Result::error(ENOMEM));
  CHECK(run.count(EventKind::frame_freed, out) == 1);
  CHECK(run.result(left) == Result::value(7));
}

TEST_CASE("a page that two processes share after fork leaves both page tables and comes back") {
  Written app(1);
  const MmId child = app.process();
  const std::uint32_t heir = app.program(first_host, child);
  app.call(fork(app.mm, child));
  const LineId out = app.call(swap_out(app.mm, app.pages));
  const LineId parent = app.call(read(app.mm, app.page(0)));
  const LineId heirs = app.after(parent, heir, write(child, app.page(0), 9));
  const LineId kept = app.after(heirs, app.main, read(app.mm, app.page(0)));
  const Run run(app.setup);
  CHECK(run.count(EventKind::pte_cleared, out) == 2);
  CHECK(run.count(EventKind::range_start, out) == 2);
  CHECK(run.count(EventKind::frame_freed, out) == 1);
  CHECK(run.result(parent) == Result::value(7));
  CHECK(run.result(kept) == Result::value(7));
}

TEST_CASE("a page that was swapped out before fork is the same page for both") {
  Written app(1);
  const MmId child = app.process();
  const std::uint32_t heir = app.program(first_host, child);
  app.call(swap_out(app.mm, app.pages));
  app.call(fork(app.mm, child));
  const LineId wrote = app.call(write(app.mm, app.page(0), 8));
  const LineId heirs = app.after(wrote, heir, read(child, app.page(0)));
  const LineId kept = app.after(heirs, app.main, read(app.mm, app.page(0)));
  const Run run(app.setup);
  CHECK(run.result(heirs) == Result::value(7));
  CHECK(run.result(kept) == Result::value(8));
}

TEST_CASE("shared memory can be swapped out by one process and read by the other") {
  Written app(1, {.shared = true});
  const MmId child = app.process();
  const std::uint32_t heir = app.program(first_host, child);
  app.call(fork(app.mm, child));
  const LineId out = app.call(swap_out(app.mm, app.pages));
  const LineId read_it = app.after(out, heir, read(child, app.page(0)));
  const LineId wrote = app.line(heir, write(child, app.page(0), 9));
  const LineId seen = app.after(wrote, app.main, read(app.mm, app.page(0)));
  const Run run(app.setup);
  CHECK(run.result(out).ok());
  CHECK(run.count(EventKind::frame_freed, out) == 1);
  CHECK(run.result(read_it) == Result::value(7));
  CHECK(run.result(seen) == Result::value(9));
}

TEST_CASE("a swapped page that is dropped gives its slot back") {
  Written app(2);
  app.call(swap_out(app.mm, app.pages));
  app.call(dontneed(app.mm, one_page(app.page(0))));
  app.call(munmap(app.mm, one_page(app.page(1))));
  const Run run(app.setup);
  for (const SwapSlot& slot : run.machine().hosts[0].swap.slots) CHECK(slot.users == 0);
}

TEST_CASE("MADV_PAGEOUT swaps out") {
  Written app(1);
  Call pageout = dontneed(app.mm, app.pages);
  pageout.number = static_cast<std::uint32_t>(Advice::pageout);
  const LineId out = app.call(pageout);
  CHECK(Run(app.setup).count(EventKind::swap_out, out) == 1);
}

// ---- Which pages go first.

TEST_CASE("reclaim takes pages that were not used since it last looked, the oldest first") {
  Written app(3);
  app.call(reclaim(first_host, 1));  // All are young: the second round takes the first one.
  const Run run(app.setup);
  CHECK_FALSE(run.frame(app.mm, app.page(0)).some());
  CHECK(run.frame(app.mm, app.page(1)).some());
  CHECK(run.frame(app.mm, app.page(2)).some());
}

TEST_CASE("reclaim says how many frames it freed") {
  Written app(3);
  const LineId some = app.call(reclaim(first_host, 2));
  const LineId rest = app.call(reclaim(first_host, 5));
  const Run run(app.setup);
  CHECK(run.result(some) == Result::value(2));
  CHECK(run.result(rest) == Result::value(1));
}

}  // namespace
}  // namespace model::testing
