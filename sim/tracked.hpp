// SPDX-License-Identifier: Apache-2.0
// Tracked<Container>: a sequence that knows which of its elements may have changed since it was
// looked at last, so that a search need not look at the others. Any access that could write counts
// as a change; who only reads should do so through const.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace sim {
template <class Container>
class Tracked {
 public:
  using value_type = typename Container::value_type;
  using iterator = typename Container::iterator;
  using const_iterator = typename Container::const_iterator;

  std::size_t size() const { return items_.size(); }
  bool empty() const { return items_.empty(); }
  const value_type& operator[](std::size_t index) const { return items_[index]; }
  const value_type& back() const { return items_.back(); }
  const value_type& front() const { return items_.front(); }
  const_iterator begin() const { return items_.begin(); }
  const_iterator end() const { return items_.end(); }

  value_type& operator[](std::size_t index) {
    touched_ |= bit_of(index);
    return items_[index];
  }
  value_type& back() { return (*this)[size() - 1]; }
  value_type& front() { return (*this)[0]; }
  iterator begin() { return touch_all().begin(); }
  iterator end() { return touch_all().end(); }
  void push_back(value_type item) { touch_all().push_back(std::move(item)); }
  void pop_back() { touch_all().pop_back(); }
  void resize(std::size_t size) { touch_all().resize(size); }
  void clear() { touch_all().clear(); }
  iterator erase(iterator first, iterator last) { return touch_all().erase(first, last); }
  iterator erase(iterator item) { return touch_all().erase(item); }
  iterator insert(iterator before, value_type item) {
    return touch_all().insert(before, std::move(item));
  }

  bool operator==(const Tracked& other) const {
    return std::equal(begin(), end(), other.begin(), other.end());
  }

  // For who looks: what may have changed, and that it was looked at.
  bool untouched() const { return touched_ == 0; }
  bool touched(std::size_t index) const { return (touched_ & bit_of(index)) != 0; }
  void was_seen() { touched_ = 0; }
  Container& items() { return items_; }
  const Container& items() const { return items_; }

 private:
  // Elements from the 64th on share a bit.
  static std::uint64_t bit_of(std::size_t index) {
    return std::uint64_t{1} << std::min<std::size_t>(index, 63);
  }
  Container& touch_all() {
    touched_ = ~std::uint64_t{0};
    return items_;
  }

  Container items_;
  std::uint64_t touched_ = ~std::uint64_t{0};
};

// In the tuple of a world's parts: the elements are parts themselves.
template <class Container>
struct Each {
  Container& elements;
};

template <class Container>
Each<Container> each(Container& elements) {
  return {elements};
}
}  // namespace sim
