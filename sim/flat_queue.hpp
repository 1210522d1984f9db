// SPDX-License-Identifier: Apache-2.0
// FlatQueue: an event queue without time. Its items stand in one small sorted vector: copying it
// costs a few words, and up to eight items need no heap.
// Invariant: lanes ascend, and within a lane the oldest item comes first.
#pragma once

#include <algorithm>
#include <boost/container/small_vector.hpp>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "sim/check.hpp"
#include "sim/encoding.hpp"
#include "sim/id.hpp"

namespace sim {
template <class Payload>
class FlatQueue {
 public:
  void post(Lane lane, Payload what) {
    check(lane.some());
    items_.insert(end_of(lane), Item{.lane = lane, .what = std::move(what)});
  }
  void cancel(Lane lane) { items_.erase(begin_of(lane), end_of(lane)); }

  Payload take(Lane lane) {
    const auto item = begin_of(lane);
    check(item != items_.end() && item->lane == lane);
    Payload what = std::move(item->what);
    items_.erase(item);
    return what;
  }

  std::uint32_t ready_count() const {
    std::uint32_t count = 0;
    for (std::size_t i = 0; i < items_.size(); ++i)
      if (starts_lane(i)) ++count;
    return count;
  }
  Lane ready_lane(std::uint32_t nth) const {
    for (std::size_t i = 0; i < items_.size(); ++i)
      if (starts_lane(i) && nth-- == 0) return items_[i].lane;
    check(false);
    return {};
  }

  bool pending(Lane lane) const {
    const auto item = begin_of(lane);
    return item != items_.end() && item->lane == lane;
  }
  const Payload& head(Lane lane) const {
    check(pending(lane));
    return begin_of(lane)->what;
  }
  std::size_t size() const { return items_.size(); }
  // visit(lane, what) for all, by lane; in a lane the oldest comes first.
  template <class Visit>
  void for_each(Visit visit) const {
    for (const Item& item : items_) visit(item.lane, item.what);
  }

  bool operator==(const FlatQueue& other) const { return std::ranges::equal(items_, other.items_); }
  void encode(Encoder& encoder) const { sim::encode(encoder, items_); }

 private:
  struct Item {
    Lane lane;
    Payload what;
    bool operator==(const Item&) const = default;
  };

  bool starts_lane(std::size_t i) const { return i == 0 || items_[i - 1].lane != items_[i].lane; }
  auto begin_of(Lane lane) { return std::ranges::lower_bound(items_, lane, {}, &Item::lane); }
  auto begin_of(Lane lane) const { return std::ranges::lower_bound(items_, lane, {}, &Item::lane); }
  auto end_of(Lane lane) { return std::ranges::upper_bound(items_, lane, {}, &Item::lane); }

  boost::container::small_vector<Item, 8> items_;
};
}  // namespace sim
