// SPDX-License-Identifier: Apache-2.0
// Batch: states on their way from the chunk in which they were met to the shard that holds their
// like, with their keys.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <utility>

#include "sim/search/hash.hpp"

namespace sim {
template <class State, class Key>
class Batch {
 public:
  std::size_t size() const { return size_; }
  void clear() { size_ = 0; }

  void add(const State& state, Key key) {
    if (size_ == room_) [[unlikely]]
      grow();
    entries_[size_++] = {key, state};
  }

  // So many entries later, memory has arrived that was asked for.
  static constexpr std::size_t ahead = 8;

  // Inserts all, in their order.
  template <class Shard>
  void insert_into(Shard& shard) const {
    std::array<Place, ahead> places;
    for (std::size_t i = 0; i < std::min(2 * ahead, size_); ++i)
      shard.prefetch_slot(entries_[i].key);
    for (std::size_t i = 0; i < std::min(ahead, size_); ++i)
      places[i] = shard.prefetch_state(entries_[i].key);
    for (std::size_t i = 0; i < size_; ++i) {
      if (i + 2 * ahead < size_) shard.prefetch_slot(entries_[i + 2 * ahead].key);
      Place& place = places[i % ahead];
      shard.insert(entries_[i].state, entries_[i].key, place);
      if (i + ahead < size_) place = shard.prefetch_state(entries_[i + ahead].key);
    }
  }

 private:
  struct Entry {
    Key key;
    State state;
  };

  void grow() {
    room_ = std::max<std::size_t>(room_ * 2, 16);
    auto more = std::make_unique_for_overwrite<Entry[]>(room_);
    std::copy_n(entries_.get(), size_, more.get());
    entries_ = std::move(more);
  }

  std::unique_ptr<Entry[]> entries_;
  std::size_t room_ = 0;
  std::size_t size_ = 0;
};
}  // namespace sim
