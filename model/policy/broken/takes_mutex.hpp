// SPDX-License-Identifier: Apache-2.0
#pragma once

// Take the driver's mutex in range_start without looking at mmu_notifier_range_blockable(). Most
// drivers did when the OOM reaper learned to call them (93065ac753e4). The OOM reaper sleeps where
// it must not, and may wait for whom it is to reap.

#include "model/policy/variation.hpp"

namespace model {

inline Variation takes_mutex() {
  return {.name = "takes_mutex",
          .meaning = "Take a mutex although the caller must not sleep.",
          .policy = varied<IntervalNotifierPolicy>(&IntervalNotifierPolicy::heed_blockable, false),
          .guarantees = {.breaks = all_of({Property::sleep_in_atomic})}};
}

}  // namespace model
