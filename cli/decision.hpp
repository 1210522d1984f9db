// SPDX-License-Identifier: Apache-2.0
// Which step decided that a claim fails, and what could have been done in its place: in words.
#pragma once

#include <string>
#include <vector>

#include "cli/insight.hpp"

namespace cli {

// Empty if nothing is known. `result` is of the same claim as the insight.
std::vector<std::string> decision_notes(const Case& what, const model::ClaimResult& result,
                                        const Insight& insight);

}  // namespace cli
