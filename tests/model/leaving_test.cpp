// SPDX-License-Identifier: Apache-2.0
// Registrations, attachments and processes that go away while somebody uses them: in every
// interleaving nothing breaks, nobody waits for ever, and nobody is told of an end without a start.
#include <doctest/doctest.h>

#include "tests/model/races.hpp"
#include "tests/model/run.hpp"

namespace model::testing {
namespace {

using Handle = HandlePolicy;

Handle impatient() {
  return with<Handle, RecallProtocol, std::uint64_t>(&Handle::quiesce_timeout, 100);
}

// The owner's call, by a thread of its own.
LineId owner_calls(RemoteRace& race, const Call& call) {
  return race.line(race.program(HostId{0}, race.owner), call);
}

// In how many ways the call can end: each result is expected, and no other.
void check_results(RemoteRace race, VariableId result, std::initializer_list<std::int64_t> all) {
  for (const std::int64_t value : all) {
    race.exists(equal({.code = Operation::Code::variable, .variable = result}, value));
  }
  const sim::ExploreReport report = race.explore();
  REQUIRE(report.complete());
  std::uint64_t seen = 0;
  for (const sim::FinalClass& finals : report.finals_by_class) {
    CHECK(finals.witnessed != 0);
    seen |= finals.witnessed;
  }
  CHECK(seen == (std::uint64_t{1} << all.size()) - 1);
}

// Whether some run ends with a translation, a grant or an unfinished lookup of what is gone.
bool leaves_something(const Builder& builder) {
  bool found = false;
  const auto look = [&found](const World& world) {
    const Machine& machine = world.machine();
    for (const Registration& region : machine.registrations) {
      found = found || (!region.live && region.table.any(region.pages));
    }
    for (const Attachment& use : machine.attachments) {
      const bool live = machine.registrations[use.handle.index()].live;
      found = found || (!live && !use.granted.empty());
    }
    for (const Subscriptions& notifier : machine.notifiers) {
      found = found || !notifier.lookups.empty();
    }
  };
  const World start(builder.setup, sim::Order::any);
  REQUIRE(model::explore(start, {.states_max = 2'000'000}, look).complete());
  return found;
}

}  // namespace

TEST_CASE("a second revocation waits for a user whom the first one has told") {
  RemoteRace race;
  race.warm(get(race.use, 0));
  race.call(dontneed(race.owner, race.pages));
  owner_calls(race, swap_out(race.owner, race.pages));
  race.remote(put(race.use, 0, 9));
  CHECK(all_broken(race.setup) == "");
}

TEST_CASE("an answer to a revocation before the user was cut off does not count for a later one") {
  RemoteRace race(1, impatient());
  race.warm(get(race.use, 0));
  race.call(dontneed(race.owner, race.pages));
  race.call(dontneed(race.owner, race.pages));
  race.remote(put(race.use, 0, 9));
  CHECK(all_broken(race.setup) == "");
}

TEST_CASE("a user that was cut off and does not know it may post to its other handles") {
  RemoteRace race(1, impatient());
  const PageRange more = race.region(race.owner, 1);
  race.init(race.main, memset(race.owner, more, 7));
  const VariableId handle = race.made(race.main, export_handle(race.owner, more));
  const VariableId other = race.made(race.peer, attach(race.user, handle));
  race.warm(get(race.use, 0));
  race.warm(get(other, 0));
  race.call(dontneed(race.owner, race.pages));
  race.remote(get(other, 0));
  CHECK(all_broken(race.setup) == "");
}

TEST_CASE("an activation of what is detached meanwhile is answered") {
  RemoteRace race;
  const VariableId result = race.variable();
  race.line(race.peer, get(race.use, 0), result);
  race.remote(detach(race.use));
  CHECK(all_broken(race.setup) == "");
  check_results(race, result, {7, -EINVAL});
}

TEST_CASE("an activation whose owner dies fails as a transfer does, and with no signal") {
  RemoteRace race;
  const VariableId result = race.variable();
  race.line(race.peer, get(race.use, 0), result);
  race.line(race.program(HostId{0}), kill(HostId{0}));
  check_results(race, result, {7, -EREMOTEIO});
}

TEST_CASE("a handle that is given up is not activated any more") {
  for (const bool changes : {false, true}) {
    CAPTURE(changes);
    RemoteRace race;
    race.remote(get(race.use, 0));
    race.call(dereg_mr(race.handle));
    if (changes) owner_calls(race, dontneed(race.owner, race.pages));
    CHECK(all_broken(race.setup) == "");
    CHECK_FALSE(leaves_something(race));
  }
}

TEST_CASE("of a handle that is given up, or whose owner exits, no end of a range is missed") {
  RemoteRace race;
  race.remote(get(race.use, 0));
  race.call(dontneed(race.owner, race.pages));
  SUBCASE("given up") { owner_calls(race, dereg_mr(race.handle)); }
  SUBCASE("its owner exits") { owner_calls(race, exit(race.owner)); }
  CHECK(all_broken(race.setup) == "");
}

TEST_CASE("a handle is given up while its owner exits") {
  RemoteRace race;
  race.warm(get(race.use, 0));
  race.call(dereg_mr(race.handle));
  owner_calls(race, exit(race.owner));
  CHECK(all_broken(race.setup) == "");
  CHECK_FALSE(leaves_something(race));
}

TEST_CASE("a subscription does not begin inside a range, whose end it would get") {
  RemoteRace race;
  race.call(dontneed(race.owner, race.pages));
  owner_calls(race, export_handle(race.owner, race.pages));
  CHECK(all_broken(race.setup) == "");
}

TEST_CASE("a registration is given up while the device uses it and its pages go away") {
  for (const Change what : all_changes) {
    CAPTURE(static_cast<int>(what));
    DeviceRace race;
    SUBCASE("the device has to ask") {}
    SUBCASE("the device has the translation") { race.warm(prefetch(race.mr, 0)); }
    race.device(dma_write(race.mr, 0, 8));
    race.call(dereg_mr(race.mr));
    race.line(race.program(HostId{0}, race.mm), change(what, race.mm, race.pages));
    CHECK(all_broken(race.setup) == "");
    CHECK_FALSE(leaves_something(race));
  }
}

}  // namespace model::testing
