// SPDX-License-Identifier: Apache-2.0
#pragma once

// Return from range_start at once if nothing of the range is mapped, also without
// mmu_interval_set_seq(). It looks like an optimisation, and Nvidia's UVM returned early when it
// was short of memory. A fault that is under way sees an unchanged sequence and installs what it
// had looked up.

#include "model/policy/variation.hpp"

namespace model {

inline Variation early_out() {
  return {.name = "early_out",
          .meaning = "Return at once, without set_sequence, where nothing is mapped.",
          .policy = varied<IntervalNotifierPolicy>(&IntervalNotifierPolicy::early_out, true),
          .guarantees = {.breaks = all_of({Property::use_after_free, Property::stale_translation,
                                           Property::install_in_range, Property::stale_install})}};
}

}  // namespace model
