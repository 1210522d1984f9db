// SPDX-License-Identifier: Apache-2.0
// Components: the strongly connected parts of a graph, or of a part of it, by Tarjan's algorithm:
// states that can each reach all others of their component.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "sim/state_graph.hpp"

namespace sim {
// Some transitions of some states of a graph.
template <class P>
concept GraphPart = requires(const P& part, State from, std::size_t number) {
  { part.count(from) } -> std::convertible_to<std::size_t>;  // Transitions of the state, in all.
  { part.target(from, number) } -> std::same_as<std::optional<State>>;  // None: it does not count.
};

class WholeGraph {
 public:
  explicit WholeGraph(const StateGraph& graph) : graph_(graph) {}
  std::size_t count(State from) const { return graph_.targets_of(from).size(); }
  std::optional<State> target(State from, std::size_t number) const {
    return graph_.targets_of(from)[number];
  }

 private:
  const StateGraph& graph_;
};

class Components {
 public:
  explicit Components(std::size_t states) : numbers_(states, unseen), lows_(states, 0) {}
  // Of what can be reached from the start.
  explicit Components(const StateGraph& graph) : Components(graph.size()) {
    const State start{0};
    if (graph.size() > 0) find(WholeGraph(graph), std::span(&start, 1));
  }

  // Finds those of the states that the part reaches from `roots`, and forgets all others.
  template <GraphPart P>
  void find(const P& part, std::span<const State> roots) {
    for (const State state : states_) numbers_[state.index()] = unseen;
    states_.clear();
    ends_.clear();
    next_ = 0;
    for (const State root : roots)
      if (numbers_[root.index()] == unseen) visit(part, root);
  }

  // Each comes after all others that it leads to.
  std::size_t size() const { return ends_.size(); }
  std::span<const State> operator[](std::size_t component) const {
    const std::size_t begin = component == 0 ? 0 : ends_[component - 1];
    return std::span(states_).subspan(begin, ends_[component] - begin);
  }

 private:
  static constexpr std::uint32_t unseen = std::numeric_limits<std::uint32_t>::max();
  static constexpr std::uint32_t closed = unseen - 1;  // Its component is complete.
  struct Visit {
    State state;
    std::size_t number = 0;  // Of the next transition to be looked at.
  };

  // Without recursion: ways may be millions of states long.
  template <GraphPart P>
  void visit(const P& part, State root) {
    enter(root);
    while (!visits_.empty()) {
      const State state = visits_.back().state;
      if (visits_.back().number == part.count(state)) {
        leave(state);
        continue;
      }
      const auto to = part.target(state, visits_.back().number++);
      if (!to) continue;
      const std::uint32_t number = numbers_[to->index()];
      if (number == unseen) {
        enter(*to);
      } else if (number != closed) {
        lower(state, number);
      }
    }
  }
  void enter(State state) {
    numbers_[state.index()] = lows_[state.index()] = next_++;
    open_.push_back(state);
    visits_.push_back({.state = state});
  }
  void lower(State state, std::uint32_t number) {
    lows_[state.index()] = std::min(lows_[state.index()], number);
  }
  void leave(State state) {
    visits_.pop_back();
    if (!visits_.empty()) lower(visits_.back().state, lows_[state.index()]);
    if (lows_[state.index()] != numbers_[state.index()]) return;
    State member;
    do {
      member = open_.back();
      open_.pop_back();
      numbers_[member.index()] = closed;
      states_.push_back(member);
    } while (member != state);
    ends_.push_back(states_.size());
  }

  std::vector<std::uint32_t> numbers_;  // In the order of the visits.
  std::vector<std::uint32_t> lows_;     // The least number of an open state it reaches.
  std::uint32_t next_ = 0;
  std::vector<State> open_;  // Whose component is not complete.
  std::vector<Visit> visits_;
  std::vector<State> states_;  // Component by component.
  std::vector<std::size_t> ends_;
};
}  // namespace sim
