// SPDX-License-Identifier: Apache-2.0
#pragma once

// Look pages up when the adapter faults, take neither pin nor reference, and listen to nobody. Out-
// of-tree drivers that called get_user_pages() and put the page at once did so, and the first OOM
// reaper made the same of every driver. The frame is given to someone else, and the adapter goes on
// using it.

#include "model/policy/variation.hpp"

namespace model {

inline Variation deaf() {
  return {.name = "deaf",
          .meaning = "Hear no notification, and hold no page.",
          .policy = NonePolicy{},
          .guarantees = {.breaks = all_of({Property::use_after_free, Property::stale_translation,
                                           Property::install_in_range, Property::stale_install})}};
}

}  // namespace model
