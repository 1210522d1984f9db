// SPDX-License-Identifier: Apache-2.0
#include "model/liveness.hpp"

#include <algorithm>
#include <map>

#include "sim/check.hpp"

namespace model {
namespace {

using sim::Component;
using sim::Fairness;

sim::ActorId actor_of(TaskId task) { return static_cast<sim::ActorId>(4 * task.value); }

bool contains(const std::vector<sim::ActorId>& actors, TaskId task) {
  return std::ranges::binary_search(actors, actor_of(task));
}

bool contains(const std::vector<TaskId>& tasks, TaskId task) {
  return std::ranges::find(tasks, task) != tasks.end();
}

World world_at(const World& start, const sim::StateGraph& graph, sim::State state) {
  World world = start;
  sim::ReplayChooser chooser(graph.path_to(state));
  sim::NoTrace quiet;
  for (std::uint64_t i = 0; i < graph.steps_to(state); ++i) {
    check(world.step({.chooser = chooser, .trace = quiet}));
  }
  check(!chooser.diverged());
  return world;
}

// A component, and what the tasks that never finish do in it.
struct Loop {
  sim::Stuck stuck{};
  Component component{};
  std::vector<TaskId> moving{};
  std::vector<TaskId> waiting{};
};

Loop loop_of(const sim::Stuck& stuck, const Component& component) {
  Loop loop{.stuck = stuck, .component = component};
  for (std::uint32_t i = 0; i < obligation_tasks; ++i) {
    const TaskId task{i};
    if ((component.pending & obligation(task, Obligation::operation)) == 0) continue;
    (contains(component.movers, task) ? loop.moving : loop.waiting).push_back(task);
  }
  return loop;
}

// Waits for tasks only that wait in the same way: drops those who wait for somebody else, until
// nobody does.
bool deadlocked(const Loop& loop, const World& world) {
  std::vector<Blocked> left;
  for (const Blocked& blocked : world.blocked()) {
    const bool never =
        contains(loop.waiting, blocked.task) && !contains(loop.component.sometimes, blocked.task);
    if (never) left.push_back(blocked);
  }
  for (bool dropped = true; dropped;) {
    const auto waits_for_others = [&](const Blocked& blocked) {
      return std::ranges::any_of(blocked.holders, [&](TaskId holder) {
        return std::ranges::find(left, holder, &Blocked::task) == left.end();
      });
    };
    const auto first = std::ranges::find_if(left, waits_for_others);
    dropped = first != left.end();
    if (dropped) left.erase(first);
  }
  return !left.empty();
}

Property name_of(const Loop& loop, const World& start, const sim::StateGraph& graph) {
  const Component& component = loop.component;
  const auto owes = [&](TaskId task, Obligation what) {
    return (component.pending & obligation(task, what)) != 0;
  };
  for (std::uint32_t i = 0; i < obligation_tasks; ++i) {
    if (owes(TaskId{i}, Obligation::recall)) return Property::quiesce_stuck;
  }
  if (!loop.waiting.empty()) {
    if (deadlocked(loop, world_at(start, graph, component.states.front()))) {
      return Property::deadlock;
    }
    const bool passed_over = std::ranges::any_of(
        loop.waiting, [&](TaskId task) { return contains(component.sometimes, task); });
    if (passed_over) return Property::starvation;
  }
  for (const TaskId task : loop.moving) {
    if (owes(task, Obligation::stable_fault)) return Property::fault_stuck;
  }
  return loop.moving.empty() ? Property::starvation : Property::livelock;
}

// A part of the loop is fair even to those who can go on only now and then.
bool strongly_fair(const sim::StateGraph& graph, const Loop& loop) {
  const auto fair = sim::fair_components(graph, loop.stuck, Fairness::strong);
  return std::ranges::any_of(fair, [&](const Component& part) {
    return std::ranges::binary_search(loop.component.states, part.states.front().value, {},
                                      &sim::State::value);
  });
}

std::uint64_t all_pending(const sim::StateGraph& graph) {
  std::uint64_t all = 0;
  for (std::uint32_t i = 0; i < graph.size(); ++i) all |= graph.pending_in(sim::State{i});
  return all;
}

}  // namespace

bool breaks_in_cycles(Property property) {
  switch (property) {
    case Property::quiesce_stuck:
    case Property::deadlock:
    case Property::starvation:
    case Property::fault_stuck:
    case Property::livelock:
      return true;
    default:
      return false;
  }
}

Cycles judge_cycles(const World& start, const sim::StateGraph& graph) {
  if (sim::fair_components(graph, {}, Fairness::weak).empty()) return {};
  std::map<Property, Loop> nearest;
  const std::uint64_t all = all_pending(graph);
  for (std::uint64_t left = all & ~obligations_unknown; left != 0; left &= left - 1) {
    const sim::Stuck stuck{.pending = left & (~left + 1)};
    for (const Component& component : sim::fair_components(graph, stuck, Fairness::weak)) {
      Loop loop = loop_of(stuck, component);
      const Property name = name_of(loop, start, graph);
      const auto [entry, is_new] = nearest.try_emplace(name, loop);
      const auto first = [](const Loop& one) { return one.component.states.front().value; };
      if (!is_new && first(loop) < first(entry->second)) entry->second = std::move(loop);
    }
  }
  Cycles cycles{.found = {}, .complete = (all & obligations_unknown) == 0};
  for (const auto& [property, loop] : nearest) {
    const sim::Lasso lasso = sim::lasso_in(graph, loop.component, loop.stuck, Fairness::weak);
    cycles.found.push_back({.property = property,
                            .lasso = sim::path_of(start, graph, lasso),
                            .moving = loop.moving,
                            .waiting = loop.waiting,
                            .fair_locks_help = !strongly_fair(graph, loop)});
  }
  return cycles;
}

}  // namespace model
