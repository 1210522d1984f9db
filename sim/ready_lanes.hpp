// SPDX-License-Identifier: Apache-2.0
// ReadyLanes: an ascending set of lanes that picks the nth quickly, whether one lane is ready or a
// million are due at the same instant. Few stand in a sorted vector, many in a bit set.
// Invariant: one of the two forms is in use, and no bit is set while the vector is.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "sim/check.hpp"
#include "sim/id.hpp"

namespace sim {
class ReadyLanes {
 public:
  std::uint32_t size() const { return size_; }
  Lane nth(std::uint32_t nth) const;

  // Needs: not yet in. Most of the time, only one lane is ready.
  void insert(Lane lane) {
    if (size_ > 0) return insert_another(lane);
    few_[0] = lane;
    size_ = 1;
  }
  // Needs: in.
  void erase(Lane lane) {
    if (size_ > 1 || many_) return erase_one_of_several(lane);
    check(size_ == 1 && few_[0] == lane);
    size_ = 0;
  }
  void clear() {
    if (many_) clear_bits();
    size_ = 0;
  }

 private:
  static constexpr std::size_t few_max = 32;
  static constexpr std::size_t word_bits = 64;
  static constexpr std::size_t group_bits = 64 * word_bits;

  void clear_bits();
  void insert_another(Lane lane);
  void erase_one_of_several(Lane lane);
  void insert_few(Lane lane);
  void insert_bit(Lane lane);
  void erase_few(Lane lane);
  void erase_bit(Lane lane);
  Lane nth_bit(std::uint32_t nth) const;

  std::uint32_t size_ = 0;
  bool many_ = false;
  std::array<Lane, few_max> few_;  // Sorted; the first size_ of them, if not many_.
  std::vector<std::uint64_t> words_;
  std::vector<std::uint32_t> groups_;  // How many bits are set in each 64 words.
};
}  // namespace sim
