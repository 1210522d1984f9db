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

constexpr std::initializer_list<Cost> device_fault{
    Cost::dev_fault, Cost::driver_fault, Cost::pfn_update, Cost::dev_resume, Cost::dma_page};

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
  check_near(duration(warm.setup),
             sum(warm.setup, {Cost::range_start, Cost::dev_invalidate, Cost::driver_unmap}));
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
  const sim::Nanoseconds page =
      sum(one.setup, {Cost::lock, Cost::pte_walk, Cost::pin_page, Cost::reg_mr_page});
  CHECK(registered(5) - registered(1) >= 4 * page);
  CHECK(registered(5) - registered(1) < 4 * (page + 100));
}

TEST_CASE("a report that asks for more pages costs its first part once") {
  const auto fault = [](std::uint32_t pages, std::uint32_t batch) {
    DeviceRace race(pages);
    race.setup.adapters[0].fault_batch = batch;
    race.device(dma_read(race.mr, 0, pages));
    return duration(race.setup);
  };
  const Setup setup;
  const sim::Nanoseconds page =
      sum(setup, {Cost::dev_fault_page, Cost::pfn_update_page, Cost::driver_map_page, Cost::lock,
                  Cost::pte_walk, Cost::dma_page, Cost::device_tlb});
  CHECK(fault(8, 8) - fault(1, 8) == 7 * page);
  CHECK(fault(8, 1) - fault(1, 1) > 7 * setup.cost(Cost::dev_fault));
  CHECK(fault(8, 4) - fault(4, 4) > setup.cost(Cost::dev_fault));
}

TEST_CASE("costs that vary are drawn in runs by time, and a seed gives the same again") {
  DeviceRace race;
  race.device(dma_read(race.mr, 0));
  race.setup.varying.push_back({.cost = Cost::dev_fault,
                                .kind = Distribution::Kind::lognormal,
                                .first = 100'000,
                                .sigma_millionths = 500'000});
  const auto time = [&](std::uint64_t seed) {
    return Run(race.setup, sim::Order::by_time, seed).world().now();
  };
  CHECK(time(1) == time(1));
  CHECK(time(1) != time(2));
}

TEST_CASE("who follows the path of a run draws the same costs") {
  DeviceRace race;
  race.device(dma_read(race.mr, 0));
  race.setup.varying.push_back({.cost = Cost::dev_fault, .first = 1, .second = 1'000'000});
  const auto time = [&](sim::Chooser& chooser) {
    sim::NoTrace quiet;
    World world(race.setup, sim::Order::by_time);
    while (world.step({.chooser = chooser, .trace = quiet})) continue;
    return world.now();
  };
  sim::SeededChooser first(5);
  const sim::Nanoseconds taken = time(first);
  sim::ReplayChooser again(first.answers());
  CHECK(time(again) == taken);
  CHECK_FALSE(again.diverged());
}

TEST_CASE("init draws nothing") {
  DeviceRace race;
  race.warm(dma_read(race.mr, 0));
  race.setup.varying.push_back({.cost = Cost::dev_fault, .first = 1, .second = 1'000'000});
  race.device(dma_read(race.mr, 0));
  sim::SeededChooser chooser(1);
  sim::NoTrace quiet;
  World world(race.setup, sim::Order::by_time);
  while (world.step({.chooser = chooser, .trace = quiet})) continue;
  CHECK(world.now() < 1000);
}

}  // namespace model::testing
