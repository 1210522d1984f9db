// SPDX-License-Identifier: Apache-2.0
// Id<Tag>: a number that cannot be mistaken for another kind of number. State holds ids, never
// pointers: that is what makes a copy of a world a snapshot.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>

#include "sim/check.hpp"

namespace sim {
template <class Tag>
struct Id {
  static constexpr std::uint32_t none = 0xffffffff;

  std::uint32_t value = none;

  constexpr bool some() const { return value != none; }
  auto operator<=>(const Id&) const = default;

  // Where this one stands in a vector that is indexed by this kind of id.
  constexpr std::size_t index() const {
    check(some());
    return value;
  }
};

using Nanoseconds = std::uint64_t;

// An ordered stream of events: a thread, one direction of a link. Lanes are dense small numbers.
using Lane = Id<struct LaneTag>;
}  // namespace sim
