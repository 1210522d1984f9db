// SPDX-License-Identifier: Apache-2.0
#include "sim/liveness.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <optional>

#include "sim/check.hpp"
#include "sim/components.hpp"

namespace sim {
namespace {
using Actors = std::vector<ActorId>;  // Ascending, each once.
using States = std::vector<State>;

bool contains(const Actors& actors, ActorId actor) {
  return std::ranges::binary_search(actors, actor);
}

void sort_out(Actors& actors) {
  std::ranges::sort(actors);
  actors.erase(std::unique(actors.begin(), actors.end()), actors.end());
}

Actors enabled_in(const StateGraph& graph, State state) {
  const auto all = graph.actors_of(state);
  Actors actors(all.begin(), all.end());
  sort_out(actors);
  return actors;
}

// A part of the graph: a set of states, and the steps among them that `stuck` lets happen.
class Part {
 public:
  Part(const StateGraph& graph, const Stuck& stuck)
      : graph_(graph), without_(stuck.without), set_of_(graph.size(), 0) {
    sort_out(without_);
  }

  // These states, and no others, are in it.
  void set(const States& states) {
    ++current_;
    for (const State state : states) set_of_[state.index()] = current_;
  }
  bool has(State state) const { return set_of_[state.index()] == current_; }
  std::size_t count(State from) const { return graph_.targets_of(from).size(); }
  // Where the transition leads, if it stays inside.
  std::optional<State> target(State from, std::size_t number) const {
    const State to = graph_.targets_of(from)[number];
    if (!has(to) || contains(without_, actor(from, number))) return std::nullopt;
    return to;
  }
  ActorId actor(State from, std::size_t number) const { return graph_.actors_of(from)[number]; }
  bool steps_to_itself(State state) const {
    for (std::size_t i = 0; i < count(state); ++i)
      if (target(state, i) == state) return true;
    return false;
  }

 private:
  const StateGraph& graph_;
  Actors without_;
  std::vector<std::uint32_t> set_of_;
  std::uint32_t current_ = 0;
};

// The components of these states, each ascending, without single ones that have no step to
// themselves.
std::vector<States> cycles_among(const Part& part, const States& states, Components& components) {
  components.find(part, states);
  std::vector<States> found;
  for (std::size_t i = 0; i < components.size(); ++i) {
    const auto component = components[i];
    if (component.size() == 1 && !part.steps_to_itself(component.front())) continue;
    found.emplace_back(component.begin(), component.end());
    std::ranges::sort(found.back(), {}, &State::value);
  }
  return found;
}

Component describe(const StateGraph& graph, const Part& part, const States& states) {
  Component component{.states = states,
                      .always = enabled_in(graph, states.front()),
                      .pending = std::numeric_limits<std::uint64_t>::max()};
  for (const State state : states) {
    component.pending &= graph.pending_in(state);
    for (std::size_t i = 0; i < part.count(state); ++i)
      if (part.target(state, i)) component.movers.push_back(part.actor(state, i));
    sort_out(component.movers);
    const Actors here = enabled_in(graph, state);
    Actors merged;
    std::ranges::set_union(component.sometimes, here, std::back_inserter(merged));
    component.sometimes.swap(merged);
    merged.clear();
    std::ranges::set_intersection(component.always, here, std::back_inserter(merged));
    component.always.swap(merged);
  }
  return component;
}

// Who has to move, and does not.
Actors cheated(const Component& component, Fairness fairness) {
  Actors actors;
  if (fairness == Fairness::none) return actors;
  const Actors& owed = fairness == Fairness::weak ? component.always : component.sometimes;
  std::ranges::set_difference(owed, component.movers, std::back_inserter(actors));
  return actors;
}

// A strongly fair run in a component stays away from states in which someone can move who doesn't.
States without_states_of(const StateGraph& graph, const Component& component,
                         const Actors& actors) {
  States left;
  for (const State state : component.states) {
    const auto here = graph.actors_of(state);
    const bool hurts =
        std::ranges::any_of(here, [&](ActorId actor) { return contains(actors, actor); });
    if (!hurts) left.push_back(state);
  }
  return left;
}

// Walks about in a component, by shortest ways.
class Walk {
 public:
  Walk(const StateGraph& graph, const Part& part, const Component& component)
      : graph_(graph), part_(part), component_(component), at_(component.states.front()) {}

  const std::vector<Transition>& loop() const { return loop_; }
  State at() const { return at_; }

  // Goes on until the step that `good` likes, unless it has been taken before.
  template <class Good>
  void take(Good good) {
    for (const Transition& done : loop_)
      if (good(done)) return;
    go(good);
  }
  // Goes on, by at least a step, until a state is reached.
  void come_to(State state) {
    go([&](const Transition& step) { return graph_.targets_of(step.from)[step.number] == state; });
  }

 private:
  struct From {
    State state;  // None: not seen yet.
    std::uint32_t number = 0;
  };

  std::size_t place(State state) const {
    const auto found = std::ranges::lower_bound(component_.states, state.value, {}, &State::value);
    return static_cast<std::size_t>(found - component_.states.begin());
  }

  template <class Good>
  void go(Good good) {
    std::vector<From> came(component_.states.size());
    std::vector<bool> seen(component_.states.size(), false);
    States next{at_};
    seen[place(at_)] = true;
    for (std::size_t i = 0; i < next.size(); ++i) {
      for (std::uint32_t number = 0; number < part_.count(next[i]); ++number) {
        const auto to = part_.target(next[i], number);
        if (!to) continue;
        if (good(Transition{.from = next[i], .number = number})) {
          return follow(came, {.from = next[i], .number = number}, *to);
        }
        if (seen[place(*to)]) continue;
        seen[place(*to)] = true;
        came[place(*to)] = {.state = next[i], .number = number};
        next.push_back(*to);
      }
    }
    check(false);  // In a component each state is reached.
  }

  void follow(const std::vector<From>& came, Transition last, State to) {
    std::vector<Transition> backwards{last};
    for (State state = last.from; state != at_; state = came[place(state)].state) {
      const From& from = came[place(state)];
      backwards.push_back({.from = from.state, .number = from.number});
    }
    loop_.insert(loop_.end(), backwards.rbegin(), backwards.rend());
    at_ = to;
  }

  const StateGraph& graph_;
  const Part& part_;
  const Component& component_;
  State at_;
  std::vector<Transition> loop_;
};
}  // namespace

std::vector<Component> fair_components(const StateGraph& graph, const Stuck& stuck,
                                       Fairness fairness) {
  States all;
  for (std::uint32_t i = 0; i < graph.size(); ++i) {
    if (graph.is_cut_short(State{i})) continue;  // Who else could move there is not known.
    if ((graph.pending_in(State{i}) & stuck.pending) == stuck.pending) all.push_back(State{i});
  }
  Part part(graph, stuck);
  Components components(graph.size());
  std::vector<Component> found;
  std::vector<States> left{std::move(all)};
  while (!left.empty()) {
    const States states = std::move(left.back());
    left.pop_back();
    part.set(states);
    for (const States& candidate : cycles_among(part, states, components)) {
      part.set(candidate);
      Component component = describe(graph, part, candidate);
      const Actors bad = cheated(component, fairness);
      if (bad.empty()) {
        found.push_back(std::move(component));
      } else if (fairness == Fairness::strong) {
        left.push_back(without_states_of(graph, component, bad));
      }
    }
  }
  std::ranges::sort(found, {}, [](const Component& one) { return one.states.front().value; });
  return found;
}

Lasso lasso_in(const StateGraph& graph, const Component& component, const Stuck& stuck,
               Fairness fairness) {
  Part part(graph, stuck);
  part.set(component.states);
  Walk walk(graph, part, component);
  const Actors owed = fairness == Fairness::none   ? Actors{}
                      : fairness == Fairness::weak ? component.movers
                                                   : component.sometimes;
  for (const ActorId actor : owed) {
    const bool may_wait = fairness == Fairness::weak && !contains(component.always, actor);
    walk.take([&](const Transition& step) {
      if (part.actor(step.from, step.number) == actor) return true;
      return may_wait && std::ranges::count(graph.actors_of(step.from), actor) == 0;
    });
  }
  // Who never moves there has to be seen waiting.
  if (fairness == Fairness::weak) {
    for (const ActorId actor : component.sometimes) {
      if (contains(component.movers, actor)) continue;
      walk.take([&](const Transition& step) {
        return std::ranges::count(graph.actors_of(step.from), actor) == 0;
      });
    }
  }
  if (walk.loop().empty() || walk.at() != component.states.front())
    walk.come_to(component.states.front());
  return {.entry = component.states.front(), .loop = walk.loop()};
}
}  // namespace sim
