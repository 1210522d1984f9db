// SPDX-License-Identifier: Apache-2.0
#pragma once

// Heed only what takes pages away, and keep entries writable when their pages become read-only.
// Before soft-dirty clearing had a notification, every driver did for it. The device writes to a
// page that is shared, or that counts as unchanged.

#include "model/policy/variation.hpp"

namespace model {

inline Variation keeps_write() {
  return {.name = "keeps_write",
          .meaning = "Ignore that a page becomes read-only.",
          .policy = varied<IntervalNotifierPolicy>(&IntervalNotifierPolicy::heed_protection, false),
          .guarantees = {.breaks =
                             all_of({Property::write_without_permission, Property::install_in_range,
                                     Property::stale_install, Property::ignored_event})}};
}

}  // namespace model
