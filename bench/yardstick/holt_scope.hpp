// SPDX-License-Identifier: Apache-2.0
// What is given to the protocol of holt_handle.hpp: sizes, a mistake, and a property.
#pragma once

#include <cstdint>

namespace yardstick {
// How many there are of each.
struct HoltScope {
  std::uint8_t endpoints = 1;
  std::uint8_t handles = 1;
  std::uint8_t handle_pages = 2;  // Of each handle.
  std::uint8_t frames = 3;
  std::uint8_t transfers = 2;   // Of each endpoint. A revoker works once.
  std::uint8_t reclaimers = 1;  // Then come unmappers.
  std::uint8_t unmappers = 0;
};

// Mistakes, in the order of the model's VAR.
enum class HoltVariant : std::uint8_t {
  ok,
  no_ack,         // The owner does not wait for the responses to a shoot-down.
  no_quiesce,     // An endpoint responds while a transfer is in flight.
  no_range_test,  // The owner activates a handle although a revocation is running.
  split_send,     // It tests first, and sends what it saw then later.
  partial,        // A user activates only the handle that it is about to use.
  split_revoke,   // The adapter is unmapped first, the handle is marked inactive later.
  no_card_unmap,  // The adapter stays mapped.
  no_recheck,     // A user maps the adapter without looking at the handles again.
  no_shoot,       // The adapter's TLB is not cleared: superfluous, since it is filled anew.
};

// In the order of the model's PROP, from 1.
enum class HoltProperty : std::uint8_t {
  use_after_free = 1,  // A transfer goes to a frame of the page.
  all_or_nothing,      // No doorbell while a handle is inactive.
  sigbus,              // Only after an unmap.
  coherence,           // A transfer goes to the frame that is mapped.
};
}  // namespace yardstick
