// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the workloads of a scenario do, in the terms of fio(1).

#include <string>
#include <vector>

#include "model/call.hpp"
#include "model/load/pattern.hpp"

namespace model {

struct WorkloadIdTag;
using WorkloadId = sim::Id<WorkloadIdTag>;

// One operation of the mix.
struct LoadOperation {
  std::string name{};         // As in the scenario: rdma_read
  std::uint32_t share = 1;    // Of the sum of all shares.
  std::vector<Call> calls{};  // One after the other. Their pages are those of the first block.
};

struct WorkloadSetup {
  std::string name{};
  std::vector<LoadOperation> operations{};
  AccessPattern pattern{};
  std::uint32_t block_pages = 1;
  std::uint32_t jobs = 1;   // numjobs: so many do the same.
  std::uint32_t depth = 1;  // iodepth: operations that each has in flight.
  // Between two operations of a job: from start to start, if it has a rate; else from the end of
  // one to the start of the next one of those in flight.
  sim::Nanoseconds interval = 0;
  bool has_rate = false;
  bool poisson = false;  // The interval is exponentially distributed, with that mean.
};

// How long all workloads go on.
struct RunSetup {
  sim::Nanoseconds ramp = 0;     // Nothing is measured before.
  sim::Nanoseconds runtime = 0;  // Behind the ramp. 0: without an end.
  std::uint64_t operations = 0;  // Of each workload; 0: any number.
  sim::Nanoseconds end() const { return runtime == 0 ? 0 : ramp + runtime; }
};

}  // namespace model
