// SPDX-License-Identifier: Apache-2.0
#pragma once

// Take the end of a range for its last page, or count its pages one short. The SMMU's driver
// flushed too little (75df1386557c), and interval ends are inclusive where range ends are not. The
// last page keeps its translation.

#include "model/policy/variation.hpp"

namespace model {

inline Variation short_range() {
  return {.name = "short_range",
          .meaning = "Leave out the last page of a range.",
          .policy = varied<IntervalNotifierPolicy>(&IntervalNotifierPolicy::short_range, true),
          .guarantees = {.breaks = all_of({Property::use_after_free, Property::stale_translation,
                                           Property::coverage_gap})}};
}

}  // namespace model
