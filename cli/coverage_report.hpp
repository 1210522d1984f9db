// SPDX-License-Identifier: Apache-2.0
// What a reader, or a program, is told of a coverage: above all what is missing.
#pragma once

#include "cli/json.hpp"
#include "cli/outcome.hpp"
#include "cli/output.hpp"

namespace cli {

// What a coverage lacks, in the order of numbers.
struct Missing {
  // Of the flows that were begun, and of the hooks of the scenario's policies.
  std::vector<std::uint32_t> steps{};
  Pairs pairs{};                         // Conceivable, and not seen.
  std::vector<std::uint32_t> calls{};    // Lines after `init` that did not start.
  std::vector<model::Property> rules{};  // Claimed, and with nothing to judge.
};
Missing missing_in(const model::Setup& setup, const Coverage& coverage);

void write_coverage(Output& out, const Case& what, const Outcome& outcome);
Json coverage_json(const Case& what, const Coverage& coverage);

}  // namespace cli
