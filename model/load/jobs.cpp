// SPDX-License-Identifier: Apache-2.0
#include "model/load/jobs.hpp"

#include <boost/random/exponential_distribution.hpp>
#include <boost/random/uniform_int_distribution.hpp>
#include <cmath>

namespace model {
namespace {

constexpr std::uint32_t first_stream = 256;  // Behind those of costs.

std::uint32_t draw_operation(const WorkloadSetup& setup, sim::Bits bits) {
  if (setup.operations.size() == 1) return 0;
  std::uint32_t all = 0;
  for (const LoadOperation& operation : setup.operations) all += operation.share;
  std::uint32_t drawn = boost::random::uniform_int_distribution<std::uint32_t>(0, all - 1)(bits);
  std::uint32_t number = 0;
  while (drawn >= setup.operations[number].share) drawn -= setup.operations[number++].share;
  return number;
}

sim::Nanoseconds draw_interval(const WorkloadSetup& setup, sim::Bits bits) {
  if (!setup.poisson) return setup.interval;
  const auto mean = static_cast<double>(setup.interval);
  return static_cast<sim::Nanoseconds>(
      std::llround(mean * boost::random::exponential_distribution<double>()(bits)));
}

}  // namespace

void Jobs::add_job(WorkloadId workload, std::uint32_t depth) {
  begun_.resize(std::max<std::size_t>(begun_.size(), workload.index() + 1));
  for (std::uint32_t i = 0; i < depth; ++i) {
    slots_.push_back({.workload = workload, .job = static_cast<std::uint32_t>(jobs_.size())});
  }
  jobs_.push_back({});
}

std::optional<sim::Nanoseconds> Jobs::next(std::uint32_t number,
                                           const std::vector<WorkloadSetup>& setups,
                                           const RunSetup& run, sim::Nanoseconds now,
                                           sim::Chooser& chooser) {
  Slot& slot = slots_[number];
  if (slot.over) return std::nullopt;
  if (slot.call > 0) return now;
  const WorkloadSetup& setup = setups[slot.workload.index()];
  const sim::Bits bits(chooser, first_stream + slot.workload.value);
  Job& job = jobs_[slot.job];
  const sim::Nanoseconds pause = draw_interval(setup, bits);
  sim::Nanoseconds start = now;
  if (setup.has_rate) {
    job.arrival += pause;
    slot.since = job.arrival;
    start = std::max(now, slot.since);
  } else {
    if (job.drawn > 0 || now > 0) start += pause;
    slot.since = start;
  }
  std::uint64_t& begun = begun_[slot.workload.index()];
  const bool late = run.runtime != 0 && start >= run.end();
  slot.over = late || (run.operations != 0 && begun == run.operations);
  if (slot.over) return std::nullopt;
  ++begun;
  slot.operation = draw_operation(setup, bits);
  slot.block = setup.pattern.draw(bits, job.drawn++);
  return start;
}

Call Jobs::call(std::uint32_t number, const std::vector<WorkloadSetup>& setups) const {
  const Slot& slot = slots_[number];
  const WorkloadSetup& setup = setups[slot.workload.index()];
  Call call = setup.operations[slot.operation].calls[slot.call];
  const std::uint32_t distance = slot.block * setup.block_pages;
  call.pages.first.value += distance;
  call.target.offset.first.value += distance;
  call.offset += distance;
  return call;
}

bool Jobs::returned(std::uint32_t number, const std::vector<WorkloadSetup>& setups, bool failed) {
  Slot& slot = slots_[number];
  const std::size_t calls = setups[slot.workload.index()].operations[slot.operation].calls.size();
  if (!failed && ++slot.call < calls) return false;
  slot.call = 0;
  return true;
}

}  // namespace model
