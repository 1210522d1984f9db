// SPDX-License-Identifier: Apache-2.0
// What each call of the scenario has caused in a run: invalidations, faults, messages, and how long
// others had to wait for it.
#pragma once

#include "cli/json.hpp"
#include "cli/output.hpp"

namespace cli {

// A table of the calls that have caused anything; nothing if the run was made without causes.
void write_attribution(Output& out, const Case& what, const Outcome& outcome);
Json attribution_json(const Case& what, const Outcome& outcome);

}  // namespace cli
