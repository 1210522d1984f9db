// SPDX-License-Identifier: Apache-2.0
#pragma once

// A swap device: slots with a use count and the content written to them. Counterpart:
// struct swap_info_struct and its swap_map.

#include <algorithm>
#include <optional>

#include "model/memory/ids.hpp"
#include "model/memory/small.hpp"

namespace model {

struct SwapSlot {
  std::uint16_t users = 0;  // Swap entries in page tables, and one for the swap cache.
  Value value = 0;
  FrameId cached{};      // The frame that holds the same page: the swap cache.
  bool written = false;  // `value` is valid.

  bool operator==(const SwapSlot&) const = default;
};

struct SwapDevice {
  std::uint32_t capacity = 0;
  Small<SwapSlot, 2> slots{};

  bool operator==(const SwapDevice&) const = default;
  SwapSlot& operator[](SlotId slot) { return slots[slot.index()]; }
  const SwapSlot& operator[](SlotId slot) const { return slots[slot.index()]; }

  // The lowest free slot, with one user; nothing when the device is full.
  std::optional<SlotId> allocate() {
    for (std::uint32_t i = 0; i < capacity; ++i) {
      if (i == slots.size()) slots.push_back({});
      if (slots[i].users != 0) continue;
      slots[i] = SwapSlot{.users = 1};
      return SlotId{i};
    }
    return std::nullopt;
  }

  // So many free slots in a row, with one user each, for a huge page: a cluster. The first one.
  std::optional<SlotId> allocate_cluster(std::uint32_t count) {
    for (std::uint32_t first = 0; first + count <= capacity; first += count) {
      while (slots.size() < first + count) slots.push_back({});
      const auto from = slots.begin() + first;
      if (std::any_of(from, from + count, [](const SwapSlot& slot) { return slot.users != 0; })) {
        continue;
      }
      std::fill(from, from + count, SwapSlot{.users = 1});
      return SlotId{first};
    }
    return std::nullopt;
  }

  void put(SlotId slot) {
    SwapSlot& used = slots[slot.index()];
    if (--used.users == 0) used = SwapSlot{};
  }
};

}  // namespace model
