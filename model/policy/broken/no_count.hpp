// SPDX-License-Identifier: Apache-2.0
#pragma once

// Keep a sequence that moves when an invalidation ends, and no count of those that run. KVM would
// be this without mmu_invalidate_in_progress. A fault that begins and ends between range_start and
// range_end installs what is about to go.

#include "model/policy/variation.hpp"

namespace model {

inline Variation no_count() {
  return {.name = "no_count",
          .meaning = "Ask whether an invalidation has ended, not whether one runs.",
          .policy = varied<IntervalNotifierPolicy>(&IntervalNotifierPolicy::recheck,
                                                   IntervalNotifierPolicy::Recheck::ended),
          .guarantees = {.breaks = all_of({Property::use_after_free, Property::stale_translation,
                                           Property::install_in_range})}};
}

}  // namespace model
