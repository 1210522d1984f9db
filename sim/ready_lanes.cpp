// SPDX-License-Identifier: Apache-2.0
#include "sim/ready_lanes.hpp"

#include <algorithm>
#include <bit>

#include "sim/check.hpp"

namespace sim {
Lane ReadyLanes::nth(std::uint32_t nth) const {
  check(nth < size_);
  return many_ ? nth_bit(nth) : few_[nth];
}

void ReadyLanes::insert_another(Lane lane) {
  if (size_ == few_max && !many_) {
    for (const Lane earlier : few_) insert_bit(earlier);
    many_ = true;
  }
  many_ ? insert_bit(lane) : insert_few(lane);
  ++size_;
}

void ReadyLanes::erase_one_of_several(Lane lane) {
  many_ ? erase_bit(lane) : erase_few(lane);
  --size_;
  if (size_ == 0) many_ = false;
}

void ReadyLanes::clear_bits() {
  std::ranges::fill(words_, 0);
  std::ranges::fill(groups_, 0);
  many_ = false;
}

// ---- A sorted vector.

void ReadyLanes::insert_few(Lane lane) {
  std::uint32_t at = size_;
  for (; at > 0 && lane < few_[at - 1]; --at) few_[at] = few_[at - 1];
  few_[at] = lane;
}

void ReadyLanes::erase_few(Lane lane) {
  const std::uint32_t last = size_ - 1;
  std::uint32_t at = 0;
  while (at < last && few_[at] < lane) ++at;
  check(few_[at] == lane);
  for (; at < last; ++at) few_[at] = few_[at + 1];
}

// ---- A bit set.

void ReadyLanes::insert_bit(Lane lane) {
  const std::size_t group = lane.index() / group_bits;
  if (group >= groups_.size()) {
    groups_.resize(group + 1);
    words_.resize((group + 1) * (group_bits / word_bits));
  }
  ++groups_[group];
  words_[lane.index() / word_bits] |= std::uint64_t{1} << (lane.index() % word_bits);
}

void ReadyLanes::erase_bit(Lane lane) {
  --groups_[lane.index() / group_bits];
  words_[lane.index() / word_bits] &= ~(std::uint64_t{1} << (lane.index() % word_bits));
}

Lane ReadyLanes::nth_bit(std::uint32_t nth) const {
  std::size_t group = 0;
  while (nth >= groups_[group]) nth -= groups_[group++];
  std::size_t index = group * (group_bits / word_bits);
  auto in_word = static_cast<std::uint32_t>(std::popcount(words_[index]));
  while (nth >= in_word) {
    nth -= in_word;
    in_word = static_cast<std::uint32_t>(std::popcount(words_[++index]));
  }
  std::uint64_t word = words_[index];
  for (; nth > 0; --nth) word &= word - 1;  // Clears the lowest bit.
  const std::size_t bit = index * word_bits + static_cast<std::size_t>(std::countr_zero(word));
  return Lane{static_cast<std::uint32_t>(bit)};
}
}  // namespace sim
