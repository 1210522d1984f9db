// SPDX-License-Identifier: Apache-2.0
// Frontier: the worlds that were found and not expanded yet, first in, first out. A world that has
// left lends its memory to a later one, so a search allocates little.
#pragma once

#include <cstddef>
#include <deque>
#include <vector>

#include "sim/check.hpp"

namespace sim {
template <class W>
class Frontier {
 public:
  bool empty() const { return order_.empty(); }
  std::size_t size() const { return order_.size(); }
  std::size_t capacity() const { return worlds_.size(); }

  // The reference is good until pop().
  const W& front() const {
    check(!empty());
    return worlds_[order_.front()];
  }
  void push(const W& world) {
    if (free_.empty()) {
      order_.push_back(worlds_.size());
      worlds_.push_back(world);
    } else {
      order_.push_back(free_.back());
      free_.pop_back();
      worlds_[order_.back()] = world;
    }
  }
  void pop() {
    free_.push_back(order_.front());
    order_.pop_front();
  }

 private:
  std::deque<W> worlds_;  // Stay where they are.
  std::deque<std::size_t> order_;
  std::vector<std::size_t> free_;
};
}  // namespace sim
