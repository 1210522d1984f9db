// SPDX-License-Identifier: Apache-2.0
// One run of a scenario by time, as a record of a real kernel would have it.
#pragma once

#include <cstdint>

#include "cli/conform/operation.hpp"
#include "cli/scenario.hpp"

namespace cli::conform {

struct Recording {
  Operation operation;
  bool at_rest = false;  // False: the run was cut off after `steps_max` steps.
};

Recording record_model(const Case& what, std::uint64_t seed, std::uint64_t steps_max);

}  // namespace cli::conform
