// SPDX-License-Identifier: Apache-2.0
// Page faults, fork and copy on write: what programs see, and which frames they see it in.
#include "model/flow/fault.hpp"

#include <doctest/doctest.h>

#include "model/flow/protect.hpp"
#include "tests/model/builder.hpp"
#include "tests/model/calls.hpp"
#include "tests/model/run.hpp"

namespace model::testing {
namespace {

const Result segv = Result::signal(SIGSEGV);

std::uint32_t allocated(const Run& run) { return run.machine().frames.pool(first_host).allocated; }

TEST_CASE("a first read maps the zero page, and takes no frame") {
  App app(1);
  const LineId read_it = app.call(read(app.mm, app.page(0)));
  const Run run(app.setup);
  CHECK(run.result(read_it) == Result::value(0));
  CHECK(run.machine().is_zero(run.frame(app.mm, app.page(0))));
  CHECK(run.count(EventKind::frame_allocated) == 0);
}

TEST_CASE("a write to the zero page makes a private page, with a notification") {
  App app(1);
  app.call(read(app.mm, app.page(0)));
  const LineId write_it = app.call(write(app.mm, app.page(0), 7));
  const LineId read_it = app.call(read(app.mm, app.page(0)));
  const Run run(app.setup);
  CHECK_FALSE(run.machine().is_zero(run.frame(app.mm, app.page(0))));
  CHECK(run.result(read_it) == Result::value(7));
  CHECK(run.count(EventKind::range_start, write_it) == 1);
}

TEST_CASE("the zero page stays zero, and other pages that map it are not written") {
  App app(2);
  app.call(read(app.mm, app.page(0)));
  app.call(read(app.mm, app.page(1)));
  app.call(write(app.mm, app.page(0), 7));
  const LineId read_it = app.call(read(app.mm, app.page(1)));
  CHECK(Run(app.setup).result(read_it) == Result::value(0));
}

TEST_CASE("a first write makes a private page without a notification") {
  App app(1);
  const LineId write_it = app.call(write(app.mm, app.page(0), 7));
  const Run run(app.setup);
  CHECK(run.count(EventKind::range_start) == 0);
  CHECK(run.count(EventKind::frame_allocated, write_it) == 1);
}

TEST_CASE("an access outside every region gets SIGSEGV") {
  App app(1);
  const LineId read_it = app.call(read(app.mm, app.pages.end()));
  const LineId write_it = app.call(write(app.mm, app.pages.end(), 1));
  const Run run(app.setup);
  CHECK(run.result(read_it) == segv);
  CHECK(run.result(write_it) == segv);
}

TEST_CASE("a write to a read-only region gets SIGSEGV, a read does not") {
  App app(1, {.write = false});
  const LineId write_it = app.call(write(app.mm, app.page(0), 1));
  const LineId read_it = app.call(read(app.mm, app.page(0)));
  const Run run(app.setup);
  CHECK(run.result(write_it) == segv);
  CHECK(run.result(read_it) == Result::value(0));
}

TEST_CASE("a lazy region can be accessed only after its mmap, and mapped only once") {
  App app(1, {.lazy = true});
  const LineId early = app.call(write(app.mm, app.page(0), 1));
  const LineId map = app.call(mmap(app.mm, app.pages));
  const LineId late = app.call(write(app.mm, app.page(0), 1));
  const LineId again = app.call(mmap(app.mm, app.pages));
  const Run run(app.setup);
  CHECK(run.result(early) == segv);
  CHECK(run.result(map).ok());
  CHECK(run.result(late).ok());
  CHECK(run.result(again) == Result::error(EEXIST));
}

TEST_CASE("a host without a frame to spare and nothing to reclaim gives SIGBUS") {
  App app(2);
  app.setup.hosts[0].frames = 2;  // One is the zero page.
  app.setup.hosts[0].slots = 0;
  const LineId first = app.call(write(app.mm, app.page(0), 1));
  const LineId second = app.call(write(app.mm, app.page(1), 1));
  const Run run(app.setup);
  CHECK(run.result(first).ok());
  CHECK(run.result(second) == Result::signal(SIGBUS));
}

// ---- Fork.

struct Family : App {
  MmId child = process();
  std::uint32_t heir = program(first_host, child);
  LineId born;

  explicit Family(const RegionSetup& extra = {}) : App(1, extra) {
    call(write(mm, page(0), 7));
    born = call(fork(mm, child));
  }
  LineId by_child(const Call& call) { return after(born, heir, call); }
};

TEST_CASE("after fork both read what was there, in the same frame") {
  Family family;
  const LineId parent = family.call(read(family.mm, family.page(0)));
  const LineId child = family.by_child(read(family.child, family.page(0)));
  const Run run(family.setup);
  CHECK(run.result(parent) == Result::value(7));
  CHECK(run.result(child) == Result::value(7));
  CHECK(run.frame(family.mm, family.page(0)) == run.frame(family.child, family.page(0)));
}

TEST_CASE("after fork neither sees what the other writes") {
  Family family;
  const LineId parent = family.call(write(family.mm, family.page(0), 8));
  const LineId old = family.after(parent, family.heir, read(family.child, family.page(0)));
  const LineId child = family.after(old, family.heir, write(family.child, family.page(0), 9));
  const LineId kept = family.after(child, family.main, read(family.mm, family.page(0)));
  const Run run(family.setup);
  CHECK(run.result(old) == Result::value(7));
  CHECK(run.result(kept) == Result::value(8));
  CHECK(run.frame(family.mm, family.page(0)) != run.frame(family.child, family.page(0)));
}

TEST_CASE("the first to write after fork copies, the last one keeps the frame unnoticed") {
  Family family;
  const LineId first = family.call(write(family.mm, family.page(0), 8));
  const LineId last = family.after(first, family.heir, write(family.child, family.page(0), 9));
  const Run run(family.setup);
  CHECK(run.count(EventKind::frame_allocated, first) == 1);
  CHECK(run.count(EventKind::range_start, first) == 1);
  CHECK(run.count(EventKind::frame_allocated, last) == 0);
  CHECK(run.count(EventKind::range_start, last) == 0);
}

TEST_CASE("a page that the parent has not touched costs neither of them a frame") {
  App app(1);
  const MmId child = app.process();
  app.call(fork(app.mm, child));
  const Run run(app.setup);
  CHECK(run.count(EventKind::range_start) == 0);
  CHECK(allocated(run) == 1);  // The zero page.
}

TEST_CASE("fork into an address space that is in use fails") {
  App app(1);
  const MmId child = app.process();
  app.call(fork(app.mm, child));
  const LineId again = app.call(fork(app.mm, child));
  CHECK(Run(app.setup).result(again) == Result::error(EEXIST));
}

TEST_CASE("shared memory stays shared across fork, in both directions") {
  Family family({.shared = true});
  const LineId child = family.by_child(write(family.child, family.page(0), 8));
  const LineId parent = family.after(child, family.main, read(family.mm, family.page(0)));
  const Run run(family.setup);
  CHECK(run.result(parent) == Result::value(8));
  CHECK(run.frame(family.mm, family.page(0)) == run.frame(family.child, family.page(0)));
  CHECK(run.count(EventKind::range_start) == 0);
}

TEST_CASE("shared memory that was first touched after fork is the same memory") {
  App app(1, {.shared = true});
  const MmId child = app.process();
  const std::uint32_t heir = app.program(first_host, child);
  const LineId born = app.call(fork(app.mm, child));
  const LineId wrote = app.after(born, heir, write(child, app.page(0), 5));
  const LineId seen = app.after(wrote, app.main, read(app.mm, app.page(0)));
  CHECK(Run(app.setup).result(seen) == Result::value(5));
}

// A page that a device has pinned, and a fork.
struct PinnedFamily : App {
  VariableId mr;
  MmId child = process();
  std::uint32_t heir = program(first_host, child);

  PinnedFamily() : App(1) {
    init(main, write(mm, page(0), 7));
    mr = made(main, reg_pinned(mm, pages));
  }
};

TEST_CASE("fork copies a pinned page at once, so that the device stays with the parent") {
  PinnedFamily family;
  const LineId born = family.call(fork(family.mm, family.child));
  const LineId wrote = family.call(write(family.mm, family.page(0), 8));
  const LineId device = family.call(dma_read(family.mr, 0));
  const LineId child = family.after(wrote, family.heir, read(family.child, family.page(0)));
  const Run run(family.setup);
  CHECK(run.count(EventKind::frame_allocated, born) == 1);
  CHECK(run.count(EventKind::pte_protected, born) == 0);
  CHECK(run.result(device) == Result::value(8));
  CHECK(run.result(child) == Result::value(7));
}

TEST_CASE("before kernels copied pinned pages at fork the device stayed with the child") {
  PinnedFamily family;
  family.setup.switches.fork_copies_pinned = false;
  family.call(fork(family.mm, family.child));
  family.call(write(family.mm, family.page(0), 8));
  const LineId device = family.call(dma_read(family.mr, 0));
  const Run run(family.setup);
  CHECK(run.result(device) == Result::value(7));
}

// ---- Two threads fault at the same time.

TEST_CASE("two first writes to a page make one frame, and either value can be last") {
  App app(1);
  app.thread(app.mm, {write(app.mm, app.page(0), 1)});
  app.thread(app.mm, {write(app.mm, app.page(0), 2)});
  const Operation value{
      .code = Operation::Code::value, .mm = app.mm, .pages = one_page(app.page(0))};
  app.exists(equal(value, 1));
  app.exists(equal(value, 2));
  app.exists(equal({.code = Operation::Code::frames_free}, 62));
  const sim::ExploreReport report = app.explore();
  REQUIRE(report.complete());
  REQUIRE(report.finals_by_class.size() == 2);
  CHECK(report.finals_by_class[0].witnessed == 0b101);
  CHECK(report.finals_by_class[1].witnessed == 0b110);
}

TEST_CASE("faults, copies and forks that race lose no write and leak no frame") {
  Family family;
  family.thread(family.mm, {write(family.mm, family.page(0), 8)});
  family.by_child(write(family.child, family.page(0), 9));
  family.by_child(read(family.child, family.page(0)));
  CHECK(all_broken(family.setup) == "");
}

}  // namespace
}  // namespace model::testing
