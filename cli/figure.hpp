// SPDX-License-Identifier: Apache-2.0
// Measured figures as people read them.
#pragma once

#include <string>

#include "model/load/measure.hpp"

namespace cli {

// With its unit, to four places: "12.35 us", "199.9 k/s", "1204".
std::string figure_text(const model::Measured& measured);

}  // namespace cli
