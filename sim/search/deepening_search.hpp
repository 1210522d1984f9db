// SPDX-License-Identifier: Apache-2.0
// DeepeningSearch: visits the states that are at most so many steps away, depth first, and goes
// further until none is left out (R. Korf, "Depth-First Iterative-Deepening", 1985). It keeps every
// state with the fewest steps in which it was reached, and looks again at one that it reaches by
// fewer; in the end these are breadth-first levels, from which the counts of the other order
// follow.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "sim/search/exact_shard.hpp"
#include "sim/search/hash.hpp"
#include "sim/search/options.hpp"
#include "sim/transition_system.hpp"

namespace sim {
template <TransitionSystem S>
class DeepeningSearch {
 public:
  using State = typename S::State;

  // Both must outlive the search.
  DeepeningSearch(const S& system, const SearchOptions& options)
      : system_(system), options_(options), found_({.states_expected = options.states_expected}) {}

  SearchResult run() {
    check(options_.deepen_by > 0);
    arrive(system_.start(), 0);
    while (result_.complete() && !waiting_.empty()) {
      const std::uint64_t further = bound_ + options_.deepen_by;
      if (bound_ >= options_.levels_max) {
        result_.ended = SearchEnded::by_levels;
      } else if (options_.stop_at_violation && !violating_.empty()) {
        result_.ended = SearchEnded::at_violation;
      } else if (expand_up_to(std::min(options_.levels_max, further))) {
        waiting_.swap(beyond_);
      }
    }
    count();
    return result_;
  }

 private:
  using Number = std::uint32_t;  // Of a found state.
  struct Waiting {
    Number number = 0;
    std::uint32_t steps = 0;
  };
  struct Violating {
    Number number = 0;
    std::uint64_t violations = 0;
  };

  // Notes that the state is so many steps away; if that is news, it waits to be expanded.
  void arrive(const State& state, std::uint32_t steps) {
    const auto key = ExactShard<State>::key_of(hash_of(state));
    const std::size_t number = found_.find(state, key).value_or(found_.size());
    if (number == found_.size()) {
      found_.insert(state, key, {});
      steps_.push_back(steps);
    } else if (steps_[number] <= steps) {
      return;
    }
    steps_[number] = steps;
    waiting_.push_back({static_cast<Number>(number), steps});
  }

  // Expands all that is nearer. False: a limit was passed on the way.
  bool expand_up_to(std::uint64_t bound) {
    beyond_.clear();
    for (std::uint64_t i = 1; !waiting_.empty(); ++i) {
      const Waiting last = waiting_.back();
      waiting_.pop_back();
      if (steps_[last.number] != last.steps) continue;  // It was reached by fewer since.
      if (last.steps < bound) {
        expand(last);
      } else {
        beyond_.push_back(last);
      }
      if (i % limits_every == 0 && limit_passed()) return false;
    }
    bound_ = bound;
    return !limit_passed();
  }

  void expand(Waiting from) {
    const State state = found_[from.number];
    const std::size_t first = waiting_.size();
    std::uint64_t steps = 0;
    std::uint64_t violations = 0;
    sim::each_step(system_, state, [&](const State& next, Outcome outcome) {
      ++steps;
      if (outcome == Outcome::violates) {
        ++violations;
      } else {
        arrive(next, from.steps + 1);
      }
    });
    std::reverse(waiting_.begin() + static_cast<std::ptrdiff_t>(first), waiting_.end());
    if (from.number >= expanded_.size()) expanded_.resize(found_.size());
    if (expanded_[from.number]) return;
    expanded_[from.number] = true;
    result_.transitions += steps;
    if (violations != 0) violating_.push_back({from.number, violations});
    if (steps != 0) return;
    ++result_.ends;
    if (!system_.may_end(state)) deadlocked_.push_back(from.number);
  }

  bool limit_passed() {
    result_.bytes = found_.bytes() + found_.size() * (sizeof(std::uint32_t) + 1) +
                    (waiting_.capacity() + beyond_.capacity()) * sizeof(Waiting);
    if (found_.size() > options_.states_max) result_.ended = SearchEnded::by_states;
    if (result_.bytes > options_.bytes_max) result_.ended = SearchEnded::by_bytes;
    if (options_.stop && options_.stop()) result_.ended = SearchEnded::by_stop;
    return !result_.complete();
  }

  // Within the bound, the fewest steps are known.
  void count() {
    result_.states = found_.size();
    result_.bytes_visited = found_.bytes_visited() + found_.size() * sizeof(std::uint32_t);
    for (const std::uint32_t steps : steps_) {
      if (steps > bound_) continue;
      if (steps >= result_.levels.size()) result_.levels.resize(steps + 1);
      ++result_.levels[steps];
    }
    result_.levels_expanded = std::min<std::uint64_t>(bound_, result_.levels.size());
    result_.depth = result_.levels.empty() ? 0 : result_.levels.size() - 1;
    result_.deadlocks = deadlocked_.size();
    if (!deadlocked_.empty()) result_.deadlock_steps = steps_[deadlocked_.front()];
    for (const Number number : deadlocked_)
      result_.deadlock_steps = std::min<std::uint64_t>(result_.deadlock_steps, steps_[number]);
    count_violations();
  }

  void count_violations() {
    if (violating_.empty()) return;
    std::uint64_t nearest = steps_[violating_.front().number];
    for (const Violating& each : violating_)
      nearest = std::min<std::uint64_t>(nearest, steps_[each.number]);
    for (const Violating& each : violating_) {
      result_.violations += each.violations;
      if (steps_[each.number] == nearest) result_.violations_last += each.violations;
    }
    result_.steps = nearest + 1;
    for (const std::uint32_t steps : steps_)
      if (steps <= nearest) ++result_.states_before;
  }

  static constexpr std::uint64_t limits_every = 4096;

  const S& system_;
  const SearchOptions& options_;
  ExactShard<State> found_;
  std::vector<std::uint32_t> steps_;  // Of each found state, the fewest so far.
  std::vector<bool> expanded_;        // Likewise; may end early.
  std::vector<Waiting> waiting_;      // A stack.
  std::vector<Waiting> beyond_;       // As many steps away as the bound.
  std::uint64_t bound_ = 0;           // All that is nearer has been expanded.
  std::vector<Violating> violating_;
  std::vector<Number> deadlocked_;
  SearchResult result_;
};
}  // namespace sim
