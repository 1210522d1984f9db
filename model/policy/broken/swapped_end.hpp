// SPDX-License-Identifier: Apache-2.0
#pragma once

// End a range by taking it off the count first and moving the sequence second, with no lock around
// both. KVM's write barrier in range_end is there to keep the other order. A fault that looks
// between the two sees no range open and an unchanged sequence.

#include "model/policy/variation.hpp"

namespace model {

inline Variation swapped_end() {
  return {.name = "swapped_end",
          .meaning = "Take a range off the count, and move the sequence afterwards.",
          .policy = varied<KvmPolicy>(&KvmPolicy::end, KvmPolicy::Order::count_first),
          .guarantees = {.breaks = all_of({Property::use_after_free, Property::stale_translation,
                                           Property::stale_install})}};
}

}  // namespace model
