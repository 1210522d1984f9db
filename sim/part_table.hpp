// SPDX-License-Identifier: Apache-2.0
// PartTable: gives equal values the same number, so that a state is a few numbers. Worlds that a
// search meets differ in few of their parts, and each part takes few values. (Holzmann calls it
// collapse compression: State compression in SPIN, 1997.)
//
// Several threads may use a table. Which number a value gets depends on who comes first: numbers
// are compared for equality, and never shown or ordered.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <boost/container/small_vector.hpp>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <mutex>
#include <span>
#include <vector>

#include "sim/check.hpp"
#include "sim/encoding.hpp"

namespace sim {
using PartNumber = std::uint32_t;

// A vector that many threads read while one appends: what is in it never moves.
// Block b holds 2^b times as many values as block 0.
template <class T>
class StableVector {
 public:
  std::size_t size() const { return size_; }
  const T& operator[](std::size_t index) const {
    const auto [block, offset] = place_of(index);
    return blocks_[block][offset];
  }
  void push_back(const T& value) {
    const auto [block, offset] = place_of(size_);
    if (offset == 0) blocks_[block].reserve(first_block << block);
    blocks_[block].push_back(value);
    ++size_;
  }

 private:
  struct Place {
    std::size_t block;
    std::size_t offset;
  };
  static constexpr std::size_t first_block = 16;
  static constexpr std::size_t blocks_max = 28;

  static Place place_of(std::size_t index) {
    const std::size_t shifted = index + first_block;
    const auto block = static_cast<std::size_t>(std::bit_width(shifted / first_block)) - 1;
    return {.block = block, .offset = shifted - (first_block << block)};
  }

  std::array<std::vector<T>, blocks_max> blocks_;
  std::size_t size_ = 0;
};

template <class T>
concept IsNumbers = requires(const T value) {
  { *value.data() } -> std::same_as<const PartNumber&>;
};

// T is copyable, has == and can be encoded; what == compares is what is
// encoded.
template <class T>
class PartTable {
 public:
  PartTable() {
    all_slots_.emplace_back(slots_at_first);
    slots_ = &all_slots_.back();
  }

  const T& operator[](PartNumber number) const { return values_[number]; }

  // `scratch` is working memory. A value that is known is found without a lock.
  PartNumber number_of(const T& value, Encoder& scratch) {
    const std::uint32_t hash = hash_of(value, scratch);
    const Slots& seen = *slots_.load(std::memory_order_acquire);
    const Found found = find(seen, hash, value);
    return found.slot != 0 ? number_in(found.slot) : insert(value, hash);
  }

  std::size_t bytes() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return values_.size() * sizeof(T) + all_slots_.back().size() * sizeof(Slots::value_type);
  }

 private:
  // 0 or a hash and, from 1, a number. A search begins at the hash and ends at a 0.
  using Slots = std::vector<std::atomic<std::uint64_t>>;

  static std::uint32_t hash_of(const T& value, Encoder& scratch) {
    if constexpr (IsNumbers<T>) {
      const auto bytes = std::as_bytes(std::span(value.data(), value.size()));
      return static_cast<std::uint32_t>(fingerprint(bytes).low);
    } else {
      scratch.clear();
      sim::encode(scratch, value);
      return static_cast<std::uint32_t>(fingerprint(scratch.bytes()).low);
    }
  }
  static std::uint32_t hash_in(std::uint64_t slot) {
    return static_cast<std::uint32_t>(slot >> 32U);
  }
  static PartNumber number_in(std::uint64_t slot) { return static_cast<PartNumber>(slot) - 1; }

  struct Found {
    std::size_t at;
    std::uint64_t slot;
  };
  // Where the value is, or else the free slot where it belongs.
  Found find(const Slots& slots, std::uint32_t hash, const T& value) const {
    const std::size_t mask = slots.size() - 1;
    for (std::size_t at = hash & mask;; at = (at + 1) & mask) {
      const std::uint64_t slot = slots[at].load(std::memory_order_acquire);
      if (slot == 0) return {.at = at, .slot = 0};
      if (hash_in(slot) == hash && values_[number_in(slot)] == value)
        return {.at = at, .slot = slot};
    }
  }

  PartNumber insert(const T& value, std::uint32_t hash) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (4 * values_.size() >= 3 * all_slots_.back().size()) grow();
    Slots& slots = all_slots_.back();
    const Found found = find(slots, hash, value);
    if (found.slot != 0) return number_in(found.slot);  // Another thread was here first.
    check(values_.size() < std::numeric_limits<PartNumber>::max() - 1);
    values_.push_back(value);
    slots[found.at].store(std::uint64_t{hash} << 32U | values_.size(), std::memory_order_release);
    return static_cast<PartNumber>(values_.size() - 1);
  }

  // The old slots stay, for who is looking at them: what is missing there is found by insert().
  void grow() {
    const Slots& old = all_slots_.back();
    Slots& slots = all_slots_.emplace_back(2 * old.size());
    const std::size_t mask = slots.size() - 1;
    for (const std::atomic<std::uint64_t>& slot : old) {
      const std::uint64_t moved = slot.load(std::memory_order_relaxed);
      if (moved == 0) continue;
      std::size_t at = hash_in(moved) & mask;
      while (slots[at].load(std::memory_order_relaxed) != 0) at = (at + 1) & mask;
      slots[at].store(moved, std::memory_order_relaxed);
    }
    slots_.store(&slots, std::memory_order_release);
  }

  static constexpr std::size_t slots_at_first = 64;

  mutable std::mutex mutex_;  // Held by who inserts.
  StableVector<T> values_;
  std::deque<Slots> all_slots_;
  std::atomic<const Slots*> slots_;  // The last of them.
};
}  // namespace sim
