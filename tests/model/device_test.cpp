// SPDX-License-Identifier: Apache-2.0
// Adapters on their own host: registration, translation, faults and transfers.
#include <doctest/doctest.h>

#include "model/device/adapter.hpp"
#include "tests/model/races.hpp"
#include "tests/model/run.hpp"

namespace model::testing {
namespace {

constexpr auto phases_of_dma = {
    EventKind::dev_fault, EventKind::dev_lookup, EventKind::dev_retry, EventKind::pfn_installed,
    EventKind::dma_start, EventKind::dma_read,   EventKind::dma_write, EventKind::dma_refused};

DeviceTlbEntry entry(std::uint32_t page, std::uint32_t frame) {
  return {.mr = MrId{0}, .page = Page{page}, .target = {.frame = FrameId{frame}}};
}

TEST_CASE("an adapter's TLB forgets its oldest entry when it is full") {
  Adapter adapter;
  for (std::uint32_t i = 0; i < 3; ++i) adapter.tlb.fill(entry(i, i), 2);
  CHECK(adapter.tlb.size() == 2);
  CHECK(adapter.tlb.find(MrId{0}, Page{0}) == nullptr);
  CHECK(adapter.tlb.find(MrId{0}, Page{2})->target.frame == FrameId{2});
}

TEST_CASE("a flush of an adapter's TLB drops the pages of one region and no others") {
  Adapter adapter;
  for (std::uint32_t i = 0; i < 3; ++i) adapter.tlb.fill(entry(i, i), 8);
  adapter.tlb.fill({.mr = MrId{1}, .page = Page{1}, .target = {}}, 8);
  adapter.tlb.flush(MrId{0}, {.first = Page{1}, .count = 1});
  CHECK(adapter.tlb.find(MrId{0}, Page{1}) == nullptr);
  CHECK(adapter.tlb.size() == 3);
}

TEST_CASE("the first access of a device faults, the second finds its translation") {
  DeviceRace race;
  const LineId first = race.call(dma_read(race.mr, 0));
  const LineId second = race.call(dma_read(race.mr, 0));
  const Run run(race.setup);
  CHECK(run.result(first) == Result::value(7));
  CHECK(run.order(first, phases_of_dma) == "dev_fault dev_lookup pfn_installed dma_start dma_read");
  CHECK(run.order(second, phases_of_dma) == "dma_start dma_read");
}

TEST_CASE("a device's write is what the program reads, and the program's what the device reads") {
  DeviceRace race(2);
  race.call(dma_write(race.mr, 0, 9, 2));
  const LineId program = race.call(read(race.mm, race.page(1)));
  race.call(write(race.mm, race.page(0), 5));
  const LineId device = race.call(dma_read(race.mr, 0));
  const Run run(race.setup);
  CHECK(run.result(program) == Result::value(9));
  CHECK(run.result(device) == Result::value(5));
}

TEST_CASE("a device's read of an untouched page maps the zero page, its write makes a page") {
  App app(1, {}, IntervalNotifierPolicy{});
  const VariableId mr = app.made(app.main, reg_mr(app.mm, app.pages));
  const LineId first = app.call(dma_read(mr, 0));
  const LineId second = app.call(dma_write(mr, 0, 9));
  const LineId seen = app.call(read(app.mm, app.page(0)));
  const Run run(app.setup);
  CHECK(run.result(first) == Result::value(0));
  CHECK(run.count(EventKind::frame_allocated, first) == 0);
  // The copy on write that the lookup causes invalidates the lookup's own interval.
  CHECK(run.order(second, phases_of_dma) ==
        "dev_fault dev_lookup dev_retry dev_lookup pfn_installed dma_start dma_write");
  CHECK(run.result(seen) == Result::value(9));
}

TEST_CASE("a device's write breaks copy on write after fork: the child keeps what was there") {
  DeviceRace race;
  const MmId child = race.process();
  const std::uint32_t heir = race.program(HostId{0}, child);
  race.warm(dma_write(race.mr, 0, 8));
  race.call(fork(race.mm, child));
  const LineId wrote = race.call(dma_write(race.mr, 0, 9));
  const LineId kept = race.after(wrote, heir, read(child, race.page(0)));
  const Run run(race.setup);
  CHECK(run.count(EventKind::dev_fault, wrote) == 1);
  CHECK(run.result(kept) == Result::value(8));
}

TEST_CASE("a device's access to a hole is refused, and so are its later pages") {
  DeviceRace race(3);
  race.warm(munmap(race.mm, one_page(race.page(1))));
  const LineId all = race.call(dma_write(race.mr, 0, 9, 3));
  const LineId last = race.call(read(race.mm, race.page(2)));
  const Run run(race.setup);
  CHECK(run.result(all) == Result::error(EFAULT));
  CHECK(run.count(EventKind::dma_write, all) == 1);
  CHECK(run.result(last) == Result::value(7));
}

TEST_CASE("a device's write to a region that was read-only when registered is refused") {
  App app(1, {.write = false}, IntervalNotifierPolicy{});
  const VariableId mr = app.made(app.main, reg_mr(app.mm, app.pages));
  const LineId wrote = app.call(dma_write(mr, 0, 9));
  const LineId seen = app.call(dma_read(mr, 0));
  const Run run(app.setup);
  CHECK(run.result(wrote) == Result::error(EFAULT));
  CHECK(run.result(seen) == Result::value(0));
}

TEST_CASE("prefetch brings translations in, so that the access does not fault") {
  DeviceRace race(2);
  race.warm(prefetch(race.mr, 0, 2));
  const LineId access = race.call(dma_write(race.mr, 0, 9, 2));
  CHECK(Run(race.setup).order(access, phases_of_dma) == "dma_start dma_write dma_start dma_write");
}

TEST_CASE("prefetch of a read-only region succeeds") {
  App app(1, {.write = false}, IntervalNotifierPolicy{});
  const VariableId mr = app.made(app.main, reg_mr(app.mm, app.pages));
  const LineId early = app.call(prefetch(mr, 0));
  const LineId access = app.call(dma_read(mr, 0));
  const Run run(app.setup);
  CHECK(run.result(early).ok());
  CHECK(run.count(EventKind::dev_fault, access) == 0);
}

TEST_CASE("an adapter that cannot fault takes no region that is not pinned") {
  App app(1, {}, IntervalNotifierPolicy{});
  app.setup.adapters[0].odp = false;
  const LineId faulting = app.call(reg_mr(app.mm, app.pages));
  const LineId pinned = app.call(reg_pinned(app.mm, app.pages));
  const Run run(app.setup);
  CHECK(run.result(faulting) == Result::error(EOPNOTSUPP));
  CHECK(run.result(pinned) == Result::object(0));
}

TEST_CASE("an adapter's PFN table has room for so many registered pages") {
  App app(4, {}, IntervalNotifierPolicy{});
  app.setup.adapters[0].pfn_table = 5;
  const VariableId mr = app.variable();
  const LineId first = app.line(app.main, reg_mr(app.mm, app.pages), mr);
  const LineId second = app.call(reg_mr(app.mm, app.pages));
  app.call(dereg_mr(mr));
  const LineId third = app.call(reg_mr(app.mm, app.pages));
  const Run run(app.setup);
  CHECK(run.result(first).ok());
  CHECK(run.result(second) == Result::error(ENOMEM));
  CHECK(run.result(third).ok());
}

TEST_CASE("a pinned registration pins each page once and deregistration unpins it") {
  const DeviceRace idle(2, PinAllPolicy{});
  DeviceRace race(2, PinAllPolicy{});
  race.call(dereg_mr(race.mr));
  const Run before(idle.setup);
  const Run after(race.setup);
  for (std::uint32_t i = 0; i < 2; ++i) {
    CHECK(before.machine().frames[before.frame(race.mm, race.page(i))].pins == 1);
    CHECK(after.machine().frames[after.frame(race.mm, race.page(i))].pins == 0);
  }
  CHECK(after.count(EventKind::page_unpinned) == 2);
}

TEST_CASE("a pinned registration of a hole fails and leaves no page pinned") {
  App app(2, {}, PinAllPolicy{});
  app.init(app.main, munmap(app.mm, one_page(app.page(1))));
  const LineId made = app.call(reg_mr(app.mm, app.pages));
  const Run run(app.setup);
  CHECK(run.result(made) == Result::error(EFAULT));
  CHECK(run.count(EventKind::page_pinned) == 1);
  CHECK(run.count(EventKind::page_unpinned) == 1);
}

TEST_CASE("a call on an object that was not made fails with EINVAL") {
  App app(2, {}, PinAllPolicy{});
  app.init(app.main, munmap(app.mm, one_page(app.page(1))));
  const VariableId mr = app.made(app.main, reg_mr(app.mm, app.pages));
  const LineId access = app.call(dma_read(mr, 0));
  const LineId end = app.call(dereg_mr(mr));
  const Run run(app.setup);
  CHECK(run.result(access) == Result::error(EINVAL));
  CHECK(run.result(end) == Result::error(EINVAL));
}

TEST_CASE("a second deregistration fails with EINVAL") {
  DeviceRace race;
  race.call(dereg_mr(race.mr));
  const LineId again = race.call(dereg_mr(race.mr));
  CHECK(Run(race.setup).result(again) == Result::error(EINVAL));
}

TEST_CASE("a fault that an invalidation overtakes starts over, and finds the new page") {
  DeviceRace race;
  const VariableId seen = race.variable();
  race.call(dontneed(race.mm, race.pages));
  const LineId access = race.line(race.program(HostId{0}), dma_read(race.mr, 0), seen);
  race.setup.lines[access.index()].counted = true;
  race.exists(equal({.code = Operation::Code::retries, .line = access}, 0));
  race.exists(equal({.code = Operation::Code::variable, .variable = seen}, 7));
  race.exists(equal({.code = Operation::Code::variable, .variable = seen}, 0));
  const sim::ExploreReport report = race.explore();
  REQUIRE(report.complete());
  std::uint64_t witnessed = 0;
  for (const sim::FinalClass& alike : report.finals_by_class) {
    witnessed |= std::uint64_t{1} << alike.witnessed;
  }
  CHECK(witnessed == ((1U << 0b100) | (1U << 0b101) | (1U << 0b011)));
}

}  // namespace
}  // namespace model::testing
