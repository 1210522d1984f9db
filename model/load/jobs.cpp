// SPDX-License-Identifier: Apache-2.0
#include "model/load/jobs.hpp"

#include <boost/random/exponential_distribution.hpp>
#include <boost/random/uniform_int_distribution.hpp>
#include <cmath>

namespace model {
namespace {

sim::Nanoseconds draw_interval(const WorkloadSetup& setup, sim::Bits bits) {
  if (!setup.poisson) return setup.interval;
  const auto mean = static_cast<double>(setup.interval);
  return static_cast<sim::Nanoseconds>(
      std::llround(mean * boost::random::exponential_distribution<double>()(bits)));
}

}  // namespace

std::uint32_t Jobs::draw_operation(const WorkloadSetup& setup, sim::Bits bits) {
  std::uint32_t all = 0;
  for (const LoadOperation& operation : setup.operations) all += operation.share;
  std::uint32_t drawn = boost::random::uniform_int_distribution<std::uint32_t>(0, all - 1)(bits);
  std::uint32_t number = 0;
  while (drawn >= setup.operations[number].share) drawn -= setup.operations[number++].share;
  return number;
}

void Jobs::add_job(WorkloadId workload, std::uint32_t depth) {
  begun_.resize(std::max<std::size_t>(begun_.size(), workload.index() + 1));
  for (std::uint32_t i = 0; i < depth; ++i) {
    slots_.push_back({.workload = workload, .job = static_cast<std::uint32_t>(jobs_.size())});
  }
  jobs_.push_back({});
}

sim::Nanoseconds Jobs::Alike::arrive() { return job.arrival += draw_interval(setup, bits); }

Call Jobs::call(std::uint32_t number, const WorkloadSetup& setup) const {
  const Slot& slot = slots_[number];
  Call call = setup.operations[slot.operation].calls[slot.call];
  const std::uint32_t distance = slot.block * setup.block_pages;
  call.pages.first.value += distance;
  call.target.offset.first.value += distance;
  call.offset += distance;
  return call;
}

}  // namespace model
