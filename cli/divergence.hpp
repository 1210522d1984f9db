// SPDX-License-Identifier: Apache-2.0
// Where two variants of a scenario part when they are given the same answers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cli/scenario.hpp"
#include "sim/chooser.hpp"

namespace cli {

struct Divergence {
  std::uint64_t step = 0;
  std::string first{};   // What happens in that step in the one,
  std::string second{};  // and in the other.
};

// The first step whose events differ; none if all are alike.
std::optional<Divergence> divergence(const Case& first, const Case& second, const sim::Path& path,
                                     std::uint64_t steps);

}  // namespace cli
