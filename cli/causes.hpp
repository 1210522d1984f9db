// SPDX-License-Identifier: Apache-2.0
// Causes: the events of an example that concern the translation with which it ends, in their order,
// each with what all tables said of the page right after it. Nothing is guessed: the events are
// those of the run, the tables those of the machine.
#pragma once

#include <string>
#include <vector>

#include "cli/scenario.hpp"
#include "model/verdict.hpp"

namespace cli {

// Lines of at most 80 columns; none if the example does not end with a device's use of a frame.
std::vector<std::string> cause_lines(const Case& what, const model::ClaimResult& result);

}  // namespace cli
