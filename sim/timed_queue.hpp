// SPDX-License-Identifier: Apache-2.0
// TimedQueue: an event queue by time. Each lane is a FIFO of events. Its first one stands in the
// timer wheel, at the lane's own place; most lanes never have another one.
// Invariant: due times do not fall along a lane; the head of each lane is in the wheel.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "sim/check.hpp"
#include "sim/flat_queue.hpp"
#include "sim/id.hpp"
#include "sim/pending_set.hpp"
#include "sim/ready_lanes.hpp"
#include "sim/timer_wheel.hpp"

namespace sim {
template <class Payload>
class TimedQueue {
 public:
  // Not before `gap` after the lane's last event.
  void post_at(Lane lane, Nanoseconds due, Payload what, Nanoseconds gap = 0) {
    if (lane.value >= lanes_) make(lane);
    ++size_;
    Head& head = heads_[lane.value];
    if (head.pending()) return follow(head, due, std::move(what), gap);
    head.due = std::max(due, now());
    head.what = std::move(what);
    start(lane);
  }

  void cancel(Lane lane) {
    if (!pending(lane)) return;
    Head& head = heads_[lane.value];
    stop_being_ready(lane);
    wheel_.erase(heads_, lane.value);
    --size_;
    while (head.last != none) drop_follower(head);
    head.next = idle;
  }

  Payload take(Lane lane) {
    check(pending(lane));
    find_ready();
    check(heads_[lane.value].due == ready_due_);
    stop_being_ready(lane);
    wheel_.take(heads_, lane.value);
    return leave(lane);
  }

  // Takes what is due earliest, and of several what has come to the head of its lane first: no
  // choice. Needs: not empty.
  std::pair<Lane, Payload> take_first() {
    ready_.clear();
    const Lane lane{wheel_.take_first(heads_)};
    return {lane, leave(lane)};
  }

  // When the next event is due. Needs: not empty.
  Nanoseconds next_due() const {
    find_ready();
    return ready_due_;
  }

  std::uint32_t ready_count() const {
    find_ready();
    return ready_.size();
  }
  Lane ready_lane(std::uint32_t nth) const {
    find_ready();
    return ready_.nth(nth);
  }

  bool pending(Lane lane) const { return lane.value < lanes_ && heads_[lane.value].pending(); }
  const Payload& head(Lane lane) const { return front(lane).what; }
  Nanoseconds due(Lane lane) const { return front(lane).due; }
  Nanoseconds now() const { return wheel_.now(); }
  std::size_t size() const { return size_; }

  // The same events without their times.
  FlatQueue<Payload> flat() const {
    FlatQueue<Payload> flat;
    for (std::uint32_t i = 0; i < heads_.size(); ++i) {
      const Head& head = heads_[i];
      if (!head.pending()) continue;
      flat.post(Lane{i}, head.what);
      if (head.last == none) continue;
      std::uint32_t at = head.last;
      do {
        at = followers_[at].next;
        flat.post(Lane{i}, followers_[at].what);
      } while (at != head.last);
    }
    return flat;
  }

 private:
  static constexpr std::uint32_t none = TimerEntry::none;
  static constexpr std::uint32_t idle = none - 1;

  struct Head : TimerEntry {
    Head() { next = idle; }
    bool pending() const { return next != idle; }

    std::uint32_t last = none;  // The last of those behind it.
    Payload what{};
  };
  struct Follower {
    Nanoseconds due = 0;
    std::uint32_t next = none;  // Behind the last one the first; or free.
    Payload what{};
  };

  const Head& front(Lane lane) const {
    check(pending(lane));
    return heads_[lane.value];
  }

  // Lanes come one by one: a little room is left, and no more.
  [[gnu::noinline]] void make(Lane lane) {
    const std::size_t wanted = lane.index() + 1;
    if (wanted > heads_.capacity()) heads_.reserve(wanted + wanted / 8);
    heads_.resize(wanted);
    lanes_ = static_cast<std::uint32_t>(wanted);
  }

  [[gnu::noinline]] void follow(Head& head, Nanoseconds due, Payload&& what, Nanoseconds gap) {
    std::uint32_t at = free_;
    if (at == none) {
      at = static_cast<std::uint32_t>(followers_.size());
      followers_.emplace_back();
    } else {
      free_ = followers_[at].next;
    }
    Follower& follower = followers_[at];
    const Nanoseconds before = head.last == none ? head.due : followers_[head.last].due;
    follower.due = std::max(due, before + gap);
    follower.what = std::move(what);
    follower.next = head.last == none ? at : std::exchange(followers_[head.last].next, at);
    head.last = at;
  }
  // The first one; another takes its place.
  [[gnu::noinline]] void drop_follower(Head& head) {
    const std::uint32_t at = followers_[head.last].next;
    if (at == head.last) {
      head.last = none;
    } else {
      followers_[head.last].next = followers_[at].next;
    }
    followers_[at].next = free_;
    free_ = at;
    --size_;
  }

  void start(Lane lane) {
    wheel_.insert(heads_, lane.value);
    if (ready_.size() == 0) return;
    const Nanoseconds due = heads_[lane.value].due;
    if (due > ready_due_) return;
    if (due < ready_due_) ready_.clear();
    ready_due_ = due;
    ready_.insert(lane);
  }
  // The head, which is not in the wheel any more, leaves its lane to the next.
  Payload leave(Lane lane) {
    Head& head = heads_[lane.value];
    Payload what = std::move(head.what);
    if (head.last == none) {
      head.next = idle;
      --size_;
      return what;
    }
    Follower& next = followers_[followers_[head.last].next];
    head.due = next.due;
    head.what = std::move(next.what);
    drop_follower(head);
    start(lane);
    return what;
  }
  void stop_being_ready(Lane lane) {
    if (ready_.size() > 0 && heads_[lane.value].due == ready_due_) ready_.erase(lane);
  }

  void find_ready() const {
    if (ready_.size() > 0 || size_ == 0) return;
    std::uint32_t at = wheel_.earliest();
    ready_due_ = heads_[at].due;
    for (; at != none; at = heads_[at].next) {
      const Nanoseconds due = heads_[at].due;
      if (due > ready_due_) continue;
      if (due < ready_due_) ready_.clear();
      ready_due_ = due;
      ready_.insert(Lane{at});
    }
  }

  TimerWheel<Head> wheel_;
  std::vector<Head> heads_;  // By lane;
  std::uint32_t lanes_ = 0;  // so many. (size() would divide.)
  std::vector<Follower> followers_;
  std::uint32_t free_ = none;
  std::size_t size_ = 0;
  // Found when asked for: the lanes that are due earliest. Empty: not known.
  mutable ReadyLanes ready_;
  mutable Nanoseconds ready_due_ = 0;
};
}  // namespace sim
