// SPDX-License-Identifier: Apache-2.0
// PartTable: gives equal values the same number, so that a state is a few numbers. Worlds that a
// search meets differ in few of their parts, and each part takes few values. (Holzmann calls it
// collapse compression: State compression in SPIN, 1997.)
//
// Several threads may use a table. Which number a value gets depends on who comes first: numbers
// are compared for equality, and never shown or ordered.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <boost/container/small_vector.hpp>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <mutex>
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

// T is copyable, has == and can be encoded; what == compares is what is
// encoded.
template <class T>
class PartTable {
 public:
  const T& operator[](PartNumber number) const { return values_[number]; }

  // `scratch` is working memory.
  PartNumber number_of(const T& value, Encoder& scratch) {
    scratch.clear();
    sim::encode(scratch, value);
    const std::uint64_t hash = fingerprint(scratch.bytes()).low;
    const std::lock_guard<std::mutex> lock(mutex_);
    if (4 * values_.size() >= 3 * slots_.size()) grow();
    Slot& slot = slots_[find(hash, value)];
    if (slot.next == 0) {
      check(values_.size() < std::numeric_limits<PartNumber>::max());
      values_.push_back(value);
      slot = {.hash = hash, .next = static_cast<PartNumber>(values_.size())};
    }
    return slot.next - 1;
  }

  std::size_t bytes() const { return values_.size() * sizeof(T) + slots_.size() * sizeof(Slot); }

 private:
  struct Slot {
    std::uint64_t hash = 0;
    PartNumber next = 0;  // The number after the value's; 0: free.
  };

  std::size_t find(std::uint64_t hash, const T& value) const {
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = static_cast<std::size_t>(hash) & mask;
    for (; slots_[at].next != 0; at = (at + 1) & mask)
      if (slots_[at].hash == hash && values_[slots_[at].next - 1] == value) break;
    return at;
  }
  void grow() {
    std::vector<Slot> old(std::max<std::size_t>(64, 2 * slots_.size()));
    old.swap(slots_);
    const std::size_t mask = slots_.size() - 1;
    for (const Slot& slot : old) {
      if (slot.next == 0) continue;
      std::size_t at = static_cast<std::size_t>(slot.hash) & mask;
      while (slots_[at].next != 0) at = (at + 1) & mask;
      slots_[at] = slot;
    }
  }

  std::mutex mutex_;
  StableVector<T> values_;
  std::vector<Slot> slots_;
};
}  // namespace sim
