// SPDX-License-Identifier: Apache-2.0
// EventQueue: what is about to happen. A lane is FIFO, like a thread or one direction of a link;
// nothing overtakes within it, whatever the order. Between lanes the order decides who may come
// next, and where several may, that is a choice: so every run by time is one of those in any order.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <utility>

#include "sim/check.hpp"
#include "sim/encoding.hpp"
#include "sim/flat_queue.hpp"
#include "sim/id.hpp"
#include "sim/pending_set.hpp"
#include "sim/timed_queue.hpp"

namespace sim {
// by_time simulates: the heads that are due earliest are ready. any explores: all heads are ready,
// and no time is kept, which makes the queue as small as what is pending.
enum class Order : std::uint8_t { by_time, any };

template <class Payload>
requires std::copyable<Payload> && std::equality_comparable<Payload>
class EventQueue {
 public:
  explicit EventQueue(Order order = Order::any) {
    if (order == Order::by_time) timed_ = std::make_unique<TimedQueue<Payload>>();
  }
  EventQueue(const EventQueue& other)
      : flat_(other.flat_),
        timed_(other.timed_ ? std::make_unique<TimedQueue<Payload>>(*other.timed_) : nullptr) {}
  EventQueue(EventQueue&&) noexcept = default;
  EventQueue& operator=(const EventQueue& other) {
    flat_ = other.flat_;
    if (timed_ && other.timed_) {
      *timed_ = *other.timed_;
    } else {
      timed_ = other.timed_ ? std::make_unique<TimedQueue<Payload>>(*other.timed_) : nullptr;
    }
    return *this;
  }
  EventQueue& operator=(EventQueue&&) noexcept = default;
  ~EventQueue() = default;

  Order order() const { return timed_ ? Order::by_time : Order::any; }

  void post(Lane lane, Nanoseconds after, Payload what) {
    check(after <= std::numeric_limits<Nanoseconds>::max() - now());
    post_at(lane, now() + after, std::move(what));
  }
  // A due time in the past counts as now, one before the lane's last event as that event's.
  void post_at(Lane lane, Nanoseconds due, Payload what) {
    timed_ ? timed_->post_at(lane, due, std::move(what)) : flat_.post(lane, std::move(what));
  }
  // An event that occupies its lane for `occupancy` before it is due: a packet on a wire.
  void post_serial(Lane lane, Nanoseconds after, Nanoseconds occupancy, Payload what) {
    check(occupancy <= after && after <= std::numeric_limits<Nanoseconds>::max() - now());
    timed_ ? timed_->post_at(lane, now() + after, std::move(what), occupancy)
           : flat_.post(lane, std::move(what));
  }
  // Removes all that is pending in the lane, if anything is.
  void cancel(Lane lane) { timed_ ? timed_->cancel(lane) : flat_.cancel(lane); }

  // The lanes whose head may come next, ascending. Counting and picking one copies no list.
  Lanes ready() const {
    Lanes lanes;
    for (std::uint32_t nth = 0; nth < ready_count(); ++nth) lanes.push_back(ready_lane(nth));
    return lanes;
  }
  std::uint32_t ready_count() const { return timed_ ? timed_->ready_count() : flat_.ready_count(); }
  Lane ready_lane(std::uint32_t nth) const {
    return timed_ ? timed_->ready_lane(nth) : flat_.ready_lane(nth);
  }

  bool pending(Lane lane) const { return timed_ ? timed_->pending(lane) : flat_.pending(lane); }
  const Payload& head(Lane lane) const { return timed_ ? timed_->head(lane) : flat_.head(lane); }
  Nanoseconds due(Lane lane) const { return timed_ ? timed_->due(lane) : 0; }

  // Removes the head of a lane that is ready; by time, now() moves to when it is due.
  Payload take(Lane lane) { return timed_ ? timed_->take(lane) : flat_.take(lane); }

  Nanoseconds now() const { return timed_ ? timed_->now() : 0; }
  std::size_t size() const { return timed_ ? timed_->size() : flat_.size(); }
  bool empty() const { return size() == 0; }

  // When the next event is due. Only by time, and not if there is none.
  Nanoseconds next_due() const { return timed_->next_due(); }

  // visit(lane, what) for all that is pending in any order of lanes, in its order in each lane.
  template <class Visit>
  void for_each(Visit visit) const {
    timed_ ? timed_->flat().for_each(visit) : flat_.for_each(visit);
  }

  // What is pending in which lane, in its order. Time is left out, so that a queue by time equals
  // its counterpart in any order.
  void encode(Encoder& encoder) const { sim::encode(encoder, timed_ ? timed_->flat() : flat_); }
  bool operator==(const EventQueue& other) const {
    if (!timed_ && !other.timed_) return flat_ == other.flat_;
    return (timed_ ? timed_->flat() : flat_) == (other.timed_ ? other.timed_->flat() : other.flat_);
  }

 private:
  FlatQueue<Payload> flat_;                     // Used in any order;
  std::unique_ptr<TimedQueue<Payload>> timed_;  // by time. None: any order.
};
}  // namespace sim
