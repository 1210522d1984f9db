// SPDX-License-Identifier: Apache-2.0
// All runs of a scenario by time: what its costs leave open is only who comes first when several
// could move at the same moment.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "model/setup.hpp"

namespace cli {

struct RunsByTime {
  std::uint64_t runs = 0;
  std::vector<std::uint64_t> failing{};  // By claim: how many of them are examples against it.
};

// None: there are too many, one of them does not come to rest, or a call starts anywhere in a
// window, where a run is not tried for each moment.
std::optional<RunsByTime> all_runs_by_time(const model::Setup& setup);

}  // namespace cli
