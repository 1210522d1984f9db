// SPDX-License-Identifier: Apache-2.0
// The part of World that carries out a load: what its slots do between two calls.
#include "model/flow/all.hpp"
#include "model/world.hpp"

namespace model {

void World::add_slots() {
  const std::vector<Program>& programs = setup().programs;
  const auto first = std::ranges::find_if(
      programs, [](const Program& program) { return program.workload.some(); });
  first_slot_ = static_cast<std::uint32_t>(first - programs.begin());
  for (std::uint32_t i = 0; i < setup().load.workloads.size(); ++i) {
    const WorkloadSetup& workload = setup().load.workloads[i];
    for (std::uint32_t job = 0; job < workload.jobs; ++job) {
      jobs_.add_job(WorkloadId{i}, workload.depth);
    }
  }
}

void World::start_slots(sim::Chooser& chooser) {
  slots_wait_ = false;
  for (std::uint32_t slot = 0; slot < jobs_.slots(); ++slot) {
    post_slot(TaskId{first_slot_ + slot}, 0, chooser);
  }
}

Call World::call_of(TaskId task) const {
  if (is_slot(task)) return jobs_.call(slot_of(task), load_of(task));
  return next_line(task)->call;
}

void World::post_slot(TaskId task, sim::Nanoseconds after, sim::Chooser& chooser) {
  const sim::Nanoseconds now = events_.now() + after;
  const auto start = jobs_.next(slot_of(task), load_of(task), setup().load.run, now, chooser);
  if (start) events_.post_at(lane_of(task), *start, Resume{});
}

// Its call has returned.
void World::finish_slot(TaskId task, Result result, const Effects& effects) {
  const std::uint32_t slot = slot_of(task);
  const bool over = jobs_.returned(slot, load_of(task), !result.ok());
  if (over && meter_ != nullptr) {
    meter_->completed(jobs_.slot(slot), events_.now() + effects.duration, result);
  }
  if (result == Result::signal(SIGKILL)) jobs_.stop(slot);
}

}  // namespace model
