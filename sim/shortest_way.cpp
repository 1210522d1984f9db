// SPDX-License-Identifier: Apache-2.0
#include "sim/shortest_way.hpp"

#include <algorithm>
#include <limits>

#include "sim/check.hpp"

namespace sim {
namespace {
constexpr std::uint32_t never = std::numeric_limits<std::uint32_t>::max();

// How one can go on from a state to the goal by a shortest way: with how few changes of the actor,
// and which actors can make the next step of such a way. Anyone else needs one change more, and
// no more: the change to one of these. So this is all there is to know of a state.
struct Onward {
  std::uint32_t switches = 0;
  std::uint32_t actors_begin = 0;
  std::uint32_t actors_count = 0;  // 0: the state is the goal.
};

class Search {
 public:
  Search(const StateGraph& graph, const StateSet& goal, State start)
      : graph_(graph), goal_(goal), start_(start) {}

  std::optional<Way> run() {
    measure();
    if (nearest_ == never) return std::nullopt;
    onward_.resize(graph_.size());
    on_way_.resize(graph_.size());
    std::for_each(order_.rbegin(), order_.rend(), [this](State state) { look_on(state); });
    return walk();
  }

 private:
  // Steps from the start, breadth first, as far as the nearest level with a state of the goal.
  void measure() {
    steps_to_.assign(graph_.size(), never);
    steps_to_[start_.index()] = 0;
    order_.push_back(start_);
    for (std::size_t next = 0; next < order_.size(); ++next) {
      const State from = order_[next];
      const std::uint32_t steps = steps_to_[from.index()];
      if (goal_.contains(from)) nearest_ = std::min(nearest_, steps);
      if (nearest_ != never) continue;
      for (const State to : graph_.targets_of(from)) {
        if (steps_to_[to.index()] != never) continue;
        steps_to_[to.index()] = steps + 1;
        order_.push_back(to);
      }
    }
  }

  bool leads_on(State from, State to) const {
    return on_way_[to.index()] && steps_to_[to.index()] == steps_to_[from.index()] + 1;
  }
  std::span<const ActorId> next_actors(const Onward& onward) const {
    return std::span(actors_).subspan(onward.actors_begin, onward.actors_count);
  }
  // Changes of the actor on the way on from `state` after a step of `last`.
  std::uint32_t switches_after(State state, ActorId last) const {
    const Onward& onward = onward_[state.index()];
    if (onward.actors_count == 0) return 0;
    const auto actors = next_actors(onward);
    const bool same = std::ranges::find(actors, last) != actors.end();
    return onward.switches + (same ? 0 : 1);
  }

  void look_on(State state) {
    const std::uint32_t steps = steps_to_[state.index()];
    if (steps > nearest_) return;
    if (steps == nearest_) {
      on_way_[state.index()] = goal_.contains(state);
      return;
    }
    Onward onward{.switches = never, .actors_begin = static_cast<std::uint32_t>(actors_.size())};
    const auto targets = graph_.targets_of(state);
    const auto actors = graph_.actors_of(state);
    for (std::size_t i = 0; i < targets.size(); ++i) {
      if (!leads_on(state, targets[i])) continue;
      const std::uint32_t switches = switches_after(targets[i], actors[i]);
      if (switches > onward.switches) continue;
      if (switches < onward.switches) actors_.resize(onward.actors_begin);
      onward.switches = switches;
      const auto begin = actors_.begin() + onward.actors_begin;
      if (std::find(begin, actors_.end(), actors[i]) == actors_.end()) actors_.push_back(actors[i]);
    }
    onward.actors_count = static_cast<std::uint32_t>(actors_.size()) - onward.actors_begin;
    on_way_[state.index()] = onward.actors_count > 0;
    onward_[state.index()] = onward;
  }

  Way walk() const {
    Way way{.states = {start_}};
    std::optional<ActorId> last;
    while (way.steps() < nearest_) {
      const State from = way.states.back();
      const std::uint32_t wanted =
          last ? switches_after(from, *last) : onward_[from.index()].switches;
      const std::uint32_t ordinal = first_step(from, last, wanted);
      const ActorId actor = graph_.actors_of(from)[ordinal];
      if (last && *last != actor) ++way.switches;
      last = actor;
      way.ordinals.push_back(ordinal);
      way.states.push_back(graph_.targets_of(from)[ordinal]);
    }
    return way;
  }

  // The first transition after which the way on has as few changes as wanted.
  std::uint32_t first_step(State from, std::optional<ActorId> last, std::uint32_t wanted) const {
    const auto targets = graph_.targets_of(from);
    const auto actors = graph_.actors_of(from);
    std::uint32_t i = 0;
    for (; i < targets.size(); ++i) {
      if (!leads_on(from, targets[i])) continue;
      const std::uint32_t change = last && *last != actors[i] ? 1 : 0;
      if (change + switches_after(targets[i], actors[i]) == wanted) break;
    }
    check(i < targets.size());
    return i;
  }

  const StateGraph& graph_;
  const StateSet& goal_;
  State start_;
  std::vector<std::uint32_t> steps_to_;
  std::vector<State> order_;  // By steps.
  std::uint32_t nearest_ = never;
  std::vector<Onward> onward_;
  std::vector<bool> on_way_;  // Is it on a shortest way?
  std::vector<ActorId> actors_;
};
}  // namespace

std::optional<Way> shortest_way(const StateGraph& graph, const StateSet& goal, State start) {
  return Search(graph, goal, start).run();
}
}  // namespace sim
