// SPDX-License-Identifier: Apache-2.0
// PendingSet: what the timed part of an event queue does, so that one form can be tested against
// another. Invariant of each form: a lane is FIFO, and only the heads of lanes compete by time.
#pragma once

#include <boost/container/small_vector.hpp>
#include <concepts>
#include <cstddef>
#include <cstdint>

#include "sim/id.hpp"

namespace sim {
using Lanes = boost::container::small_vector<Lane, 16>;

template <class Q, class Payload>
concept PendingSet = std::copyable<Q> &&
    requires(Q queue, const Q seen, Lane lane, Nanoseconds due, Payload what, std::uint32_t nth) {
  queue.post_at(lane, due, what);
  queue.cancel(lane);
  { queue.take(lane) } -> std::same_as<Payload>;
  { seen.ready_count() } -> std::same_as<std::uint32_t>;
  { seen.ready_lane(nth) } -> std::same_as<Lane>;
  { seen.pending(lane) } -> std::same_as<bool>;
  { seen.head(lane) } -> std::same_as<const Payload&>;
  { seen.due(lane) } -> std::same_as<Nanoseconds>;
  { seen.now() } -> std::same_as<Nanoseconds>;
  { seen.size() } -> std::same_as<std::size_t>;
};
}  // namespace sim
