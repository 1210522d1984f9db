// SPDX-License-Identifier: Apache-2.0
// RandomSystem: a small transition system drawn by lot, with questions of several parts, cycles
// and final states. Explorer: a search of it so simple that it can be believed.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "sim/fixed.hpp"
#include "sim/system.hpp"

namespace toys {
// Where a step from one place may lead: the first answer picks a row, the second one an entry.
using Rows = std::vector<std::vector<std::uint8_t>>;

struct Table {
  std::vector<Rows> places;           // No rows: at rest.
  std::vector<std::uint64_t> breaks;  // What breaks on arrival,
  std::vector<std::uint64_t> breaks_at_rest;
};

// With `forward`, steps lead only to later places: there are no cycles.
enum class Shape : std::uint8_t { forward, any };
inline Table random_table(std::uint64_t seed, Shape shape) {
  sim::SeededChooser chooser(seed);
  const std::uint32_t places = 2 + chooser.choose("how many places?", 9);
  Table table;
  table.places.resize(places);
  for (std::uint32_t from = 0; from < places; ++from) {
    const std::uint32_t least = shape == Shape::forward ? from + 1 : 0;
    table.breaks.push_back(chooser.choose("breaks?", 5) == 0 ? chooser.choose("what?", 4) : 0);
    table.breaks_at_rest.push_back(chooser.choose("what breaks at rest?", 8) & 3);
    if (least == places || chooser.choose("at rest?", 5) == 0) continue;
    table.places[from].resize(1 + chooser.choose("how many rows?", 3));
    for (auto& row : table.places[from]) {
      row.resize(1 + chooser.choose("how many entries?", 3));
      for (std::uint8_t& to : row)
        to = static_cast<std::uint8_t>(least + chooser.choose("to where?", places - least));
    }
  }
  return table;
}

struct RandomSystem {
  sim::Fixed<Table> table;
  std::uint8_t place = 0;
  std::uint64_t broke = 0;
  sim::ActorId row = 0;  // Of the last step: its actor.

  bool step(sim::Turn turn) {
    const Rows& rows = table->places[place];
    if (rows.empty()) return false;
    const auto row_count = static_cast<std::uint32_t>(rows.size());
    row = static_cast<sim::ActorId>(turn.chooser.choose("which row?", row_count));
    const auto entry_count = static_cast<std::uint32_t>(rows[row].size());
    place = rows[row][turn.chooser.choose("which entry?", entry_count)];
    broke |= table->breaks[place];
    return true;
  }
  void rest() { broke |= table->breaks_at_rest[place]; }
  std::uint64_t broken() const { return broke; }
  std::uint64_t witnessed() const { return place % 3; }
  sim::ActorId actor() const { return row; }
  bool operator==(const RandomSystem& other) const {
    return place == other.place && broke == other.broke;
  }
  void encode(sim::Encoder& encoder) const { sim::encode(encoder, std::pair(place, broke)); }
};
static_assert(sim::System<RandomSystem>);

// Knows nothing of worlds, choosers or fingerprints: only the table.
class NaiveSearch {
 public:
  using State = std::pair<std::uint8_t, std::uint64_t>;  // Place, broken.

  explicit NaiveSearch(const Table& table) : table_(table) { visit({0, 0}); }

  const std::set<State>& states() const { return states_; }
  std::uint64_t transitions() const { return transitions_; }
  std::uint64_t finals() const {
    return static_cast<std::uint64_t>(std::ranges::count_if(
        states_, [&](State state) { return table_.places[state.first].empty(); }));
  }

  // Executions from this state to rest; none: without number. Follows every path one by one.
  std::optional<std::uint64_t> executions(State from = {0, 0}) const {
    if (on_cycle(from)) return std::nullopt;
    if (table_.places[from.first].empty()) return 1;
    std::uint64_t sum = 0;
    for (const State& to : next(from)) {
      const std::optional<std::uint64_t> rest = executions(to);
      if (!rest) return std::nullopt;
      sum += *rest;
    }
    return sum;
  }

  bool cyclic() const {
    return std::ranges::any_of(states_, [&](const State& state) { return on_cycle(state); });
  }

  // Steps to the nearest state in which the claim is broken, by trying longer and longer paths.
  std::optional<std::uint64_t> steps_to_broken(std::uint64_t claim) const {
    for (std::uint64_t steps = 0; steps <= states_.size(); ++steps)
      if (breaks_within({0, 0}, claim, steps)) return steps;
    return std::nullopt;
  }

 private:
  std::vector<State> next(State from) const {
    std::vector<State> targets;
    for (const auto& row : table_.places[from.first])
      for (const std::uint8_t to : row) targets.push_back({to, from.second | table_.breaks[to]});
    return targets;
  }
  void visit(State state) {
    if (!states_.insert(state).second) return;
    for (const State& to : next(state)) {
      ++transitions_;
      visit(to);
    }
  }
  bool reaches(State from, State wanted, std::set<State>& seen) const {
    for (const State& to : next(from)) {
      if (to == wanted) return true;
      if (seen.insert(to).second && reaches(to, wanted, seen)) return true;
    }
    return false;
  }
  bool on_cycle(State state) const {
    std::set<State> seen;
    return reaches(state, state, seen);
  }
  bool breaks_within(State from, std::uint64_t claim, std::uint64_t steps) const {
    const auto key = std::pair(from, steps);
    const std::uint64_t at_rest =
        table_.places[from.first].empty() ? table_.breaks_at_rest[from.first] : 0;
    if (((from.second | at_rest) & claim) != 0) return true;
    if (steps == 0 || hopeless_[claim].contains(key)) return false;
    for (const State& to : next(from))
      if (breaks_within(to, claim, steps - 1)) return true;
    hopeless_[claim].insert(key);
    return false;
  }

  const Table& table_;
  std::set<State> states_;
  std::uint64_t transitions_ = 0;
  mutable std::map<std::uint64_t, std::set<std::pair<State, std::uint64_t>>> hopeless_;
};
}  // namespace toys
