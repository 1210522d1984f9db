// SPDX-License-Identifier: Apache-2.0
// What a packed search is asked to do, and what it says afterwards.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string_view>
#include <vector>

#include "sim/crew.hpp"
#include "sim/search/path.hpp"
#include "sim/search/spill.hpp"

namespace sim {
// exact: a state is known by all its bytes. compact: by a fingerprint of 64 bits (hash compaction,
// P. Wolper and D. Leroy, "Reliable Hashing without Collision Detection", CAV 1993), so that a
// state may be missed: among n states n^2 / 2^65 are expected to be.
enum class Store : std::uint8_t { exact, compact };
enum class SearchOrder : std::uint8_t { breadth, depth };

struct SearchOptions {
  static constexpr std::uint64_t no_limit = std::numeric_limits<std::uint64_t>::max();

  Store store = Store::exact;
  SearchOrder order = SearchOrder::breadth;  // Depth first is always exact.
  bool stop_at_violation = false;            // After the first level from which one leads away.
  bool stop_at_deadlock = false;             // After the first level that has one.
  bool find_paths = false;                   // To a nearest violation and deadlock.
  std::uint64_t states_expected = 0;         // Room for so many is made at once; more are welcome.

  // The search ends undecided when it has passed one of these. They are looked at from time to
  // time, so it is a little later, but for the first three always at the same place.
  std::uint64_t levels_max = no_limit;  // Levels that are expanded.
  std::uint64_t states_max = no_limit;
  std::uint64_t bytes_max = no_limit;
  std::function<bool()> stop{};

  // Memory for states of the compact store's frontier; what is more goes to `spill`, if there is
  // one.
  std::uint64_t frontier_bytes_max = no_limit;
  std::uint64_t deepen_by = 16;  // Levels, by which a search in depth goes further each time.
  Crew* crew = nullptr;          // Nobody: the caller works alone.
  // Of a level, a task expands so many states of a shard; fewer than the second are expanded sooner
  // than the crew is told. With the first, the order in which states are found changes.
  std::size_t chunk_states = 1024;
  std::size_t worth_sharing = 2048;
  Spill* spill = nullptr;
};

enum class SearchEnded : std::uint8_t {
  complete,
  at_violation,
  at_deadlock,
  by_levels,
  by_states,
  by_bytes,
  by_stop,
};

struct SearchResult {
  SearchEnded ended = SearchEnded::complete;
  std::uint64_t states = 0;
  std::uint64_t transitions = 0;  // With the violating ones.
  std::uint64_t depth = 0;        // The last breadth-first level; the start is level 0.
  std::uint64_t ends = 0;         // States without a step.
  std::uint64_t deadlocks = 0;    // Those of them that may not be one.
  std::uint64_t violations = 0;   // Steps that break the property.
  // Of a shortest counterexample; 0: there is none. The two below are 0 then, too.
  std::uint64_t steps = 0;
  std::uint64_t states_before = 0;    // In fewer than `steps` steps.
  std::uint64_t violations_last = 0;  // That end a counterexample of `steps` steps.
  std::uint64_t deadlock_steps = 0;   // To the nearest deadlock, if there is one.
  // How many states are so many steps away. Of the last one not every step was taken, if
  // levels_expanded is less than there are levels.
  std::vector<std::uint64_t> levels{};
  std::uint64_t levels_expanded = 0;
  std::uint64_t bytes = 0;          // Of all memory in use for states, at most.
  std::uint64_t bytes_visited = 0;  // Of it for telling new states from old ones, at the end.
  std::uint64_t bytes_spilled = 0;  // That were written, in all.

  // If paths were sought: shortest ones, of a PartOfWhole in the steps of the whole. Without a
  // value if there is none, or if the limits left no room to find it.
  std::optional<StepPath> violation_path{};
  std::optional<StepPath> deadlock_path{};

  bool complete() const { return ended == SearchEnded::complete; }
};

constexpr std::string_view name_of(Store store) {
  return store == Store::exact ? "exact" : "compact";
}
constexpr std::string_view name_of(SearchOrder order) {
  return order == SearchOrder::breadth ? "breadth" : "depth";
}
}  // namespace sim
