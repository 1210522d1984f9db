// SPDX-License-Identifier: Apache-2.0
// RandomThreads: a small transition system drawn by lot: threads that walk over places and share a
// value. NaiveThreadSearch: a search of it so simple that it can be believed.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "sim/chooser.hpp"
#include "sim/search/path.hpp"
#include "sim/search/reduced.hpp"
#include "sim/transition_system.hpp"

namespace toys {
// All threads are alike. A local step leads to a later place, always can be taken, and neither
// reads nor writes the shared value, so that it may be taken at once. Of places that no step
// leaves, one is as good as another.
class RandomThreads {
 public:
  static constexpr std::size_t thread_count = 3;
  struct State {
    std::array<std::uint8_t, thread_count> places{};
    std::uint8_t shared = 0;
    auto operator<=>(const State&) const = default;
  };

  explicit RandomThreads(std::uint64_t seed) {
    sim::SeededChooser chooser(seed);
    const std::uint32_t places = 2 + chooser.choose("how many places?", 7);
    values_ = 1 + chooser.choose("how many values?", 3);
    local_.resize(places);
    steps_.resize(std::size_t{places} * values_);
    for (std::uint32_t place = 0; place < places; ++place) {
      local_[place] = place > 0 && place + 1 < places && chooser.choose("local?", 3) == 0;
      const auto later = static_cast<std::uint8_t>(place + 1);
      for (std::uint32_t value = 0; value < values_; ++value) {
        auto& steps = steps_[std::size_t{place} * values_ + value];
        if (local_[place]) steps = {{later, static_cast<std::uint8_t>(value), false}};
        if (!local_[place]) draw(steps, chooser, places);
      }
    }
    find_last_place();
    may_end_ = chooser.choose("may it end?", 2) == 1;
  }

  State start() const { return {}; }
  template <class Visit>
  void move(const State& state, std::size_t thread, Visit&& visit) const {
    for (const Step& step : steps_[state.places[thread] * values_ + state.shared]) {
      State next = state;
      next.places[thread] = step.place;
      next.shared = step.shared;
      visit(next, step.violates ? sim::Outcome::violates : sim::Outcome::holds);
    }
  }
  bool may_end(const State& state) const { return may_end_ || state.shared == 0; }

  friend State canonical(const RandomThreads&, State state) {
    std::ranges::sort(state.places);
    return state;
  }
  friend bool continues(const RandomThreads& system, const State&, const State& after,
                        std::size_t thread) {
    return system.local_[after.places[thread]];
  }
  friend std::size_t settling_thread(const RandomThreads& system, const State& state) {
    std::size_t thread = 0;
    while (thread < thread_count && !system.local_[state.places[thread]]) ++thread;
    return thread;
  }
  friend State forgetful(const RandomThreads& system, State state) {
    for (std::uint8_t& place : state.places)
      if (system.is_last(place)) place = system.last_place_;
    return state;
  }

 private:
  struct Step {
    std::uint8_t place = 0;
    std::uint8_t shared = 0;
    bool violates = false;
  };

  void draw(std::vector<Step>& steps, sim::SeededChooser& chooser, std::uint32_t places) const {
    const std::uint32_t count = chooser.choose("how many steps?", 4);
    for (std::uint32_t i = 0; i < count; ++i) {
      steps.push_back({static_cast<std::uint8_t>(chooser.choose("to where?", places)),
                       static_cast<std::uint8_t>(chooser.choose("to what?", values_)),
                       chooser.choose("violates?", 60) == 0});
    }
  }

  bool is_last(std::size_t place) const {
    for (std::size_t value = 0; value < values_; ++value)
      if (!steps_[place * values_ + value].empty()) return false;
    return true;
  }

  void find_last_place() {
    while (last_place_ < local_.size() && !is_last(last_place_)) ++last_place_;
  }

  std::uint32_t values_ = 1;
  std::vector<bool> local_;
  std::vector<std::vector<Step>> steps_;  // By place and shared value.
  std::uint8_t last_place_ = 0;           // The first one that no step leaves.
  bool may_end_ = false;
};
static_assert(sim::TransitionSystem<RandomThreads>);
static_assert(sim::Symmetric<RandomThreads> && sim::Regional<RandomThreads>);
static_assert(sim::Settling<RandomThreads> && sim::Forgetful<RandomThreads>);

template <sim::TransitionSystem S>
class NaiveThreadSearch {
 public:
  using State = typename S::State;

  explicit NaiveThreadSearch(const S& system) : system_(system) {
    std::vector<State> level{system.start()};
    steps_[system.start()] = 0;
    for (std::size_t steps = 0; !level.empty(); ++steps) {
      levels.push_back(level.size());
      std::vector<State> next;
      for (const State& state : level) expand(state, steps, next);
      level = next;
    }
  }

  std::size_t states() const { return steps_.size(); }
  const std::map<State, std::size_t>& all() const { return steps_; }

  // The best of all paths of the least length, each of which is followed.
  std::optional<std::pair<std::size_t, sim::StepPath>> best_path(sim::Goal goal) const {
    std::optional<std::pair<std::size_t, sim::StepPath>> best;
    sim::StepPath path;
    follow(system_.start(), goal, path, best);
    return best;
  }

  std::vector<std::uint64_t> levels;
  std::uint64_t transitions = 0;
  std::uint64_t ends = 0;
  std::uint64_t deadlocks = 0;
  std::uint64_t violations = 0;
  std::size_t violation_steps = 0;  // 0: there is none.
  std::optional<std::size_t> deadlock_steps{};

 private:
  using Best = std::optional<std::pair<std::size_t, sim::StepPath>>;

  void expand(const State& state, std::size_t steps, std::vector<State>& next) {
    std::size_t moves = 0;
    sim::each_step(system_, state, [&](const State& to, sim::Outcome outcome) {
      ++moves;
      if (outcome == sim::Outcome::violates) {
        ++violations;
        if (violation_steps == 0) violation_steps = steps + 1;
      } else if (steps_.emplace(to, steps + 1).second) {
        next.push_back(to);
      }
    });
    transitions += moves;
    if (moves != 0) return;
    ++ends;
    if (system_.may_end(state)) return;
    ++deadlocks;
    if (!deadlock_steps) deadlock_steps = steps;
  }

  void offer(const sim::StepPath& path, Best& best) const {
    const auto offered = std::pair(sim::context_switches(path), path);
    if (!best || offered < *best) best = offered;
  }

  void follow(const State& state, sim::Goal goal, sim::StepPath& path, Best& best) const {
    const std::size_t most =
        goal == sim::Goal::violation ? violation_steps : deadlock_steps.value_or(0);
    std::size_t moves = 0;
    for (std::uint32_t thread = 0; thread < S::thread_count; ++thread) {
      std::uint32_t choice = 0;
      system_.move(state, thread, [&](const State& next, sim::Outcome outcome) {
        ++moves;
        path.push_back({thread, choice++});
        const bool violates = outcome == sim::Outcome::violates;
        if (violates && goal == sim::Goal::violation && path.size() == most) offer(path, best);
        if (!violates && path.size() < most + (goal == sim::Goal::deadlock ? 1 : 0) &&
            steps_.at(next) == path.size())
          follow(next, goal, path, best);
        path.pop_back();
      });
    }
    const bool stuck = moves == 0 && !system_.may_end(state);
    if (goal == sim::Goal::deadlock && stuck && path.size() == most) offer(path, best);
  }

  const S& system_;
  std::map<State, std::size_t> steps_;
};
}  // namespace toys
