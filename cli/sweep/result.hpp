// SPDX-License-Identifier: Apache-2.0
// What came of one cell of a sweep, and the line of results.jsonl that says so.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/sweep/plan.hpp"

namespace cli {

struct CellResult {
  std::size_t cell = 0;
  Measured measured{};
  std::string problem{};  // The scenario cannot be run with these params: what is wrong.
};

// Loads the cell, and runs it.
CellResult make_cell(const Plan& plan, std::size_t cell);

Json json_of(const Plan& plan, const CellResult& result);  // Without what its checks say.
std::optional<CellResult> result_in(std::string_view line);

// Of a cell, that `check` and `report` compare it with; null if it is not there.
const std::vector<Measure>* baseline_of(const Plan& plan,
                                        const std::vector<std::optional<CellResult>>& results,
                                        std::size_t cell);

// What the checks of a cell say, beside its baseline; none if it has not been made.
std::vector<CheckResult> checks_of(const Plan& plan,
                                   const std::vector<std::optional<CellResult>>& results,
                                   std::size_t cell);

}  // namespace cli
