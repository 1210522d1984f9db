// SPDX-License-Identifier: Apache-2.0
// Swarm: makes the runs of a sample, on as many threads as --swarm says and on all ranks. Run i has
// the seed --seed + i whoever makes it.
#pragma once

#include "cli/options.hpp"
#include "cli/progress.hpp"
#include "cli/sample.hpp"
#include "cli/scenario.hpp"

namespace cli {

struct Sampled {
  Sample sample;
  std::uint64_t steps_expected = 0;
};

// At other ranks than 0 the sample is empty.
Sampled make_sample(const Case& what, const Options& options, Progress& progress);

}  // namespace cli
