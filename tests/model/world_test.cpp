// SPDX-License-Identifier: Apache-2.0
// What must hold of a world whatever it models: each task that may run is in the queue and no
// other; simulated runs are among the explored ones; a seed decides everything.
#include "model/world.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "model/explore.hpp"
#include "sim/simulate.hpp"
#include "tests/model/races.hpp"
#include "tests/model/run.hpp"

namespace model::testing {
namespace {

Setup device_race() {
  DeviceRace race;
  race.warm(dma_write(race.mr, 0, 8));
  race.call(dontneed(race.mm, race.pages));
  race.call(write(race.mm, race.page(0), 1));
  race.device(dma_write(race.mr, 0, 9));
  return race.setup;
}

Setup remote_race() {
  RemoteRace race;
  race.warm(put(race.use, 0, 8));
  race.call(swap_out(race.owner, race.pages));
  race.remote(put(race.use, 0, 9));
  return race.setup;
}

Setup family() {
  App app(1);
  const MmId child = app.process();
  app.init(app.main, write(app.mm, app.page(0), 7));
  app.init(app.main, fork(app.mm, child));
  app.call(write(app.mm, app.page(0), 8));
  app.thread(child, {write(child, app.page(0), 9)});
  app.thread(child, {swap_out(child, app.pages)});
  return app.setup;
}

// Larger ones, which are simulated only.
Setup dying_user() {
  RemoteRace race(2, with<HandlePolicy>(&HandlePolicy::reactivate, HandlePolicy::Reactivate::eager),
                  3);
  const MmId second = race.process(HostId{2});
  const std::uint32_t other = race.program(HostId{2}, second);
  const VariableId use = race.made(other, attach(second, race.handle));
  race.warm(get(race.use, 0, 2));
  race.init(other, get(use, 0, 2));
  for (std::uint32_t i = 0; i < 4; ++i) race.call(swap_out(race.owner, race.pages));
  for (std::uint32_t i = 0; i < 4; ++i) race.line(other, put(use, i % 2, i));
  race.remote(put(race.use, 0, 5, 2));
  race.line(race.program(HostId{1}), kill(HostId{1}));
  return race.setup;
}

Setup timed_out() {
  RemoteRace race(
      1, with<HandlePolicy, RecallProtocol, std::uint64_t>(&HandlePolicy::quiesce_timeout, 1500));
  race.warm(get(race.use, 0));
  race.call(dontneed(race.owner, race.pages));
  race.call(write(race.owner, race.pages.first, 3));
  race.remote(put(race.use, 0, 9));
  race.remote(get(race.use, 0));
  return race.setup;
}

Setup pressure() {
  App app(6);
  app.setup.hosts[0].frames = 4;
  for (std::uint32_t thread = 0; thread < 3; ++thread) {
    std::vector<Call> calls;
    for (std::uint32_t i = 0; i < 6; ++i) calls.push_back(write(app.mm, app.page(i), thread));
    calls.push_back(dontneed(app.mm, one_page(app.page(thread))));
    app.thread(app.mm, calls);
  }
  return app.setup;
}

Setup protected_and_forked() {
  DeviceRace race(2);
  const MmId child = race.process();
  race.call(mprotect(race.mm, one_page(race.page(0)), prot_read));
  race.call(fork(race.mm, child));
  race.call(exit(race.mm));
  race.device(dma_write(race.mr, 0, 9, 2));
  race.device(prefetch(race.mr, 0, 2));
  race.thread(race.mm, {write(race.mm, race.page(1), 4), dereg_mr(race.mr)});
  return race.setup;
}

struct Named {
  const char* name;
  Setup setup;
};

std::vector<Named> explored() {
  return {{"device", device_race()}, {"remote", remote_race()}, {"family", family()}};
}

std::vector<Named> all() {
  std::vector<Named> setups = explored();
  setups.push_back({"dying user", dying_user()});
  setups.push_back({"timed out", timed_out()});
  setups.push_back({"pressure", pressure()});
  setups.push_back({"protected", protected_and_forked()});
  return setups;
}

// Runs to the end and calls visit(world) at the start and after each step.
template <class Visit>
void visit_all(const Setup& setup, sim::Order order, std::uint64_t seed, Visit visit) {
  World world(setup, order);
  sim::SeededChooser chooser(seed);
  sim::NoTrace silent;
  visit(world);
  while (world.step({.chooser = chooser, .trace = silent})) visit(world);
}

TEST_CASE("a task is in the queue exactly if it may run, after every step") {
  for (const Named& entry : all()) {
    CAPTURE(entry.name);
    for (const sim::Order order : {sim::Order::by_time, sim::Order::any}) {
      bool consistent = true;
      for (std::uint64_t seed = 0; seed < 200 && consistent; ++seed) {
        visit_all(entry.setup, order, seed,
                  [&](const World& world) { consistent = consistent && world.consistent(); });
      }
      CHECK(consistent);
    }
  }
}

TEST_CASE("equal worlds have equal fingerprints, and unequal ones different ones") {
  for (const Named& entry : explored()) {
    CAPTURE(entry.name);
    const sim::ExploreReport report = model::explore(World(entry.setup, sim::Order::any),
                                                     {.states_max = 3000, .compare_worlds = true});
    CHECK(report.states > 400);  // It aborts if two worlds disagree.
  }
}

TEST_CASE("every state of a simulated run is one that explore visits") {
  for (const Named& entry : explored()) {
    CAPTURE(entry.name);
    const auto report =
        model::explore(World(entry.setup, sim::Order::any), {.keep_fingerprints = true});
    REQUIRE(report.complete());
    for (const sim::Order order : {sim::Order::by_time, sim::Order::any}) {
      bool found = true;
      for (std::uint64_t seed = 0; seed < 1000 && found; ++seed) {
        visit_all(entry.setup, order, seed, [&](const World& world) {
          found =
              found && std::ranges::binary_search(report.fingerprints, sim::fingerprint_of(world));
        });
      }
      CHECK(found);
    }
  }
}

TEST_CASE("the same seed gives the same records, another seed most likely others") {
  for (const Named& entry : all()) {
    CAPTURE(entry.name);
    const Run one(entry.setup, sim::Order::any, 5);
    const Run two(entry.setup, sim::Order::any, 5);
    const Run other(entry.setup, sim::Order::any, 6);
    CHECK(one.records() == two.records());
    CHECK(one.records() != other.records());
  }
}

TEST_CASE("a copied world given the same answers goes the same way") {
  const Setup setup = remote_race();
  World world(setup, sim::Order::by_time);
  sim::FirstChooser first;
  sim::NoTrace silent;
  for (int i = 0; i < 10; ++i) world.step({.chooser = first, .trace = silent});
  World copy = world;
  CHECK(copy == world);
  bool same = true;
  while (world.step({.chooser = first, .trace = silent})) {
    copy.step({.chooser = first, .trace = silent});
    same = same && copy == world && copy.now() == world.now();
  }
  CHECK(same);
}

TEST_CASE("a world at rest stays as it is") {
  const Setup setup = device_race();
  World world(setup, sim::Order::by_time);
  sim::FirstChooser first;
  sim::NoTrace silent;
  CHECK(sim::simulate(world, {.chooser = first, .trace = silent}, 100'000).at_rest);
  const World before = world;
  CHECK_FALSE(world.step({.chooser = first, .trace = silent}));
  CHECK(world == before);
}

TEST_CASE("a trace does not change what happens") {
  const Setup setup = remote_race();
  World world(setup, sim::Order::by_time);
  sim::FirstChooser first;
  sim::NoTrace silent;
  while (world.step({.chooser = first, .trace = silent})) {
  }
  world.rest();
  CHECK(world == Run(setup).world());
}

TEST_CASE("the init block leaves the same machine behind, whatever the order of the run") {
  for (const Named& entry : all()) {
    CAPTURE(entry.name);
    CHECK(World(entry.setup, sim::Order::by_time) == World(entry.setup, sim::Order::any));
  }
}

}  // namespace
}  // namespace model::testing
