// SPDX-License-Identifier: Apache-2.0
#pragma once

// Ignore every invalidation that another task makes: reclaim, khugepaged, process_madvise() of
// somebody else. XPMEM compares current->tgid with the owner's. Its references keep the frames, and
// device and process see different pages from then on.

#include "model/policy/variation.hpp"

namespace model {

inline Variation current_only() {
  return {.name = "current_only",
          .meaning = "Heed only what the process does itself.",
          .policy = varied<RefEndPolicy>(&RefEndPolicy::current_only, true),
          .guarantees = {.breaks = all_of({Property::stale_translation, Property::ignored_event})}};
}

}  // namespace model
