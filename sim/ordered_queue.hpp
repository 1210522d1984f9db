// SPDX-License-Identifier: Apache-2.0
// OrderedQueue: an event queue by time with no cleverness, a red-black tree, to test and to measure
// the timer wheel against. Invariant: heads_ holds the lanes that are not idle, by the due time of
// their first events.
#pragma once

#include <algorithm>
#include <boost/intrusive/set.hpp>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <iterator>
#include <utility>
#include <vector>

#include "sim/check.hpp"
#include "sim/id.hpp"

namespace sim {
template <class Payload>
class OrderedQueue {
 public:
  OrderedQueue() = default;
  OrderedQueue(const OrderedQueue& other)
      : lanes_(other.lanes_), now_(other.now_), size_(other.size_) {
    link();
  }
  OrderedQueue& operator=(const OrderedQueue& other) {
    if (this == &other) return *this;
    heads_.clear();
    lanes_ = other.lanes_;
    now_ = other.now_;
    size_ = other.size_;
    link();
    return *this;
  }
  ~OrderedQueue() { heads_.clear(); }

  void post_at(Lane lane, Nanoseconds due, Payload what) {
    while (lane.index() >= lanes_.size())
      lanes_.emplace_back().lane = Lane{static_cast<std::uint32_t>(lanes_.size() - 1)};
    Fifo& fifo = lanes_[lane.index()];
    const bool first = fifo.events.empty();
    due = std::max(due, first ? now_ : fifo.events.back().due);
    fifo.events.push_back({due, std::move(what)});
    if (first) heads_.insert(fifo);
    ++size_;
  }

  void cancel(Lane lane) {
    if (!pending(lane)) return;
    Fifo& fifo = lanes_[lane.index()];
    heads_.erase(Heads::s_iterator_to(fifo));
    size_ -= fifo.events.size();
    fifo.events.clear();
  }

  Payload take(Lane lane) {
    check(pending(lane));
    check(due(lane) == heads_.begin()->due());
    Fifo& fifo = lanes_[lane.index()];
    now_ = fifo.due();
    heads_.erase(Heads::s_iterator_to(fifo));
    Payload what = std::move(fifo.events.front().what);
    fifo.events.erase(fifo.events.begin());
    --size_;
    if (!fifo.events.empty()) heads_.insert(fifo);
    return what;
  }

  std::uint32_t ready_count() const {
    std::uint32_t count = 0;
    for (auto head = heads_.begin(); head != heads_.end(); ++head, ++count)
      if (head->due() > heads_.begin()->due()) break;
    return count;
  }
  Lane ready_lane(std::uint32_t nth) const {
    check(nth < ready_count());
    return std::next(heads_.begin(), nth)->lane;
  }

  bool pending(Lane lane) const {
    return lane.index() < lanes_.size() && !lanes_[lane.index()].events.empty();
  }
  const Payload& head(Lane lane) const { return front(lane).what; }
  Nanoseconds due(Lane lane) const { return front(lane).due; }
  Nanoseconds now() const { return now_; }
  std::size_t size() const { return size_; }

 private:
  struct Event {
    Nanoseconds due;
    Payload what;
  };
  using Hook =
      boost::intrusive::set_base_hook<boost::intrusive::link_mode<boost::intrusive::normal_link>>;
  struct Fifo : Hook {
    Nanoseconds due() const { return events.front().due; }
    bool operator<(const Fifo& other) const {
      return std::pair(due(), lane) < std::pair(other.due(), other.lane);
    }

    Lane lane;
    std::vector<Event> events;
  };
  using Heads = boost::intrusive::set<Fifo, boost::intrusive::constant_time_size<false>>;

  const Event& front(Lane lane) const {
    check(pending(lane));
    return lanes_[lane.index()].events.front();
  }
  void link() {
    for (Fifo& fifo : lanes_)
      if (!fifo.events.empty()) heads_.insert(fifo);
  }

  std::deque<Fifo> lanes_;  // Grows without moving what it holds.
  Heads heads_;
  Nanoseconds now_ = 0;
  std::size_t size_ = 0;
};
}  // namespace sim
