// SPDX-License-Identifier: Apache-2.0
// The chain of causes of an example: from the event that breaks its claim back to the calls of the
// scenario that led to it. Each link is a step of the run, with what makes it follow from others.
#pragma once

#include <string>
#include <vector>

#include "cli/scenario.hpp"
#include "model/verdict.hpp"

namespace cli {

// Lines of at most 80 columns; none if the example ends with nothing that has a cause.
std::vector<std::string> chain_lines(const Case& what, const model::ClaimResult& result);

}  // namespace cli
