// SPDX-License-Identifier: Apache-2.0
// Blocks<State>: a sequence of states that grows at its end and never moves.
#pragma once

#include <cstddef>
#include <vector>

#include "sim/search/pages.hpp"

namespace sim {
template <class State>
class Blocks {
 public:
  std::size_t size() const { return size_; }
  std::size_t bytes() const { return size_ * sizeof(State); }
  const State& operator[](std::size_t i) const { return blocks_[i >> block_bits][i & block_mask]; }

  void push_back(const State& state) {
    const std::size_t block = size_ >> block_bits;
    if (block == blocks_.size()) blocks_.push_back(Pages<State>(block_mask + 1, next_size()));
    blocks_[block][size_++ & block_mask] = state;
  }

 private:
  // A small search does not fill the first block.
  PageSize next_size() const { return blocks_.empty() ? PageSize::small : PageSize::huge; }

  static constexpr unsigned block_bits = 17;
  static constexpr std::size_t block_mask = (std::size_t{1} << block_bits) - 1;

  std::vector<Pages<State>> blocks_;
  std::size_t size_ = 0;
};
}  // namespace sim
