// SPDX-License-Identifier: Apache-2.0
#pragma once

// Clear the translations and return without waiting for the transfers that already use them.
// Devices that answer before their writes are pushed (Intel QAT, e65a6897be5e) and drivers that
// wait interruptibly do so. A write lands in a frame that was freed.

#include "model/policy/variation.hpp"

namespace model {

inline Variation no_drain() {
  return {
      .name = "no_drain",
      .meaning = "Do not wait for transfers in flight.",
      .policy = varied<IntervalNotifierPolicy>(&IntervalNotifierPolicy::wait_inflight, false),
      .guarantees = {.breaks = all_of({Property::use_after_free, Property::stale_translation})}};
}

}  // namespace model
