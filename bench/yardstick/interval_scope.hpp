// SPDX-License-Identifier: Apache-2.0
// What is given to the protocol of interval_notifier.hpp: sizes, a mistake, and a property.
#pragma once

#include <cstdint>

namespace yardstick {
// How many there are of each. A thread serves the device of its number, modulo devices.
struct IntervalScope {
  std::uint8_t devices = 1;
  std::uint8_t pages = 1;
  std::uint8_t frames = 2;
  std::uint8_t device_threads = 1;
  std::uint8_t accesses = 2;    // Of each device thread. An invalidator works once.
  std::uint8_t reclaimers = 1;  // Then come replacers (copy on write, migration) and unmappers.
  std::uint8_t replacers = 0;
  std::uint8_t unmappers = 0;
};

// Mistakes, in the order of the model's VAR.
enum class IntervalVariant : std::uint8_t {
  ok,
  no_retry,           // An install never starts over.
  no_sequence,        // It asks only whether an invalidation is running.
  no_progress_count,  // It asks only whether the sequence has moved.
  no_flush,           // The table is cleared, the device's TLB is not.
  no_drain,           // Nobody waits for transfers in flight.
  free_first,         // The frame is freed before the shoot-down.
  early_end,          // End comes before the page table changes.
  atomic,             // One callback without begin and end, as proposed in 2008.
  atomic_pinned,      // The same, and a frame in use is orphaned instead of freed.
};

// How a fault begins; the model's WAITBEGIN.
enum class IntervalBegin : std::uint8_t {
  reads,  // It reads the sequence at once: KVM.
  waits,  // It waits until no invalidation is running: mmu_interval_read_begin().
};

// In the order of the model's PROP, from 1.
enum class IntervalProperty : std::uint8_t { use_after_free = 1, coherence = 2 };
}  // namespace yardstick
