// SPDX-License-Identifier: Apache-2.0
// Naive: a search of all interleavings that is so simple that it can be believed, to hold explore()
// against. It keeps whole worlds, tells them apart by all of their bytes in a std::map, has its own
// way to try every answer, and shares with the explorer only the world that both search.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "sim/system.hpp"

namespace random_scenarios {

constexpr std::uint64_t endless = ~std::uint64_t{0};

inline std::uint64_t saturating_sum(std::uint64_t a, std::uint64_t b) {
  return a > endless - b ? endless : a + b;
}

// Gives the answers that it is told, then 0; and says what comes after them.
class Odometer final : public sim::Chooser {
 public:
  // Turns to the next sequence of answers; false after the last.
  bool turn() {
    while (!answers_.empty() && answers_.back() + 1 == counts_.back()) {
      answers_.pop_back();
      counts_.pop_back();
    }
    if (answers_.empty()) return false;
    ++answers_.back();
    asked_ = 0;
    return true;
  }

 private:
  sim::Answer answer(std::string_view, std::uint32_t count) override {
    if (asked_ == answers_.size()) {
      answers_.push_back(0);
      counts_.push_back(count);
    }
    return answers_[asked_++];
  }

  std::vector<sim::Answer> answers_;
  std::vector<std::uint32_t> counts_;
  std::size_t asked_ = 0;
};

// How runs end: what is broken, and what is witnessed.
using Ending = std::pair<std::uint64_t, std::uint64_t>;

struct EndingFacts {
  std::uint64_t executions = 0;
  std::uint64_t steps = endless;  // Of the shortest one.
};

template <sim::System W>
class Naive {
 public:
  explicit Naive(const W& start) {
    arrive(start, 0);
    for (std::size_t at = 0; at < states_.size(); ++at) expand(at);
    paths_.assign(states_.size(), 0);
    colour_.assign(states_.size(), Colour::white);
    for (std::size_t at = 0; at < states_.size(); ++at) count_paths(at);
    for (const auto& [at, ending] : finals_) {
      EndingFacts& facts = endings_[ending];
      facts.executions = saturating_sum(facts.executions, paths_[at]);
      facts.steps = std::min(facts.steps, states_[at].steps);
    }
  }

  std::uint64_t states() const { return states_.size(); }
  std::uint64_t transitions() const { return transitions_; }
  std::uint64_t finals() const { return finals_.size(); }
  std::uint64_t depth() const { return states_.back().steps; }
  bool cyclic() const { return cyclic_; }
  const std::map<Ending, EndingFacts>& endings() const { return endings_; }
  // Steps of a shortest way to each broken claim.
  const std::map<unsigned, std::uint64_t>& broken() const { return broken_; }
  std::uint64_t executions() const {
    std::uint64_t sum = 0;
    for (const auto& [ending, facts] : endings_) sum = saturating_sum(sum, facts.executions);
    return sum;
  }
  const W& world(std::size_t state) const { return states_[state].world; }
  // Equal bytes, and yet not equal.
  std::uint64_t unlike() const { return unlike_; }
  // A broken claim was mended by a step.
  std::uint64_t mended() const { return mended_; }

 private:
  enum class Colour : std::uint8_t { white, grey, black };
  struct State {
    W world;
    std::uint64_t steps = 0;
    std::vector<std::size_t> from;  // One for each transition to it.
  };

  std::size_t arrive(const W& world, std::uint64_t steps) {
    sim::Encoder encoder;
    world.encode(encoder);
    const auto bytes = encoder.bytes();
    const auto [place, is_new] =
        numbers_.emplace(std::vector<std::byte>(bytes.begin(), bytes.end()), states_.size());
    if (is_new) {
      states_.push_back({.world = world, .steps = steps, .from = {}});
      note_broken(world, steps);
    } else if (!(states_[place->second].world == world)) {
      ++unlike_;
    }
    return place->second;
  }

  void expand(std::size_t at) {
    Odometer odometer;
    sim::NoTrace quiet;
    do {
      W world = states_[at].world;
      if (!world.step({.chooser = odometer, .trace = quiet})) {
        world.rest();
        finals_[at] = {world.broken(), world.witnessed()};
        note_broken(world, states_[at].steps);
        return;
      }
      if ((states_[at].world.broken() & ~world.broken()) != 0) ++mended_;
      ++transitions_;
      states_[arrive(world, states_[at].steps + 1)].from.push_back(at);
    } while (odometer.turn());
  }

  void note_broken(const W& world, std::uint64_t steps) {
    for (unsigned claim = 0; claim < 64; ++claim) {
      if ((world.broken() >> claim & 1) == 0) continue;
      std::uint64_t& least = broken_.try_emplace(claim, steps).first->second;
      least = std::min(least, steps);  // At rest comes later, and is no further step.
    }
  }

  // Paths from the start, backwards and by memory. A cycle is a state that waits for itself; what
  // is on it or behind it has more paths than can be counted.
  std::uint64_t count_paths(std::size_t at) {
    if (colour_[at] == Colour::black) return paths_[at];
    if (colour_[at] == Colour::grey) {
      cyclic_ = true;
      return endless;
    }
    colour_[at] = Colour::grey;
    std::uint64_t sum = at == 0 ? 1 : 0;
    for (const std::size_t from : states_[at].from) sum = saturating_sum(sum, count_paths(from));
    colour_[at] = Colour::black;
    return paths_[at] = sum;
  }

  std::map<std::vector<std::byte>, std::size_t> numbers_;
  std::deque<State> states_;  // In the order of their steps.
  std::map<std::size_t, Ending> finals_;
  std::map<unsigned, std::uint64_t> broken_;
  std::map<Ending, EndingFacts> endings_;
  std::vector<std::uint64_t> paths_;
  std::vector<Colour> colour_;
  std::uint64_t transitions_ = 0;
  std::uint64_t unlike_ = 0;
  std::uint64_t mended_ = 0;
  bool cyclic_ = false;
};

}  // namespace random_scenarios
