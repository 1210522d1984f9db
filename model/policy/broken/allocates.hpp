// SPDX-License-Identifier: Apache-2.0
#pragma once

// Allocate memory with GFP_KERNEL under the driver's lock that range_start takes as well. i915 and
// others did until lockdep knew better (f920e413ff9c). The allocation reclaims, reclaim calls
// range_start, and range_start waits for the lock.

#include "model/policy/variation.hpp"

namespace model {

inline Variation allocates() {
  return {.name = "allocates",
          .meaning = "Allocate memory under the lock that range_start takes.",
          .policy = varied<IntervalNotifierPolicy>(&IntervalNotifierPolicy::allocate_locked, true),
          .guarantees = {.breaks = all_of({Property::lock_cycle})}};
}

}  // namespace model
