// SPDX-License-Identifier: Apache-2.0
#include "sim/state_graph.hpp"

#include <doctest/doctest.h>

#include <cstdint>

namespace {
using sim::Fingerprint;
using sim::Path;
using sim::State;
using sim::StateGraph;

State added(StateGraph& graph, std::uint64_t low) { return graph.insert({.low = low}).first; }

TEST_CASE("a fingerprint is inserted once, and found again among many") {
  StateGraph graph;
  for (std::uint64_t i = 0; i < 50'000; ++i) {
    const auto [state, is_new] = graph.insert({.high = i, .low = i * 7});
    CHECK(is_new);
    CHECK(state.value == i);
  }
  for (std::uint64_t i = 0; i < 50'000; ++i) {
    const auto [state, is_new] = graph.insert({.high = i, .low = i * 7});
    CHECK_FALSE(is_new);
    CHECK(state.value == i);
  }
}

TEST_CASE("fingerprints that differ in a single bit are different states") {
  StateGraph graph;
  for (unsigned bit = 0; bit < 64; ++bit) {
    CHECK(graph.insert({.high = std::uint64_t{1} << bit}).second);
    CHECK(graph.insert({.low = std::uint64_t{1} << bit}).second);
  }
  CHECK(graph.contains({.high = 8}));
  CHECK_FALSE(graph.contains({.high = 9}));
}

TEST_CASE("a path comes back with small and large answers") {
  StateGraph graph;
  const State start = added(graph, 0);
  const State one = added(graph, 1);
  graph.set_origin(one, start, Path{0, 127, 128, 300, 4294967295, 0});
  const State two = added(graph, 2);
  graph.set_origin(two, one, Path{});
  const State three = added(graph, 3);
  graph.set_origin(three, two, Path{16384, 1});
  CHECK(graph.path_to(start).empty());
  CHECK(graph.path_to(one) == Path{0, 127, 128, 300, 4294967295, 0});
  CHECK(graph.path_to(three) == Path{0, 127, 128, 300, 4294967295, 0, 16384, 1});
  CHECK(graph.steps_to(three) == 3);
}

TEST_CASE("a transition tells where it leads and who made it, a state what is broken in it") {
  StateGraph graph;
  const State start = added(graph, 0);
  const State end = added(graph, 1);
  graph.begin(start);
  graph.add_transition(end, 7);
  graph.add_transition(start, 9);
  REQUIRE(graph.targets_of(start).size() == 2);
  CHECK(graph.targets_of(start)[0] == end);
  CHECK(graph.actors_of(start)[0] == 7);
  CHECK(graph.actors_of(start)[1] == 9);
  CHECK(graph.expanded(start));
  CHECK_FALSE(graph.expanded(end));
  CHECK(graph.targets_of(end).empty());
  graph.set_broken(end, 5);
  CHECK(graph.broken_in(start) == 0);
  CHECK(graph.broken_in(end) == 5);
}

TEST_CASE("two transitions between the same states are two paths") {
  StateGraph graph;
  const State start = added(graph, 0);
  const State end = added(graph, 1);
  graph.begin(start);
  graph.add_transition(end);
  graph.add_transition(end);
  graph.begin(end);
  const sim::PathCounts paths = graph.count_paths();
  CHECK(paths.to[end.index()] == 2);
  CHECK_FALSE(paths.cyclic);
}

TEST_CASE("behind a cycle paths are without number, beside it they are counted") {
  StateGraph graph;
  const State start = added(graph, 0);
  const State beside = added(graph, 1);
  const State cycle = added(graph, 2);
  const State behind = added(graph, 3);
  graph.begin(start);
  graph.add_transition(beside);
  graph.add_transition(cycle);
  graph.begin(beside);
  graph.begin(cycle);
  graph.add_transition(cycle);
  graph.add_transition(behind);
  const sim::PathCounts paths = graph.count_paths();
  CHECK(paths.cyclic);
  CHECK(paths.to[beside.index()] == 1);
  CHECK(paths.to[behind.index()] == ~std::uint64_t{0});
}
}  // namespace
