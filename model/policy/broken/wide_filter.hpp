// SPDX-License-Identifier: Apache-2.0
#pragma once

// Ignore each event that names an owner, whoever that is. Drivers copy the filter of another one
// and leave the comparison out. A peer device moves the page, and this one goes on using the frame
// that was left behind.

#include "model/policy/variation.hpp"

namespace model {

inline Variation wide_filter() {
  return {.name = "wide_filter",
          .meaning = "Ignore every MIGRATE, not only those of the own device.",
          .policy = varied<IntervalNotifierPolicy>(&IntervalNotifierPolicy::owner_filter,
                                                   IntervalNotifierPolicy::OwnerFilter::any),
          .guarantees = {.breaks = all_of({Property::use_after_free, Property::stale_translation,
                                           Property::ignored_event})}};
}

}  // namespace model
