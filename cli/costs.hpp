// SPDX-License-Identifier: Apache-2.0
// What things cost, as `list costs` tells it: by default, or in a profile of scenarios/cost. There
// a figure has its source in the comment behind it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/words.hpp"
#include "model/cost.hpp"

namespace cli {

Word cost_word(const model::CostInfo& info);

struct CostProfile {
  std::string name;
  std::string about;        // The comment at its head.
  std::vector<Word> costs;  // What it sets.
};

std::vector<std::string> cost_profile_names();
std::optional<CostProfile> find_cost_profile(std::string_view name);

}  // namespace cli
