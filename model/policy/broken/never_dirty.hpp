// SPDX-License-Identifier: Apache-2.0
#pragma once

// Drop translations that a device may have written through, and leave the page as it is. Drivers of
// devices that "only read" did so, and vhost marked pages in the wrong place (7f466032dc9e). The
// page counts as clean, and what the device has written is lost at the next reclaim.

#include "model/policy/variation.hpp"

namespace model {

inline Variation never_dirty() {
  return {.name = "never_dirty",
          .meaning = "Give translations up without marking pages dirty.",
          .policy = varied<IntervalNotifierPolicy>(&IntervalNotifierPolicy::mark_dirty, false),
          .guarantees = {.breaks = all_of({Property::unmarked_write, Property::lost_update})}};
}

}  // namespace model
