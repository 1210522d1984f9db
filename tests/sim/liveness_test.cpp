// SPDX-License-Identifier: Apache-2.0
// Fair cycles on systems whose answer is known, and on small graphs against all sets of states.
#include "sim/liveness.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <set>
#include <vector>

#include "sim/explore.hpp"
#include "sim/replay.hpp"
#include "tests/sim/toys.hpp"

namespace {
using sim::ActorId;
using sim::Component;
using sim::Fairness;
using sim::Lasso;
using sim::State;
using sim::StateGraph;
using sim::Stuck;
using sim::Transition;

// One thread gives a lock back; the other one asks for it again and again until it gets it.
struct SpinLock {
  bool held = true;
  bool got = false;
  ActorId last = 0;  // Not compared.

  bool step(sim::Turn turn) {
    std::vector<ActorId> enabled;
    if (held && !got) enabled.push_back(0);
    if (!got) enabled.push_back(1);
    if (!toys::pick(turn, enabled, last)) return false;
    if (last == 0) {
      held = false;
    } else if (!held) {
      held = got = true;
    }
    return true;
  }
  void rest() {}
  std::uint64_t broken() const { return 0; }
  std::uint64_t witnessed() const { return 0; }
  std::uint64_t pending() const { return got ? 0 : 1; }
  ActorId actor() const { return last; }
  bool operator==(const SpinLock& other) const { return held == other.held && got == other.got; }
  void encode(sim::Encoder& encoder) const {
    encoder.add(held);
    encoder.add(got);
  }
};

// Who is hungry takes both forks at once: no deadlock, but neighbours can starve one between them.
struct Dinner {
  enum class Does : std::uint8_t { think, hunger, eat };
  std::vector<Does> seats;
  ActorId last = 0;  // Not compared.

  explicit Dinner(std::size_t count) : seats(count, Does::think) {}

  bool may_move(std::size_t seat) const {
    if (seats[seat] != Does::hunger) return true;
    const std::size_t right = (seat + 1) % seats.size();
    const std::size_t left = (seat + seats.size() - 1) % seats.size();
    return seats[left] != Does::eat && seats[right] != Does::eat;
  }
  bool step(sim::Turn turn) {
    std::vector<ActorId> enabled;
    for (std::size_t seat = 0; seat < seats.size(); ++seat)
      if (may_move(seat)) enabled.push_back(static_cast<ActorId>(seat));
    if (!toys::pick(turn, enabled, last)) return false;
    seats[last] = static_cast<Does>((static_cast<int>(seats[last]) + 1) % 3);
    return true;
  }
  void rest() {}
  std::uint64_t broken() const { return 0; }
  std::uint64_t witnessed() const { return 0; }
  std::uint64_t pending() const { return seats[0] == Does::hunger ? 1 : 0; }
  ActorId actor() const { return last; }
  bool operator==(const Dinner& other) const { return seats == other.seats; }
  void encode(sim::Encoder& encoder) const { sim::encode(encoder, seats); }
};

template <class W>
std::vector<Component> starving(const W& start, Fairness fairness) {
  const auto report = sim::explore(start, {.keep_graph = true});
  return sim::fair_components(*report.graph, {.pending = 1}, fairness);
}

template <class W>
sim::Fingerprint print_of(const W& world) {
  sim::Encoder encoder;
  world.encode(encoder);
  return sim::fingerprint(encoder.bytes());
}

// ---- All sets of states of a small graph, one by one.

using Edge = std::pair<std::uint32_t, std::uint32_t>;  // State, number.

bool in(std::uint32_t set, State state) { return ((set >> state.value) & 1) != 0; }

std::vector<Edge> edges_within(const StateGraph& graph, const Stuck& stuck, std::uint32_t set) {
  std::vector<Edge> edges;
  for (std::uint32_t from = 0; from < graph.size(); ++from) {
    for (std::uint32_t i = 0; i < graph.targets_of(State{from}).size(); ++i) {
      const ActorId actor = graph.actors_of(State{from})[i];
      if (std::ranges::count(stuck.without, actor) > 0) continue;
      if (in(set, State{from}) && in(set, graph.targets_of(State{from})[i]))
        edges.emplace_back(from, i);
    }
  }
  return edges;
}

bool connected(const StateGraph& graph, std::uint32_t set, const std::vector<Edge>& edges) {
  if (edges.empty()) return false;
  for (std::uint32_t from = 0; from < graph.size(); ++from) {
    if (!in(set, State{from})) continue;
    std::uint32_t reached = 0;
    for (std::size_t round = 0; round <= graph.size(); ++round) {
      for (const auto& [source, number] : edges) {
        if (source != from && ((reached >> source) & 1) == 0) continue;
        reached |= std::uint32_t{1} << graph.targets_of(State{source})[number].value;
      }
    }
    if (reached != set) return false;
  }
  return true;
}

// A run that takes just these steps for ever, and is in just these states.
bool fair(const StateGraph& graph, std::uint32_t set, const std::vector<Edge>& edges,
          Fairness fairness) {
  if (fairness == Fairness::none) return true;
  for (ActorId actor = 0; actor < 4; ++actor) {
    bool always = true;
    bool sometimes = false;
    for (std::uint32_t state = 0; state < graph.size(); ++state) {
      if (!in(set, State{state})) continue;
      const bool enabled = std::ranges::count(graph.actors_of(State{state}), actor) > 0;
      always = always && enabled;
      sometimes = sometimes || enabled;
    }
    const bool moves = std::ranges::any_of(edges, [&](const Edge& edge) {
      return graph.actors_of(State{edge.first})[edge.second] == actor;
    });
    if ((fairness == Fairness::weak ? always : sometimes) && !moves) return false;
  }
  return true;
}

// The largest sets of states in which a fair run can stay.
std::set<std::uint32_t> largest_sets(const StateGraph& graph, const Stuck& stuck,
                                     Fairness fairness) {
  std::vector<std::uint32_t> sets;
  for (std::uint32_t set = 1; set < (std::uint32_t{1} << graph.size()); ++set) {
    bool inside = true;
    for (std::uint32_t state = 0; state < graph.size(); ++state) {
      const bool stuck_here = (graph.pending_in(State{state}) & stuck.pending) == stuck.pending;
      inside = inside && (stuck_here || !in(set, State{state}));
    }
    const auto edges = edges_within(graph, stuck, set);
    if (inside && connected(graph, set, edges) && fair(graph, set, edges, fairness))
      sets.push_back(set);
  }
  std::set<std::uint32_t> largest;
  for (const std::uint32_t set : sets) {
    const bool covered = std::ranges::any_of(
        sets, [set](std::uint32_t other) { return other != set && (other & set) == set; });
    if (!covered) largest.insert(set);
  }
  return largest;
}

StateGraph random_graph(std::uint64_t seed) {
  sim::SeededChooser chooser(seed);
  StateGraph graph;
  const std::uint32_t size = 2 + chooser.choose("states", 6);
  for (std::uint32_t i = 0; i < size; ++i) {
    const State state = graph.insert({.low = i}).first;
    if (i > 0) graph.set_origin(state, State{0}, {});
    graph.set_pending(state, chooser.choose("pending", 6) == 0 ? 0 : 1);
  }
  for (std::uint32_t i = 0; i < size; ++i) {
    graph.begin(State{i});
    const std::uint32_t count = chooser.choose("transitions", 4);
    for (std::uint32_t n = 0; n < count; ++n) {
      const State to{chooser.choose("to", size)};
      graph.add_transition(to, static_cast<ActorId>(chooser.choose("actor", 3)));
    }
  }
  return graph;
}

std::uint32_t set_of(const std::vector<State>& states) {
  std::uint32_t set = 0;
  for (const State state : states) set |= std::uint32_t{1} << state.value;
  return set;
}

// Closed, within the component, and fair if it is all that happens.
bool good_loop(const StateGraph& graph, const Stuck& stuck, const Component& component,
               const Lasso& lasso, Fairness fairness) {
  const std::uint32_t set = set_of(component.states);
  const auto allowed = edges_within(graph, stuck, set);
  std::uint32_t visited = 0;
  std::vector<Edge> taken;
  State at = lasso.entry;
  for (const Transition& step : lasso.loop) {
    const Edge edge{step.from.value, step.number};
    if (step.from != at || std::ranges::count(allowed, edge) == 0) return false;
    taken.push_back(edge);
    visited |= std::uint32_t{1} << at.value;
    at = graph.targets_of(step.from)[step.number];
  }
  return !taken.empty() && at == lasso.entry && fair(graph, visited, taken, fairness);
}

void compare(std::uint64_t seed, const Stuck& stuck, Fairness fairness) {
  const StateGraph graph = random_graph(seed);
  std::set<std::uint32_t> found;
  for (const Component& component : sim::fair_components(graph, stuck, fairness)) {
    found.insert(set_of(component.states));
    const Lasso lasso = sim::lasso_in(graph, component, stuck, fairness);
    CHECK(good_loop(graph, stuck, component, lasso, fairness));
  }
  CHECK(found == largest_sets(graph, stuck, fairness));
}

TEST_CASE("a spinner starves who holds the lock only if the scheduler is unfair") {
  CHECK(starving(SpinLock{}, Fairness::none).size() == 1);
  CHECK(starving(SpinLock{}, Fairness::weak).empty());
  CHECK(starving(SpinLock{}, Fairness::strong).empty());
}

TEST_CASE("two neighbours that take turns starve a third only if its turn can be passed over") {
  CHECK(starving(Dinner(3), Fairness::weak).size() == 1);
  CHECK(starving(Dinner(3), Fairness::strong).empty());
}

TEST_CASE("two neighbours that never both think starve a philosopher under any scheduler") {
  const auto found = starving(Dinner(4), Fairness::strong);
  REQUIRE(found.size() == 1);
  CHECK(std::ranges::count(found[0].movers, 0) == 0);
  CHECK(std::ranges::count(found[0].sometimes, 0) == 0);
}

TEST_CASE("without an obligation, each cycle counts") {
  const auto report = sim::explore(toys::Ring{.may_stop = false}, {.keep_graph = true});
  const auto found = sim::fair_components(*report.graph, {}, Fairness::strong);
  REQUIRE(found.size() == 1);
  CHECK(found[0].states.size() == 5);
  CHECK(sim::fair_components(*report.graph, {.pending = 1}, Fairness::none).empty());
}

TEST_CASE("a graph without cycles has no fair cycle") {
  const auto report = sim::explore(toys::CounterRace(3), {.keep_graph = true});
  CHECK(sim::fair_components(*report.graph, {}, Fairness::none).empty());
}

TEST_CASE("a loop replays to the state in which it began, by ways that are not the first") {
  for (const std::size_t seats : {3U, 4U}) {
    const Dinner start(seats);
    const auto report = sim::explore(start, {.keep_fingerprints = true, .keep_graph = true});
    const Stuck stuck{.pending = 1};
    const auto found = sim::fair_components(*report.graph, stuck, Fairness::weak);
    REQUIRE(found.size() == 1);
    const Lasso lasso = sim::lasso_in(*report.graph, found[0], stuck, Fairness::weak);
    const sim::LassoPath path = sim::path_of(start, *report.graph, lasso);
    CHECK(path.stem_steps == report.graph->steps_to(lasso.entry));
    sim::NoTrace quiet;
    Dinner world = start;
    CHECK_FALSE(sim::replay(world, path.path, path.steps, quiet).diverged);
    CHECK(print_of(world) == report.graph->fingerprints()[lasso.entry.index()]);
    CHECK(path.steps > path.stem_steps);
  }
}

TEST_CASE("fair cycles of small graphs are those of a check of all sets of states") {
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    CAPTURE(seed);
    for (const Fairness fairness : {Fairness::none, Fairness::weak, Fairness::strong}) {
      CAPTURE(static_cast<int>(fairness));
      compare(seed, {.pending = 1}, fairness);
      compare(seed, {.pending = 1, .without = {1}}, fairness);
    }
  }
}
}  // namespace
