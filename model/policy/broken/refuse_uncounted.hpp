// SPDX-License-Identifier: Apache-2.0
#pragma once

// Answer -EAGAIN to a range_start that must not sleep before counting it, and take it off the count
// in range_end. Since c2655835fd8c every subscriber gets that range_end, whether it has refused or
// not. The count goes below zero, or the next range is not counted.

#include "model/policy/variation.hpp"

namespace model {

inline Variation refuse_uncounted() {
  return {.name = "refuse_uncounted",
          .meaning = "Refuse who may not sleep, and count its range_end all the same.",
          .policy = varied<KvmPolicy>(&KvmPolicy::refuse_uncounted, true),
          .guarantees = {.breaks = all_of({Property::unbalanced_notifier})}};
}

}  // namespace model
