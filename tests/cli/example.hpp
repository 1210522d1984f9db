// SPDX-License-Identifier: Apache-2.0
// Scenarios for tests of the command line, lowered by hand: what is shown of a run must not depend
// on how the language reads a text.
#pragma once

#include "cli/scenario.hpp"

namespace cli::testing {

// munmap() of a region races with a DMA write. Without a policy the write lands in a frame that was
// given back. Two calls, a watched column and one claim of each kind.
Scenario race(model::Policy policy, language::RunMode mode = language::RunMode::explore);

// The same with a question of each kind in place of the claims.
Scenario lesson();

}  // namespace cli::testing
