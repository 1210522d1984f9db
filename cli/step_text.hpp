// SPDX-License-Identifier: Apache-2.0
// A step in a few words.
#pragma once

#include <string>

#include "cli/timeline.hpp"

namespace cli {

// The first event that everyone may see, or else the last inner step.
std::string step_text(const TimelineStep& step);

}  // namespace cli
