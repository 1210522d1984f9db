// SPDX-License-Identifier: Apache-2.0
#pragma once

// The entries of a TLB, oldest first. An index finds one of many at once; it is made when it is
// asked for, and is no part of the value.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "model/memory/small.hpp"

namespace model {

// What an entry is for; no two entries have the same.
struct TlbPlace {
  std::uint32_t owner = 0;  // An address space or a registration.
  std::uint32_t page = 0;
  std::uint32_t more = 0;

  bool operator==(const TlbPlace&) const = default;
};

template <class Entry, std::size_t inline_entries>
class TlbEntries {
 public:
  using Store = Small<Entry, inline_entries>;
  using value_type = Entry;
  using iterator = typename Store::iterator;
  using const_iterator = typename Store::const_iterator;

  TlbEntries() = default;
  TlbEntries(const TlbEntries& other) : entries_(other.begin(), other.end()) {}
  TlbEntries(TlbEntries&&) noexcept = default;
  TlbEntries& operator=(const TlbEntries& other) {
    if (this != &other) *this = TlbEntries(other);
    return *this;
  }
  TlbEntries& operator=(TlbEntries&&) noexcept = default;
  ~TlbEntries() = default;

  iterator begin() { return entries_.begin() + gone_; }
  iterator end() { return entries_.end(); }
  const_iterator begin() const { return entries_.begin() + gone_; }
  const_iterator end() const { return entries_.end(); }
  std::size_t size() const { return entries_.size() - gone_; }
  bool empty() const { return size() == 0; }
  const Entry* data() const { return entries_.data() + gone_; }
  const Entry& front() const { return entries_[gone_]; }
  const Entry& back() const { return entries_.back(); }

  void push_back(const Entry& entry) {
    entries_.push_back(entry);
    if (index_) enter(static_cast<std::uint32_t>(entries_.size()) - 1);
  }
  void drop_oldest() {
    ++gone_;
    if (gone_ < 64 || gone_ < size()) return;
    entries_.erase(entries_.begin(), entries_.begin() + gone_);
    if (index_) index_->base += gone_;
    gone_ = 0;
  }
  void erase(iterator first, iterator last) {
    if (first == last) return;
    entries_.erase(first, last);
    index_.reset();
  }

  void clear() { erase(begin(), end()); }

  [[gnu::always_inline]] inline const Entry* find(const TlbPlace& place) const {
    if (!index_) [[unlikely]] {
      if (size() <= few) return look_through(place);
      build();
    }
    const Index& index = *index_;
    for (std::uint32_t slot = first_slot(index, place);; slot = (slot + 1) & index.mask) {
      const std::uint32_t number = index.numbers[slot];
      if (number == Index::none) return nullptr;
      const std::uint32_t position = number - index.base;
      if (is_live(position) && entries_[position].place() == place) return &entries_[position];
    }
  }

  bool operator==(const TlbEntries& other) const {
    return std::equal(begin(), end(), other.begin(), other.end());
  }

 private:
  static constexpr std::size_t few = 8;  // Are looked through.

  // Open addressing. An entry has the number that it would have if none had ever been dropped, so
  // that numbers stay; that of a dropped one is taken for no entry.
  struct Index {
    static constexpr std::uint32_t none = 0xffffffff;
    std::vector<std::uint32_t> numbers;
    std::uint32_t mask = 0;
    std::uint32_t base = 0;  // The number of entries_[0].
    std::uint32_t used = 0;  // Slots that are not none.
  };

  static std::uint32_t first_slot(const Index& index, const TlbPlace& place) {
    std::uint64_t hash = (std::uint64_t{place.owner} << 32 | place.page) + place.more;
    hash *= 0x9e3779b97f4a7c15;
    return static_cast<std::uint32_t>(hash >> 32) & index.mask;
  }
  bool is_live(std::uint32_t position) const {
    return position >= gone_ && position < entries_.size();
  }

  const Entry* look_through(const TlbPlace& place) const {
    const auto found =
        std::find_if(begin(), end(), [&](const Entry& entry) { return entry.place() == place; });
    return found == end() ? nullptr : &*found;
  }
  [[gnu::noinline]] void build() const {
    index_ = std::make_unique<Index>();
    std::size_t slots = 64;
    while (slots < 4 * size()) slots *= 2;
    index_->numbers.assign(slots, Index::none);
    index_->mask = static_cast<std::uint32_t>(slots) - 1;
    for (std::uint32_t i = gone_; i < entries_.size(); ++i) enter(i);
  }
  void enter(std::uint32_t position) const {
    Index& index = *index_;
    if (4 * (index.used + 1) > 3 * index.numbers.size()) return index_.reset();
    std::uint32_t slot = first_slot(index, entries_[position].place());
    while (index.numbers[slot] != Index::none && is_live(index.numbers[slot] - index.base)) {
      slot = (slot + 1) & index.mask;
    }
    if (index.numbers[slot] == Index::none) ++index.used;
    index.numbers[slot] = position + index.base;
  }

  Store entries_;           // Behind those that are gone,
  std::uint32_t gone_ = 0;  // so many.
  mutable std::unique_ptr<Index> index_;
};

}  // namespace model
