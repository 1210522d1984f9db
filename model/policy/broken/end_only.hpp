// SPDX-License-Identifier: Apache-2.0
#pragma once

// Do nothing in range_start and drop translations in range_end, without a reference. It is XPMEM
// without get_page(), and what a driver becomes that believes its comment "the pages have been
// freed by the VM". The frame is freed before range_end, below a device that uses it.

#include "model/policy/variation.hpp"

namespace model {

inline Variation end_only() {
  return {.name = "end_only",
          .meaning = "Drop translations in range_end, without a reference until then.",
          .policy = varied<RefEndPolicy>(&RefEndPolicy::hold, false),
          .guarantees = {.breaks = all_of({Property::use_after_free, Property::stale_translation,
                                           Property::install_in_range, Property::stale_install,
                                           Property::coverage_gap})}};
}

}  // namespace model
