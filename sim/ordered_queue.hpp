// SPDX-License-Identifier: Apache-2.0
// OrderedQueue: an event queue by time with no cleverness, to test and to measure the timer wheel
// against. Invariant: heads_ holds the head of each lane that is not idle, and nothing else.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <set>
#include <utility>
#include <vector>

#include "sim/check.hpp"
#include "sim/id.hpp"

namespace sim {
template <class Payload>
class OrderedQueue {
 public:
  void post_at(Lane lane, Nanoseconds due, Payload what) {
    if (lane.index() >= lanes_.size()) lanes_.resize(lane.index() + 1);
    auto& events = lanes_[lane.index()];
    due = std::max(due, events.empty() ? now_ : events.back().due);
    if (events.empty()) heads_.insert({due, lane});
    events.push_back({due, std::move(what)});
    ++size_;
  }

  void cancel(Lane lane) {
    if (!pending(lane)) return;
    heads_.erase({due(lane), lane});
    size_ -= lanes_[lane.index()].size();
    lanes_[lane.index()].clear();
  }

  Payload take(Lane lane) {
    check(pending(lane));
    check(due(lane) == heads_.begin()->first);
    auto& events = lanes_[lane.index()];
    now_ = events.front().due;
    heads_.erase({now_, lane});
    Payload what = std::move(events.front().what);
    events.erase(events.begin());
    --size_;
    if (!events.empty()) heads_.insert({events.front().due, lane});
    return what;
  }

  std::uint32_t ready_count() const {
    std::uint32_t count = 0;
    for (auto head = heads_.begin(); head != heads_.end(); ++head, ++count)
      if (head->first > heads_.begin()->first) break;
    return count;
  }
  Lane ready_lane(std::uint32_t nth) const {
    check(nth < ready_count());
    return std::next(heads_.begin(), nth)->second;
  }

  bool pending(Lane lane) const {
    return lane.index() < lanes_.size() && !lanes_[lane.index()].empty();
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

  const Event& front(Lane lane) const {
    check(pending(lane));
    return lanes_[lane.index()].front();
  }

  std::vector<std::vector<Event>> lanes_;
  std::set<std::pair<Nanoseconds, Lane>> heads_;
  Nanoseconds now_ = 0;
  std::size_t size_ = 0;
};
}  // namespace sim
