// SPDX-License-Identifier: Apache-2.0
#pragma once

// Drop translations in range_start, and install what a fault has looked up without asking whether
// an invalidation has run meanwhile. It is what the first sketch of every driver looks like, and
// why KVM has its sequence. A fault that loses the race installs a page that is gone.

#include "model/policy/variation.hpp"

namespace model {

inline Variation no_recheck() {
  return {.name = "no_recheck",
          .meaning = "Install what was looked up without asking read_retry().",
          .policy = varied<IntervalNotifierPolicy>(&IntervalNotifierPolicy::recheck,
                                                   IntervalNotifierPolicy::Recheck::no),
          .guarantees = {.breaks = all_of({Property::use_after_free, Property::stale_translation,
                                           Property::install_in_range, Property::stale_install})}};
}

}  // namespace model
