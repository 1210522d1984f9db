// SPDX-License-Identifier: Apache-2.0
// Runs that never come to rest: each property that they can break, with a policy that breaks it,
// and the loops that are shown for it.
#include "model/liveness.hpp"

#include "model/explore.hpp"
#include "model/verdict.hpp"
#include "tests/model/races.hpp"
#include "tests/model/run.hpp"

namespace model::testing {
namespace {

using Kvm = KvmPolicy;

sim::Fingerprint print_of(const World& world) {
  sim::Encoder encoder;
  world.encode(encoder);
  return sim::fingerprint(encoder.bytes());
}

// The loop, once, leads to where it began.
void check_closed(const World& start, const sim::LassoPath& lasso) {
  World world = start;
  sim::ReplayChooser chooser(lasso.path);
  sim::NoTrace quiet;
  sim::Fingerprint begin{};
  for (std::uint64_t i = 0; i < lasso.steps; ++i) {
    if (i == lasso.stem_steps) begin = print_of(world);
    REQUIRE(world.step({.chooser = chooser, .trace = quiet}));
  }
  CHECK_FALSE(chooser.diverged());
  CHECK(chooser.used() == lasso.path.size());
  CHECK(lasso.steps > lasso.stem_steps);
  CHECK(print_of(world) == begin);
}

struct Found {
  std::string text;  // The properties that loops break, with "!" where fair locks do not help.
  std::vector<Cycle> cycles;
  sim::ExploreReport report;
};

Found look(const Setup& setup, std::uint64_t states_max = 400'000) {
  const World start(setup, sim::Order::any);
  Found found;
  found.report = model::explore(start, {.states_max = states_max, .keep_graph = true});
  found.cycles = judge_cycles(start, *found.report.graph).found;
  for (const Cycle& cycle : found.cycles) {
    check_closed(start, cycle.lasso);
    if (!found.text.empty()) found.text += ' ';
    found.text += names(bit(cycle.property));
    if (!cycle.fair_locks_help) found.text += '!';
  }
  return found;
}

// A device that starts over for ever, on an adapter of its own: it asks for a page that it may
// read, and wants to write.
void add_spinner(Builder& machine) {
  machine.setup.adapters.push_back(
      {.name = "A.spin", .host = HostId{0}, .odp = true, .policy = without<Kvm>(&Kvm::ask_write)});
  const MmId mm = machine.process();
  const PageRange pages = machine.region(mm, 1);
  const std::uint32_t main = machine.program(HostId{0}, mm);
  Call call = reg_mr(mm, pages);
  call.adapter = AdapterId{static_cast<std::uint32_t>(machine.setup.adapters.size() - 1)};
  const VariableId mr = machine.made(main, call);
  machine.line(machine.program(HostId{0}), dma_write(mr, 0, 9));
}

TEST_CASE("a fault that tries again at once starves range_end, unless locks are fair") {
  DeviceRace race(1, Kvm{});
  race.call(dontneed(race.mm, race.pages));
  race.device(dma_write(race.mr, 0, 8));
  const Found found = look(race.setup);
  CHECK(found.report.complete());
  CHECK(found.text == "starvation");
  REQUIRE(found.cycles.size() == 1);
  CHECK(found.cycles[0].waiting.size() == 1);
  CHECK(found.cycles[0].moving.size() == 1);
  CHECK(all_broken(race.setup).empty());
}

TEST_CASE("a fault that waits for range_end comes to an end") {
  DeviceRace race(1, with<Kvm>(&Kvm::wait_begin, true));
  race.call(dontneed(race.mm, race.pages));
  race.device(dma_write(race.mr, 0, 8));
  const Found found = look(race.setup);
  CHECK(found.report.complete());
  CHECK_FALSE(found.report.unbounded);
  CHECK(found.text.empty());
  CHECK(all_broken(race.setup).empty());
}

TEST_CASE("fault_stuck: a range that is never taken off the count stops all faults") {
  DeviceRace race(1, without<Kvm>(&Kvm::uncount));
  const LineId advise = race.call(dontneed(race.mm, race.pages));
  race.after(advise, race.program(HostId{0}), dma_write(race.mr, 0, 8));
  const Found found = look(race.setup);
  CHECK(found.text == "fault_stuck!");
  CHECK(found.report.finals == 0);
}

TEST_CASE("livelock: a fault asks for less than the device needs, and is asked again") {
  App app(1, {}, without<Kvm>(&Kvm::ask_write));
  const VariableId mr = app.made(app.main, reg_mr(app.mm, app.pages));
  app.line(app.program(HostId{0}), dma_write(mr, 0, 8));
  const Found found = look(app.setup);
  CHECK(found.text == "livelock!");
  CHECK(found.report.finals == 0);
}

TEST_CASE("quiesce_stuck: a revocation without an answer, while others go round for ever") {
  RemoteRace race;
  race.setup.switches.peer_down_notice = false;
  race.warm(get(race.use, 0));
  race.line(race.program(HostId{1}), kill(HostId{1}));
  race.line(race.program(HostId{0}), swap_out(race.owner, race.pages));
  CHECK(look(race.setup).text.empty());
  CHECK(all_broken(race.setup) == "quiesce_stuck");
  add_spinner(race);
  CHECK(look(race.setup).text == "quiesce_stuck! livelock!");
  CHECK(all_broken(race.setup).empty());  // Nothing is judged at rest: there is none.
}

TEST_CASE("deadlock: two tasks wait for each other, while others go round for ever") {
  DeviceRace race(1, with<IntervalNotifierPolicy>(&IntervalNotifierPolicy::lock_first, true));
  race.call(mprotect(race.mm, race.pages, prot_read));
  race.device(prefetch(race.mr, 0));
  add_spinner(race);
  const Found found = look(race.setup);
  CHECK(found.text == "deadlock! livelock!");
  CHECK(found.cycles[0].waiting.size() == 2);
}

TEST_CASE("a loop breaks the claim that names its property, and no other one") {
  DeviceRace race(1, Kvm{});
  race.call(dontneed(race.mm, race.pages));
  race.device(dma_write(race.mr, 0, 8));
  race.never(Property::starvation);
  race.never(Property::livelock);
  const World start(race.setup, sim::Order::any);
  const auto report = model::explore(start, {.keep_graph = true});
  CHECK_FALSE(judge(race.setup, report).failed());
  const Verdict verdict = judge(race.setup, report, judge_cycles(start, *report.graph));
  CHECK(verdict.failed());
  CHECK_FALSE(verdict.claims[0].holds);
  CHECK(verdict.claims[0].loops);
  CHECK(verdict.cycle_of(race.setup, verdict.claims[0]) == verdict.cycles.found.data());
  CHECK(verdict.claims[1].holds);
  CHECK(verdict.cycle_of(race.setup, verdict.claims[1]) == nullptr);
}

TEST_CASE("with more tasks than can be told apart, loops may have been missed") {
  App app(1);
  for (std::uint32_t i = 0; i < obligation_tasks; ++i) app.program(HostId{0}, app.mm);
  add_spinner(app);
  app.never(Property::livelock);
  app.never(Property::use_after_free);
  const World start(app.setup, sim::Order::any);
  const auto report = model::explore(start, {.keep_graph = true});
  REQUIRE(report.complete());
  const Verdict verdict = judge(app.setup, report, judge_cycles(start, *report.graph));
  CHECK_FALSE(verdict.claims[0].decided);
  CHECK(verdict.claims[1].decided);
}

}  // namespace
}  // namespace model::testing
