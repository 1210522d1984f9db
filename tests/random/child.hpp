// SPDX-License-Identifier: Apache-2.0
// examine() in a process of its own: a check() that ends it is a finding, and not the end.
#pragma once

#include "tests/random/agreement.hpp"

namespace random_scenarios {

// A process that takes longer than `seconds` is ended, and that is a disagreement as well.
Examined examine_apart(const std::string& text, const Limits& limits, unsigned seconds);

}  // namespace random_scenarios
