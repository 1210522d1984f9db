// SPDX-License-Identifier: Apache-2.0
// munmap, madvise, mprotect, exit and the OOM reaper: what programs see, and in which order the
// kernel does it.
#include <doctest/doctest.h>

#include "tests/model/builder.hpp"
#include "tests/model/calls.hpp"
#include "tests/model/run.hpp"

namespace model::testing {
namespace {

const Result segv = Result::signal(SIGSEGV);

constexpr auto phases = {EventKind::range_start, EventKind::range_end,     EventKind::range_refused,
                         EventKind::pte_cleared, EventKind::pte_protected, EventKind::pte_set,
                         EventKind::cpu_flush,   EventKind::frame_freed,   EventKind::swap_out,
                         EventKind::released};

std::uint32_t allocated(const Run& run) { return run.machine().frames.pool(first_host).allocated; }

TEST_CASE("DONTNEED drops the content: the next read finds zero") {
  Written app(1);
  app.call(dontneed(app.mm, app.pages));
  const LineId read_it = app.call(read(app.mm, app.page(0)));
  CHECK(Run(app.setup).result(read_it) == Result::value(0));
}

TEST_CASE("DONTNEED of shared memory drops the map and not the content") {
  Written app(1, {.shared = true});
  app.call(dontneed(app.mm, app.pages));
  const LineId read_it = app.call(read(app.mm, app.page(0)));
  CHECK(Run(app.setup).result(read_it) == Result::value(7));
}

TEST_CASE("an access after munmap gets SIGSEGV") {
  Written app(1);
  app.call(munmap(app.mm, app.pages));
  const LineId read_it = app.call(read(app.mm, app.page(0)));
  const LineId write_it = app.call(write(app.mm, app.page(0), 1));
  const Run run(app.setup);
  CHECK(run.result(read_it) == segv);
  CHECK(run.result(write_it) == segv);
}

TEST_CASE("munmap of the middle leaves both sides as they were") {
  Written app(3);
  app.call(munmap(app.mm, one_page(app.page(1))));
  const LineId left = app.call(read(app.mm, app.page(0)));
  const LineId middle = app.call(read(app.mm, app.page(1)));
  const LineId right = app.call(read(app.mm, app.page(2)));
  const Run run(app.setup);
  CHECK(run.result(left) == Result::value(7));
  CHECK(run.result(middle) == segv);
  CHECK(run.result(right) == Result::value(7));
}

TEST_CASE("munmap of what is not mapped notifies nobody") {
  Written app(1);
  const LineId unmap = app.call(munmap(app.mm, {.first = app.pages.end(), .count = 1}));
  const Run run(app.setup);
  CHECK(run.result(unmap).ok());
  CHECK(run.count(EventKind::range_start) == 0);
}

TEST_CASE("munmap: start, clear, end, then flush, then free") {
  Written app(1);
  const LineId unmap = app.call(munmap(app.mm, app.pages));
  CHECK(Run(app.setup).order(unmap, phases) ==
        "range_start pte_cleared range_end cpu_flush frame_freed");
}

TEST_CASE("DONTNEED: start, clear, end, then flush, then free") {
  Written app(1);
  const LineId advise = app.call(dontneed(app.mm, app.pages));
  CHECK(Run(app.setup).order(advise, phases) ==
        "range_start pte_cleared range_end cpu_flush frame_freed");
}

TEST_CASE("munmap clears all its pages in one range and frees them after its end") {
  Written app(2);
  const LineId unmap = app.call(munmap(app.mm, app.pages));
  CHECK(Run(app.setup).order(unmap, phases) ==
        "range_start pte_cleared pte_cleared range_end cpu_flush frame_freed frame_freed");
}

TEST_CASE("copy on write: start, clear and flush, set, end; the old frame is still held") {
  Written app(1);
  const MmId child = app.process();
  app.call(fork(app.mm, child));
  app.call(read(app.mm, app.page(0)));  // Into the TLB again.
  const LineId copy = app.call(write(app.mm, app.page(0), 8));
  CHECK(Run(app.setup).order(copy, phases) ==
        "range_start pte_cleared cpu_flush pte_set range_end");
}

TEST_CASE("fork: start, protect the parent and map the child, end, then flush") {
  Written app(1);
  const MmId child = app.process();
  const LineId born = app.call(fork(app.mm, child));
  CHECK(Run(app.setup).order(born, phases) ==
        "range_start pte_protected pte_set range_end cpu_flush");
}

TEST_CASE("mprotect: start, protect, end, then flush") {
  Written app(1);
  const LineId protect = app.call(mprotect(app.mm, app.pages, prot_read));
  CHECK(Run(app.setup).order(protect, phases) == "range_start pte_protected range_end cpu_flush");
}

TEST_CASE("after mprotect(PROT_READ) a write gets SIGSEGV and a read its value") {
  Written app(2);
  app.call(mprotect(app.mm, one_page(app.page(0)), prot_read));
  const LineId write_it = app.call(write(app.mm, app.page(0), 8));
  const LineId read_it = app.call(read(app.mm, app.page(0)));
  const LineId beside = app.call(write(app.mm, app.page(1), 8));
  const Run run(app.setup);
  CHECK(run.result(write_it) == segv);
  CHECK(run.result(read_it) == Result::value(7));
  CHECK(run.result(beside).ok());
}

TEST_CASE("after mprotect(PROT_NONE) a read gets SIGSEGV, though the page is still there") {
  Written app(1);
  app.call(mprotect(app.mm, app.pages, prot_none));
  const LineId denied = app.call(read(app.mm, app.page(0)));
  app.call(mprotect(app.mm, app.pages, prot_write));
  const LineId allowed = app.call(read(app.mm, app.page(0)));
  const Run run(app.setup);
  CHECK(run.result(denied) == segv);
  CHECK(run.result(allowed) == Result::value(7));
}

TEST_CASE("write permission comes back by a fault, in the same frame and without a notification") {
  Written app(1);
  app.call(mprotect(app.mm, app.pages, prot_read));
  app.call(mprotect(app.mm, app.pages, prot_write));
  const LineId write_it = app.call(write(app.mm, app.page(0), 8));
  const Run run(app.setup);
  CHECK(run.result(write_it).ok());
  CHECK(run.count(EventKind::range_start, write_it) == 0);
  CHECK(run.count(EventKind::frame_allocated) == 0);
}

TEST_CASE("mprotect of a range with a hole fails, and has changed what is before the hole") {
  Written app(3);
  app.call(munmap(app.mm, one_page(app.page(1))));
  const LineId protect = app.call(mprotect(app.mm, app.pages, prot_read));
  const LineId before = app.call(write(app.mm, app.page(0), 8));
  const LineId behind = app.call(write(app.mm, app.page(2), 8));
  const Run run(app.setup);
  CHECK(run.result(protect) == Result::error(ENOMEM));
  CHECK(run.result(before) == Result::signal(SIGSEGV));
  CHECK(run.result(behind).ok());
}

TEST_CASE("mprotect of pages that nobody has touched notifies nobody") {
  App app(1);
  app.call(mprotect(app.mm, app.pages, prot_read));
  CHECK(Run(app.setup).count(EventKind::range_start) == 0);
}

TEST_CASE("exit gives back every frame and every slot") {
  Written app(3);
  const PageRange shared = app.region(app.mm, 2, {.shared = true});
  app.call(memset(app.mm, shared, 5));
  app.call(swap_out(app.mm, {.first = app.page(0), .count = 2}));
  app.call(swap_out(app.mm, one_page(shared.first)));
  app.call(exit(app.mm));
  const Run run(app.setup);
  CHECK(allocated(run) == 1);  // The zero page.
  for (const SwapSlot& slot : run.machine().hosts[0].swap.slots) CHECK(slot.users == 0);
  CHECK(run.machine().hosts[0].lru.empty());
}

TEST_CASE("exit of one of two processes leaves the other's memory alone") {
  Written app(2);
  const PageRange shared = app.region(app.mm, 1, {.shared = true});
  app.init(app.main, memset(app.mm, shared, 5));
  const MmId child = app.process();
  const std::uint32_t heir = app.program(first_host, child);
  app.call(fork(app.mm, child));
  const LineId gone = app.call(exit(app.mm));
  const LineId own = app.after(gone, heir, read(child, app.page(0)));
  const LineId common = app.line(heir, read(child, shared.first));
  app.line(heir, exit(child));
  const Run run(app.setup);
  CHECK(run.result(own) == Result::value(7));
  CHECK(run.result(common) == Result::value(5));
  CHECK(allocated(run) == 1);
}

TEST_CASE("exit: release returns before anything is cleared, and frees come last") {
  Written app(1);
  const LineId end = app.call(exit(app.mm));
  CHECK(Run(app.setup).order(end, phases) ==
        "released range_start pte_cleared range_end cpu_flush frame_freed");
}

TEST_CASE("a second exit fails with ESRCH") {
  Written app(1);
  app.call(exit(app.mm));
  const LineId again = app.call(exit(app.mm));
  CHECK(Run(app.setup).result(again) == Result::error(ESRCH));
}

TEST_CASE("the OOM reaper frees private memory if nobody has to sleep for it") {
  Written app(2);
  const PageRange shared = app.region(app.mm, 1, {.shared = true});
  app.init(app.main, memset(app.mm, shared, 5));
  const LineId reap = app.call(oom_reap(app.mm));
  const Run run(app.setup);
  CHECK(run.result(reap).ok());
  CHECK(allocated(run) == 2);  // The zero page and the shared page.
  CHECK(run.frame(app.mm, shared.first).some());
}

TEST_CASE("a subscriber that would have to sleep refuses the OOM reaper: EAGAIN, nothing cleared") {
  Written app(2, {}, IntervalNotifierPolicy{});
  app.init(app.main, reg_mr(app.mm, app.pages));
  const LineId reap = app.call(oom_reap(app.mm));
  const Run run(app.setup);
  CHECK(run.result(reap) == Result::error(EAGAIN));
  CHECK(run.order(reap, phases) == "range_start range_refused");
  CHECK(run.frame(app.mm, app.page(0)).some());
  CHECK(run.machine().notifiers[0].intervals.idle());
}

TEST_CASE("the OOM reaper goes on with other regions after one that was refused") {
  Written app(1, {}, IntervalNotifierPolicy{});
  app.init(app.main, reg_mr(app.mm, app.pages));
  const PageRange other = app.region(app.mm, 1);
  app.init(app.main, memset(app.mm, other, 5));
  const LineId reap = app.call(oom_reap(app.mm));
  const Run run(app.setup);
  CHECK(run.result(reap) == Result::error(EAGAIN));
  CHECK(run.frame(app.mm, app.page(0)).some());
  CHECK_FALSE(run.frame(app.mm, other.first).some());
}

}  // namespace
}  // namespace model::testing
