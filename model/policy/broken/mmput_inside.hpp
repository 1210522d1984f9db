// SPDX-License-Identifier: Apache-2.0
#pragma once

// Drop a reference of the address space with mmput() in range_start. amdkfd did (cf234231fcbc). It
// may be the last one: then all of exit_mmap() runs in the callback, below the locks of whoever
// called it.

#include "model/policy/variation.hpp"

namespace model {

inline Variation mmput_inside() {
  return {.name = "mmput_inside",
          .meaning = "Drop a reference of the address space in the callback.",
          .policy = varied<IntervalNotifierPolicy>(&IntervalNotifierPolicy::put_later, false),
          .guarantees = {.breaks = all_of({Property::lock_cycle})}};
}

}  // namespace model
