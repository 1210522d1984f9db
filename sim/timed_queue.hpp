// SPDX-License-Identifier: Apache-2.0
// TimedQueue: an event queue by time. Each lane is a FIFO of events, and only its head stands in
// the timer wheel. An idle lane costs two words, a pending event one node of a slab.
// Invariant: due times do not fall along a lane; the head of each lane is in the wheel.
#pragma once

#include <algorithm>
#include <boost/container/deque.hpp>
#include <boost/intrusive/slist.hpp>
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
  TimedQueue() = default;
  TimedQueue(const TimedQueue& other) { copy(other); }
  TimedQueue& operator=(const TimedQueue& other) {
    if (this == &other) return *this;
    for (Fifo& fifo : lanes_) release(fifo);
    copy(other);
    return *this;
  }
  ~TimedQueue() = default;

  // Not before `gap` after the lane's last event.
  void post_at(Lane lane, Nanoseconds due, Payload what, Nanoseconds gap = 0) {
    if (lane.index() >= lanes_.size()) lanes_.resize(lane.index() + 1);
    Fifo& fifo = lanes_[lane.index()];
    Event& event = allocate(std::move(what));
    event.lane = lane;
    event.due = std::max(due, fifo.empty() ? now() : fifo.back().due + gap);
    fifo.push_back(event);
    ++size_;
    if (&fifo.front() == &event) start(event);
  }

  void cancel(Lane lane) {
    if (!pending(lane)) return;
    Fifo& fifo = lanes_[lane.index()];
    stop_being_ready(fifo.front());
    wheel_.erase(fifo.front());
    release(fifo);
  }

  Payload take(Lane lane) {
    check(pending(lane));
    find_ready();
    Fifo& fifo = lanes_[lane.index()];
    Event& event = fifo.front();
    check(event.due == ready_due_);
    stop_being_ready(event);
    wheel_.take(event);
    fifo.pop_front();
    --size_;
    Payload what = std::move(event.what);
    free_.push_front(event);
    if (!fifo.empty()) start(fifo.front());
    return what;
  }

  std::uint32_t ready_count() const {
    find_ready();
    return ready_.size();
  }
  Lane ready_lane(std::uint32_t nth) const {
    find_ready();
    return ready_.nth(nth);
  }

  bool pending(Lane lane) const {
    return lane.index() < lanes_.size() && !lanes_[lane.index()].empty();
  }
  const Payload& head(Lane lane) const { return front(lane).what; }
  Nanoseconds due(Lane lane) const { return front(lane).due; }
  Nanoseconds now() const { return wheel_.now(); }
  std::size_t size() const { return size_; }

  // The same events without their times.
  FlatQueue<Payload> flat() const {
    FlatQueue<Payload> flat;
    for (const Fifo& fifo : lanes_)
      for (const Event& event : fifo) flat.post(event.lane, event.what);
    return flat;
  }

 private:
  using LaneHook =
      boost::intrusive::slist_base_hook<boost::intrusive::tag<struct ByLane>,
                                        boost::intrusive::link_mode<boost::intrusive::normal_link>>;
  struct Event : TimerEntry, LaneHook {
    explicit Event(Payload&& payload) : what(std::move(payload)) {}
    Payload what;
  };
  using Fifo =
      boost::intrusive::slist<Event, boost::intrusive::base_hook<LaneHook>,
                              boost::intrusive::constant_time_size<false>,
                              boost::intrusive::cache_last<true>, boost::intrusive::linear<true>>;
  using Slab = boost::container::deque<  // Grows without moving what it holds.
      Event, void, boost::container::deque_options_t<boost::container::block_bytes<4096U>>>;

  const Event& front(Lane lane) const {
    check(pending(lane));
    return lanes_[lane.index()].front();
  }

  Event& allocate(Payload&& what) {
    if (free_.empty()) return slab_.emplace_back(std::move(what));
    Event& event = free_.front();
    free_.pop_front();
    event.what = std::move(what);
    return event;
  }
  void release(Fifo& fifo) {
    while (!fifo.empty()) {
      Event& event = fifo.front();
      fifo.pop_front();
      free_.push_front(event);
      --size_;
    }
  }

  // The event becomes the head of its lane.
  void start(Event& event) {
    wheel_.insert(event);
    if (ready_.size() == 0 || event.due > ready_due_) return;
    if (event.due < ready_due_) ready_.clear();
    ready_due_ = event.due;
    ready_.insert(event.lane);
  }
  void stop_being_ready(const Event& event) {
    if (ready_.size() > 0 && event.due == ready_due_) ready_.erase(event.lane);
  }

  void find_ready() const {
    if (ready_.size() > 0 || size_ == 0) return;
    const TimerWheel::Slot& slot = wheel_.earliest_slot();
    ready_due_ = slot.front().due;
    for (const TimerEntry& entry : slot) {
      if (entry.due > ready_due_) continue;
      if (entry.due < ready_due_) ready_.clear();
      ready_due_ = entry.due;
      ready_.insert(entry.lane);
    }
  }

  void copy(const TimedQueue& other) {
    ready_.clear();
    wheel_.reset(other.now());
    for (const Fifo& fifo : other.lanes_)
      for (const Event& event : fifo) post_at(event.lane, event.due, event.what);
  }

  TimerWheel wheel_;
  std::vector<Fifo> lanes_;
  Slab slab_;
  Fifo free_;
  std::size_t size_ = 0;
  // Found when asked for: the lanes that are due earliest. Empty: not known.
  mutable ReadyLanes ready_;
  mutable Nanoseconds ready_due_ = 0;
};
}  // namespace sim
