// SPDX-License-Identifier: Apache-2.0
// That simulated time is the sum of what the flows name: docs/costs.md.
#include <doctest/doctest.h>

#include "tests/model/races.hpp"
#include "tests/model/run.hpp"

namespace model::testing {
namespace {

constexpr sim::Nanoseconds small_change = 1000;  // Locks, walks and TLB lookups together.

// From the start of the only call to the end of all work.
sim::Nanoseconds duration(const Setup& setup) { return Run(setup).world().now(); }

sim::Nanoseconds sum(const Setup& setup, std::initializer_list<Cost> costs) {
  sim::Nanoseconds total = 0;
  for (const Cost cost : costs) total += setup.cost(cost);
  return total;
}

void check_near(sim::Nanoseconds measured, sim::Nanoseconds expected) {
  CHECK(measured >= expected);
  CHECK(measured < expected + small_change);
}

constexpr std::initializer_list<Cost> device_fault{Cost::dev_fault, Cost::pfn_update,
                                                   Cost::dev_resume, Cost::dma_page};

}  // namespace

TEST_CASE("a device's fault on a present page takes what report, table and resume take") {
  DeviceRace race;
  race.device(dma_read(race.mr, 0));
  check_near(duration(race.setup), sum(race.setup, device_fault));
}

TEST_CASE("an invalidation takes the adapter's answer if the page is there, the check if not") {
  DeviceRace cold;
  cold.call(dontneed(cold.mm, cold.pages));
  check_near(duration(cold.setup), sum(cold.setup, {Cost::range_start}));
  DeviceRace warm;
  warm.warm(dma_read(warm.mr, 0));
  warm.call(dontneed(warm.mm, warm.pages));
  check_near(duration(warm.setup), sum(warm.setup, {Cost::range_start, Cost::dev_invalidate}));
}

TEST_CASE("who waits for a range to end loses none of the long step before it") {
  DeviceRace race;
  // The access comes when the table is cleared, and before the adapter has answered.
  const sim::Nanoseconds delay = sum(race.setup, {Cost::range_start}) + 2000;
  race.warm(prefetch(race.mr, 0));  // Not in the TLB.
  race.call(dontneed(race.mm, race.pages));
  const LineId access = race.device(dma_read(race.mr, 0));
  race.setup.lines[access.index()].gate.delay = delay;
  check_near(duration(race.setup),
             delay + sum(race.setup, device_fault) + sum(race.setup, {Cost::minor_fault}));
}

TEST_CASE("a registration with pins takes the time of its pages") {
  const auto registered = [](std::uint32_t pages) {
    App app(pages, {}, PinAllPolicy{});
    app.init(app.main, memset(app.mm, app.pages, 7));
    app.call(reg_mr(app.mm, app.pages));
    return duration(app.setup);
  };
  DeviceRace one;
  const sim::Nanoseconds page = sum(one.setup, {Cost::pte_walk, Cost::pin_page});
  CHECK(registered(5) - registered(1) >= 4 * page);
  CHECK(registered(5) - registered(1) < 4 * (page + 100));
}

}  // namespace model::testing
