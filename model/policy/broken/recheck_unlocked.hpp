// SPDX-License-Identifier: Apache-2.0
#pragma once

// Ask read_retry() first and take the driver's lock afterwards. The lockless hint
// mmu_interval_check_retry() invites it. An invalidation that comes between the two finds nothing
// to drop, and the fault installs after it.

#include "model/policy/variation.hpp"

namespace model {

inline Variation recheck_unlocked() {
  return {.name = "recheck_unlocked",
          .meaning = "Ask read_retry() before the lock is taken.",
          .policy = varied<IntervalNotifierPolicy>(&IntervalNotifierPolicy::recheck_locked, false),
          .guarantees = {.breaks = all_of({Property::use_after_free, Property::stale_translation,
                                           Property::install_in_range, Property::stale_install})}};
}

}  // namespace model
