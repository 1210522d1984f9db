// SPDX-License-Identifier: Apache-2.0
#include "cli/coverage.hpp"

namespace cli {

void Coverage::add(const Coverage& other) {
  for (const auto& [step, times] : other.steps) steps[step] += times;
  taken.insert(other.taken.begin(), other.taken.end());
  stood.insert(other.stood.begin(), other.stood.end());
  meeting.insert(other.meeting.begin(), other.meeting.end());
  calls.insert(other.calls.begin(), other.calls.end());
  for (std::size_t rule = 0; rule < rules_max; ++rule) rules[rule] += other.rules[rule];
}

Pairs conceivable(const Coverage& coverage) {
  std::vector<std::uint64_t> pairs;
  for (const std::uint64_t taken : coverage.taken) {
    for (const std::uint64_t stood : coverage.stood) {
      if (first_of(taken) == first_of(stood)) continue;
      pairs.push_back(pair_of(second_of(taken), second_of(stood)));
    }
  }
  Pairs result;
  result.insert(pairs.begin(), pairs.end());
  return result;
}

bool Probe::step(model::World& world, sim::Chooser& chooser) {
  standing_.clear();
  for (std::uint32_t task = 0; task < world.machine().tasks.size(); ++task) {
    const auto next = world.next_step(model::TaskId{task});
    if (next) standing_.push_back(pair_of(task, *next));
  }
  records_.clear();
  if (!world.step({.chooser = chooser, .trace = *this})) return false;
  for (const std::uint64_t standing : standing_) coverage_.stood.insert(standing);
  for (const sim::Record& record : records_) {
    const model::Event event = model::from_record(record);
    if (event.kind == model::EventKind::step) {
      note_step(record.actor, event.value);
    } else {
      note_event(world.machine(), event);
    }
  }
  return true;
}

void Probe::note_step(std::uint32_t task, std::uint32_t step) {
  ++coverage_.steps[step];
  coverage_.taken.insert(pair_of(task, step));
  for (const std::uint64_t standing : standing_) {
    if (first_of(standing) == task) continue;
    coverage_.meeting.insert(pair_of(step, second_of(standing)));
  }
}

void Probe::note_event(const model::Machine& machine, const model::Event& event) {
  if (event.kind == model::EventKind::call) coverage_.calls.insert(event.line.value);
  const model::PropertySet rules = model::exercised_by(machine, event);
  for (std::size_t rule = 0; rule < Coverage::rules_max; ++rule) {
    coverage_.rules[rule] += (rules >> rule) & 1;
  }
}

}  // namespace cli
