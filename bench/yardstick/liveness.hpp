// SPDX-License-Identifier: Apache-2.0
// Whether an invalidation of the interval notifier's protocol can be kept from its end for ever.
#pragma once

#include <cstddef>
#include <cstdint>

#include "bench/yardstick/interval_scope.hpp"

namespace yardstick {
struct Liveness {
  std::uint64_t states = 0;
  bool cyclic = false;            // Some run need not come to rest.
  bool starves = false;           // An invalidation is never over, though threads are weakly fair.
  bool starves_strongly = false;  // And though they are strongly fair, as with fair locks.
  std::uint64_t stem = 0;         // Steps of the shortest way into such a run,
  std::uint64_t loop = 0;         // and of the loop there.
};

inline constexpr std::size_t liveness_scopes = 3;  // A1 to A3.

// `scope`: 0 is A1.
Liveness look_for_starvation(std::size_t scope, IntervalBegin begin);
}  // namespace yardstick
