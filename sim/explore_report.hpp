// SPDX-License-Identifier: Apache-2.0
// What explore() is asked for, and what it reports.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "sim/chooser.hpp"
#include "sim/encoding.hpp"
#include "sim/id.hpp"

namespace sim {
class Crew;
class StateGraph;
using State = Id<struct StateTag>;

struct Progress {
  std::uint64_t states = 0;
  std::uint64_t transitions = 0;
  std::uint64_t depth = 0;     // Steps from the start to the states that are being expanded.
  std::uint64_t frontier = 0;  // States that were found and not expanded yet.
  std::size_t bytes = 0;       // Of the state graph and, roughly, of the frontier.
};

struct ExploreOptions {
  std::uint64_t states_max = 0;  // 0: no limit.
  std::uint64_t bytes_max = 0;   // 0: no limit.
  Crew* crew = nullptr;          // Who shares the work. The result is the same.
  // Asked before each 1024th state; true ends the search. A time limit lives here: sim has no
  // clock.
  std::function<bool(const Progress&)> stop{};
  // For tests: keeps every world, and checks that equal fingerprints mean equal worlds and (among
  // worlds that were found at about the same time) equal worlds equal fingerprints.
  bool compare_worlds = false;
  bool keep_fingerprints = false;
  bool keep_graph = false;  // For who looks at states and transitions afterwards.
  // Ends the search once all of these claims are broken (0: never): at the end of the level, which
  // may hold a shorter path.
  std::uint64_t stop_after_broken = 0;
};

enum class Ended : std::uint8_t {
  complete,  // All was tried.
  states,    // states_max reached.
  memory,    // bytes_max reached.
  stopped,   // By options.stop.
  found,     // All of stop_after_broken are broken.
};

struct Counterexample {
  unsigned claim = 0;       // Which bit.
  Path path{};              // To the state in which it is broken,
  std::uint64_t steps = 0;  // in this many steps.
};

// The final states that are alike in what they break and what they witness.
struct FinalClass {
  std::uint64_t broken = 0;
  std::uint64_t witnessed = 0;
  std::uint64_t executions = 0;  // Complete paths that end here; saturating.
  Path path{};                   // A shortest one,
  std::uint64_t steps = 0;       // in this many steps.
  std::vector<State> states{};   // All of them, in the graph.
};

struct ExploreReport {
  std::uint64_t states = 0;
  std::uint64_t transitions = 0;  // Different answers are different transitions.
  std::uint64_t depth = 0;        // The last breadth-first level; the start is level 0.
  std::uint64_t finals = 0;       // Distinct final states.
  std::uint64_t executions = 0;   // Complete paths from the start to rest; saturating.
  bool unbounded = false;         // A cycle can be reached: some run need not come to rest.
  Ended ended = Ended::complete;
  std::vector<Counterexample>
      counterexamples{};                      // A shortest one per broken claim, in their order.
  std::vector<FinalClass> finals_by_class{};  // In the order of (broken, witnessed).
  std::size_t bytes_per_state = 0;            // Of the state graph.
  std::size_t state_bytes = 0;                // Of a state in the frontier.
  std::size_t part_bytes = 0;                 // Of the parts that states are made of; roughly.
  std::vector<Fingerprint> fingerprints{};    // If kept: sorted.
  std::shared_ptr<const StateGraph> graph{};  // If kept.

  // False: what was not found may still exist, and the counts are lower bounds.
  bool complete() const { return ended == Ended::complete; }
};
}  // namespace sim
