// SPDX-License-Identifier: Apache-2.0
#pragma once

// Clear the table in range_start and leave the flush of the device's TLB to range_end. Shared
// virtual memory did so before 6.6, when flushes came with range_end, and 4.13 moved
// invalidate_page() behind the free. The TLB reaches a frame that was freed before it is flushed.

#include "model/policy/variation.hpp"

namespace model {

inline Variation late_flush() {
  return {.name = "late_flush",
          .meaning = "Flush the adapter's TLB in range_end only.",
          .policy = varied<KvmPolicy>(&KvmPolicy::flush_late, true),
          .guarantees = {.breaks = all_of({Property::use_after_free, Property::stale_translation,
                                           Property::coverage_gap})}};
}

}  // namespace model
