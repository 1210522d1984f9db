// SPDX-License-Identifier: Apache-2.0
// SPIN on the Promela model of a case. Run in the root of the repository; needs spin and gcc.
#pragma once

#include <cstdint>
#include <optional>

#include "bench/yardstick/measure.hpp"

namespace yardstick {
enum class SpinMode : std::uint8_t {
  depth_first,
  depth_first_reduced,  // With SPIN's partial-order reduction.
  breadth_first,        // Stops at the first violation.
};

struct SpinResult {
  SpinFigures figures;
  std::uint64_t steps = 0;  // Of the counterexample; 0: none found.
};

// In the eight digits that SPIN prints.
bool same(const SpinFigures& spin, const Result& result);

bool spin_installed();
// Nothing: SPIN, the compiler or the search failed.
std::optional<SpinResult> run_spin(const Case& one, SpinMode mode);
}  // namespace yardstick
