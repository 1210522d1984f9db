// SPDX-License-Identifier: Apache-2.0
// Frontier: the states that were found and not expanded yet, first in, first out, as the numbers of
// their parts.
#pragma once

#include <cstddef>
#include <deque>

#include "sim/check.hpp"

namespace sim {
template <class Numbers>
class Frontier {
 public:
  bool empty() const { return states_.empty(); }
  std::size_t size() const { return states_.size(); }
  std::size_t bytes() const { return states_.size() * sizeof(Numbers); }

  const Numbers& front() const {
    check(!empty());
    return states_.front();
  }
  void push(const Numbers& numbers) { states_.push_back(numbers); }
  void pop() { states_.pop_front(); }

 private:
  std::deque<Numbers> states_;
};
}  // namespace sim
