// SPDX-License-Identifier: Apache-2.0
// The part of World that compares what happens with what the scenario claims.

#include "model/world.hpp"

namespace model {

void World::break_claim(std::uint32_t claim) { broken_ |= std::uint64_t{1} << claim; }

void World::break_properties(PropertySet properties) {
  if (properties == 0) return;
  for (std::uint32_t i = 0; i < setup().claims.size(); ++i) {
    const Claim& claim = setup().claims[i];
    if (claim.kind == Claim::Kind::never && (properties & bit(claim.property)) != 0) break_claim(i);
  }
}

void World::check_result(const Line& line, Result result) {
  if (line.claim == no_claim) return;
  const bool expected = (line.any_success && result.ok()) || (line.any_error && !result.ok()) ||
                        std::ranges::find(line.expected, result) != line.expected.end();
  if (!expected) break_claim(line.claim);
}

void World::judge_always() {
  for (std::uint32_t i = 0; i < setup().claims.size(); ++i) {
    const Claim& claim = setup().claims[i];
    if (claim.kind != Claim::Kind::always || ((broken_ >> i) & 1) != 0) continue;
    if (evaluate(claim.expression, machine_) == 0) break_claim(i);
  }
}

void World::note(const Event& event, Effects& effects) {
  if (event.line.some() && setup().lines[event.line.index()].counted) {
    LineState& line = machine_.lines[event.line.index()];
    if (event.kind == EventKind::dev_retry) ++line.retries;
    const bool fault = event.kind == EventKind::dev_fault || event.kind == EventKind::activate;
    if (fault) ++line.faults;
  }
  for (std::uint32_t i = 0; i < setup().points.size(); ++i) {
    const Point& point = setup().points[i];
    if (point.event == event.kind && point.line == event.line) reach(i, effects);
  }
  watch(event);
}

void World::note_step(TaskId task, std::uint32_t number, Effects& effects) {
  for (std::uint32_t i = 0; i < setup().points.size(); ++i) {
    const Point& point = setup().points[i];
    if (point.line != machine_.tasks[task.index()].line) continue;
    if (std::ranges::binary_search(point.steps, number)) reach(i, effects);
  }
}

void World::reach(std::uint32_t point, Effects& effects) {
  if (((machine_.points >> point) & 1) != 0) return;
  machine_.points |= std::uint64_t{1} << point;
  effects.changed.push_back({.kind = Wait::Kind::gate});
  for (std::uint32_t i = 0; i < setup().monitors.size(); ++i) {
    const Monitor& monitor = setup().monitors[i];
    if (monitor.point != point) continue;
    if (monitor.order == Monitor::Order::before && !monitor.forbidden && !watching_[i].matched) {
      break_claim(monitor.claim);
    }
    watching_[i].other_seen = true;
  }
}

bool World::matches(const Pattern& pattern, const Event& event) const {
  if (pattern.kind != event.kind) return false;
  if (pattern.line.some() && pattern.line != event.line) return false;
  if (pattern.adapter.some() && pattern.adapter != event.adapter) return false;
  if (pattern.mm.some()) {
    if (event.mm.some() && event.mm != pattern.mm) return false;
    if (!event.pages.overlaps(pattern.pages)) return false;
  }
  if (!pattern.variable.some()) return true;
  const Result& object = machine_.variables[pattern.variable.index()];
  if (object.kind != Result::Kind::object) return false;
  return pattern.attachment ? event.attachment.value == object.number
                            : event.mr.value == object.number;
}

void World::watch(const Event& event) {
  for (std::uint32_t i = 0; i < setup().monitors.size(); ++i) {
    const Monitor& monitor = setup().monitors[i];
    Watching& seen = watching_[i];
    if (monitor.armed_by.some() &&
        machine_.lines[monitor.armed_by.index()].status == LineState::Status::waiting) {
      continue;
    }
    if (matches(monitor.what, event)) {
      const bool in_time =
          monitor.order == Monitor::Order::none ||
          (monitor.order == Monitor::Order::after ? seen.other_seen : !seen.other_seen);
      const bool late = monitor.within != 0 && events_.now() - armed_at_[i] > monitor.within;
      if (monitor.forbidden ? in_time : !seen.matched && (!in_time || late)) {
        break_claim(monitor.claim);
      }
      seen.matched = !monitor.forbidden;
    }
    if (monitor.order == Monitor::Order::none || monitor.point != no_point) continue;
    if (!matches(monitor.other, event) || seen.other_seen) continue;
    seen.other_seen = true;
    const bool missed = monitor.order == Monitor::Order::before && !monitor.forbidden;
    if (missed && !seen.matched) break_claim(monitor.claim);
  }
}

void World::rest() {
  Small<TaskId, 4> stuck;
  for (std::uint32_t i = 0; i < machine_.tasks.size(); ++i) {
    const FlowStack& stack = actors_[i].stack;
    if (!machine_.tasks[i].alive) continue;
    if (stack.frames.empty()) {  // A gate that never opened.
      const Line* line = next_line(TaskId{i});
      if (line != nullptr && line->claim != no_claim) break_claim(line->claim);
      continue;
    }
    if (busy(TaskId{i})) stuck.push_back(TaskId{i});
  }
  break_properties(judge_at_rest(machine_, {stuck.data(), stuck.size()}));
  for (std::uint32_t i = 0; i < setup().monitors.size(); ++i) {
    const Monitor& monitor = setup().monitors[i];
    if (!monitor.forbidden && !watching_[i].matched) break_claim(monitor.claim);
  }
  for (std::uint32_t i = 0; i < setup().claims.size(); ++i) {
    const Claim& claim = setup().claims[i];
    switch (claim.kind) {
      case Claim::Kind::eventually:
        if (evaluate(claim.expression, machine_) == 0) break_claim(i);
        break;
      case Claim::Kind::exists:
      case Claim::Kind::not_exists:
      case Claim::Kind::forall:
      case Claim::Kind::question:
        if (evaluate(claim.expression, machine_) != 0) witnessed_ |= std::uint64_t{1} << i;
        break;
      default:
        break;
    }
  }
}

}  // namespace model
