// SPDX-License-Identifier: Apache-2.0
// A reduced search against the same one unreduced: the same claims break, as soon, and as many
// executions end alike. Whatever is taken for a symmetry is held against runs under other names.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>

#include "model/symmetry.hpp"
#include "tests/model/alike.hpp"
#include "tests/model/builder.hpp"

namespace model::testing {
namespace {

struct Reduced {
  const Setup& setup;
  World start{setup, sim::Order::any};
  Reduction reduction;

  Reduced(const Setup& from, Reduce what)
      : setup(from), reduction(find_reduction(setup, start, {}, what)) {
    start.reduce(reduction);
  }
  sim::ExploreReport explore() const {
    sim::ExploreReport report = model::explore(start, {.states_max = 2'000'000});
    complete(report, start, reduction);
    return report;
  }
};

void compare(const sim::ExploreReport& full, const sim::ExploreReport& reduced) {
  CHECK(full.complete());
  CHECK(reduced.complete());
  CHECK(reduced.states <= full.states);
  CHECK(reduced.depth <= full.depth);  // One of those that are alike may be nearer.
  CHECK(reduced.unbounded == full.unbounded);
  CHECK(reduced.executions == full.executions);
  REQUIRE(reduced.counterexamples.size() == full.counterexamples.size());
  for (std::size_t i = 0; i < full.counterexamples.size(); ++i) {
    CHECK(reduced.counterexamples[i].claim == full.counterexamples[i].claim);
    CHECK(reduced.counterexamples[i].steps == full.counterexamples[i].steps);
  }
  REQUIRE(reduced.finals_by_class.size() == full.finals_by_class.size());
  for (std::size_t i = 0; i < full.finals_by_class.size(); ++i) {
    CHECK(reduced.finals_by_class[i].broken == full.finals_by_class[i].broken);
    CHECK(reduced.finals_by_class[i].witnessed == full.finals_by_class[i].witnessed);
    CHECK(reduced.finals_by_class[i].executions == full.finals_by_class[i].executions);
    CHECK(reduced.finals_by_class[i].steps == full.finals_by_class[i].steps);
  }
}

// Whether the paths of a report lead where it says.
void follow(const Setup& setup, const sim::ExploreReport& report) {
  for (const sim::Counterexample& example : report.counterexamples) {
    World world(setup, sim::Order::any);
    sim::ReplayChooser replay(example.path);
    sim::NoTrace no_trace;
    for (std::uint64_t i = 0; i < example.steps; ++i) {
      if (!world.step({.chooser = replay, .trace = no_trace})) world.rest();
    }
    CHECK_FALSE(replay.diverged());
    const bool broken_at_once = ((world.broken() >> example.claim) & 1) != 0;
    if (!broken_at_once) world.rest();
    CHECK(((world.broken() >> example.claim) & 1) != 0);
  }
}

std::vector<std::byte> encoded(const World& world, const Symmetry& symmetry) {
  sim::Encoder out;
  world.encode_renamed(out, symmetry);
  return {out.bytes().begin(), out.bytes().end()};
}

// Follows a random run and, step by step, the same run under other names. False: they part.
bool mirrors(const World& start, const Symmetry& symmetry, const Symmetry& same,
             std::uint64_t seed) {
  World seen = start;
  World mirrored = start;
  sim::NoTrace no_trace;
  sim::SeededChooser seeded(seed);
  while (seen.step({.chooser = seeded, .trace = no_trace})) {
    const sim::Lanes lanes = mirrored.ready();
    const auto lane =
        std::ranges::find(lanes, seen.renamed(sim::Lane{seen.actor()}, symmetry.names));
    if (lane == lanes.end()) return false;
    sim::ReplayChooser chosen({static_cast<sim::Answer>(lane - lanes.begin())});
    mirrored.step({.chooser = chosen, .trace = no_trace});
    if (encoded(seen, symmetry) != encoded(mirrored, same)) return false;
  }
  return true;
}

// Whether the world itself and the world under other names have alike successors.
std::vector<sim::Fingerprint> successors(const World& world) {
  std::vector<sim::Fingerprint> found;
  sim::ExhaustiveChooser chooser;
  sim::NoTrace no_trace;
  sim::Encoder out;
  do {
    World next = world;
    if (next.step({.chooser = chooser, .trace = no_trace})) found.push_back(next.fingerprint(out));
  } while (chooser.advance());
  std::ranges::sort(found);
  return found;
}

}  // namespace

TEST_CASE("a reduced search finds what an unreduced one finds, as soon and as often") {
  for (const Example& example : examples()) {
    CAPTURE(example.name);
    const sim::ExploreReport full = Reduced(example.setup, {}).explore();
    for (const Reduce what :
         {Reduce{.symmetry = true}, Reduce{.numbers = true}, Reduce{.sequences = true},
          Reduce{.leftovers = true}, Reduce::all()}) {
      const bool large = full.states > 10'000;  // Both ends must do.
      if (large && !what.symmetry) continue;
      CAPTURE(what.symmetry);
      CAPTURE(what.numbers);
      CAPTURE(what.sequences);
      const Reduced search(example.setup, what);
      const sim::ExploreReport reduced = search.explore();
      if (search.reduction.group.size() > 1) CHECK(10 * reduced.states < 9 * full.states);
      compare(full, reduced);
      follow(example.setup, reduced);
    }
  }
}

TEST_CASE("symmetries are found, and runs under other names stay alike") {
  for (const Example& example : examples()) {
    CAPTURE(example.name);
    const Reduced reduced(example.setup, Reduce::all());
    CHECK(reduced.reduction.group.size() == example.symmetries);
    for (const Symmetry& symmetry : reduced.reduction.group) {
      for (std::uint64_t seed = 0; seed < 20; ++seed) {
        CHECK(mirrors(reduced.start, symmetry, reduced.reduction.group.front(), seed));
      }
    }
  }
}

TEST_CASE("worlds that are taken for one have successors that are taken for one") {
  for (const Example& example : examples()) {
    CAPTURE(example.name);
    const Reduced reduced(example.setup, Reduce::all());
    std::map<sim::Fingerprint, std::pair<World, std::vector<sim::Fingerprint>>> known;
    std::size_t met = 0;  // Worlds that are alike and not equal.
    sim::Encoder out;
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
      World world = reduced.start;
      sim::SeededChooser seeded(seed);
      sim::NoTrace no_trace;
      do {
        const std::vector<sim::Fingerprint> next = successors(world);
        const auto [place, is_new] = known.try_emplace(world.fingerprint(out), world, next);
        if (!(place->second.first == world)) ++met;
        CHECK(place->second.second == next);
      } while (world.step({.chooser = seeded, .trace = no_trace}));
    }
    CHECK(met > 0);
  }
}

TEST_CASE("a setup that tells its programs apart has no symmetry") {
  const auto symmetries = [](const Setup& setup) {
    return Reduced(setup, Reduce::all()).reduction.group.size();
  };
  const Setup same = requesters(2);
  REQUIRE(symmetries(same) == 2);
  const std::size_t last = same.lines.size() - 1;
  Setup other = same;
  other.lines[last].call.verb = Verb::rdma_write;
  CHECK(symmetries(other) == 1);
  other = same;
  other.lines[last].call.number = 2;
  CHECK(symmetries(other) == 1);
  other = same;
  other.lines[last].expected = {Result::value(2)};
  CHECK(symmetries(other) == 1);
  other = same;
  other.lines[last].any_error = true;
  CHECK(symmetries(other) == 1);
  other = same;
  other.lines[last].counted = true;
  CHECK(symmetries(other) == 1);
  other = same;
  other.lines[last].ordered = true;
  CHECK(symmetries(other) == 1);
  other = same;
  other.claims.back().expect_fail = true;
  CHECK(symmetries(other) == 1);
  other = same;
  other.lines[last].gate = {.kind = Gate::Kind::started,
                            .line = LineId{static_cast<std::uint32_t>(last - 1)}};
  CHECK(symmetries(other) == 1);
  other = same;
  other.monitors.push_back(
      {.what = {.kind = EventKind::rdma_done, .line = LineId{static_cast<std::uint32_t>(last)}},
       .claim = static_cast<std::uint32_t>(other.claims.size())});
  other.claims.push_back({.kind = Claim::Kind::emitted});
  CHECK(symmetries(other) == 1);
  other = same;
  other.programs.back().mm = MmId{0};
  CHECK(symmetries(other) == 1);
  Setup unequal = hosts(2);
  REQUIRE(symmetries(unequal) == 2);
  unequal.hosts[2].frames = 63;
  CHECK(symmetries(unequal) == 1);
  unequal = hosts(2);
  unequal.adapters[2].policy = NonePolicy{};
  CHECK(symmetries(unequal) == 1);
}

TEST_CASE("a claim about one of two programs keeps them apart, one about both does not") {
  const auto claims = [](std::int64_t first, std::int64_t second) {
    Setup setup = requesters(2);
    const auto last = static_cast<std::uint32_t>(setup.variables.size() - 1);
    Expression both =
        equal({.code = Operation::Code::variable, .variable = VariableId{last}}, first);
    const Expression other =
        equal({.code = Operation::Code::variable, .variable = VariableId{last - 2}}, second);
    both.insert(both.end(), other.begin(), other.end());
    both.push_back({.code = Operation::Code::logical_or});
    setup.claims.push_back({.kind = Claim::Kind::exists, .expression = both});
    return Reduced(setup, Reduce::all()).reduction.group.size();
  };
  CHECK(claims(1, 1) == 2);
  CHECK(claims(1, 2) == 1);
}

TEST_CASE("a wrong renaming is noticed, by the setup and by a run") {
  const Setup setup = requesters(2);
  const Reduced reduced(setup, Reduce::all());
  REQUIRE(reduced.reduction.group.size() == 2);
  const Symmetry& right = reduced.reduction.group[1];
  CHECK(is_symmetry(setup, reduced.start, {}, reduced.reduction, right.names));
  for (const Kind kind : {task_kind, cpu_kind, queue_kind, variable_kind, line_kind, claim_kind}) {
    CAPTURE(kind);
    Symmetry wrong = right;  // Forgets one kind of id.
    std::ranges::sort(wrong.names.names[kind]);
    wrong.order[kind] = wrong.names.order(kind);
    CHECK_FALSE(is_symmetry(setup, reduced.start, {}, reduced.reduction, wrong.names));
  }
  bool noticed = false;
  Symmetry wrong = right;
  std::ranges::sort(wrong.names.names[cpu_kind]);
  std::ranges::sort(wrong.names.names[line_kind]);
  wrong.order[cpu_kind] = wrong.names.order(cpu_kind);
  wrong.order[line_kind] = wrong.names.order(line_kind);
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    noticed = noticed || !mirrors(reduced.start, wrong, reduced.reduction.group.front(), seed);
  }
  CHECK(noticed);
}

TEST_CASE("of the counters that a hook remembers, only what they equal is kept") {
  const Setup setup = requesters(1);
  Machine machine = World(setup, sim::Order::any).machine();
  REQUIRE(machine.registrations.size() == 1);
  const auto encoding = [&machine](const PolicyCall& call) {
    Names names;
    names.machine = &machine;
    names.sequences = true;
    sim::Encoder out;
    out.rename(&names);
    sim::encode(out, call);
    return std::vector(out.bytes().begin(), out.bytes().end());
  };
  Registration& region = machine.registrations.front();
  IntervalNotifiers& intervals = machine.notifiers[region.mm.index()].intervals;
  const auto now = [&] {
    return PolicyCall{.hook = Hook::fault,
                      .mr = MrId{0},
                      .sequence = intervals.sequence(),
                      .epoch = intervals.epoch(),
                      .invalidate_seq = region.invalidate_seq};
  };
  const auto current = encoding(now());
  region.invalidate_seq += 5;
  intervals.start(region.pages);
  intervals.end();
  CHECK(encoding(now()) == current);  // All of them have moved along.
  PolicyCall old = now();
  old.sequence = 0;  // Nothing is remembered.
  CHECK(encoding(old) != current);
  old = now();
  ++region.invalidate_seq;
  CHECK(encoding(old) != current);
  old = now();
  intervals.start(region.pages);
  old.sequence = intervals.sequence();
  CHECK(encoding(old) == current);
  intervals.end();
  old.sequence = intervals.sequence();
  CHECK(encoding(old) != current);  // The epoch is another one.
  old = now();
  old.sequence -= 2;
  CHECK(encoding(old) != current);
}

TEST_CASE("what a claim can see of frames and sequences is not reduced") {
  Setup setup = shufflers();
  const Operation pte{.code = Operation::Code::pte, .mm = MmId{0}, .pages = one_page(Page{16})};
  setup.claims = {{.kind = Claim::Kind::exists, .expression = equal(pte, 2)}};
  CHECK_FALSE(reduction_of(setup, {}, Reduce::all()).what.numbers);
  setup.claims = {{.kind = Claim::Kind::exists, .expression = equal(pte, unset)}};
  CHECK(reduction_of(setup, {}, Reduce::all()).what.numbers);
  const Operation sequence{.code = Operation::Code::sequence, .variable = VariableId{0}};
  setup.variables.push_back({});
  CHECK_FALSE(reduction_of(setup, {equal(sequence, 2)}, Reduce::all()).what.sequences);
}

}  // namespace model::testing
