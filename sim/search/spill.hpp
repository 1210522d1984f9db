// SPDX-License-Identifier: Apache-2.0
// Spill: where a search puts blocks of states for which there is no room in memory. This library
// has no files; whoever has some hands one in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace sim {
// Blocks are all of one size within a search. Called by several tasks of a crew at once.
class Spill {
 public:
  Spill() = default;
  Spill(const Spill&) = delete;
  Spill& operator=(const Spill&) = delete;
  virtual ~Spill() = default;

  virtual std::uint64_t write(std::span<const std::byte> block) = 0;  // Gives its name.
  // Reads the block back, and forgets it.
  virtual void take(std::uint64_t name, std::span<std::byte> block) = 0;
  virtual void drop(std::uint64_t name) = 0;  // Forgets it unread.
};
}  // namespace sim
