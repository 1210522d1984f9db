// SPDX-License-Identifier: Apache-2.0
// surely_same(): whether two values are equal, by their bytes where that is quick. True only if
// they are; false if they differ, or if only == can tell.
#pragma once

#include <boost/pfr.hpp>
#include <cstring>
#include <type_traits>

namespace sim {
template <class T>
concept Contiguous = requires(const T value) {
  value.data();
  value.size();
};

template <class T>
bool surely_same(const T& left, const T& right) {
  if constexpr (std::is_trivially_copyable_v<T>) {
    return std::memcmp(&left, &right, sizeof(T)) == 0;
  } else if constexpr (Contiguous<T>) {
    if (left.size() != right.size()) return false;
    using Element = std::remove_cvref_t<decltype(*left.data())>;
    if constexpr (std::is_trivially_copyable_v<Element>) {
      return left.empty() ||
             std::memcmp(left.data(), right.data(), left.size() * sizeof(Element)) == 0;
    } else {
      for (std::size_t i = 0; i < left.size(); ++i)
        if (!surely_same(left.data()[i], right.data()[i])) return false;
      return true;
    }
  } else if constexpr (std::is_aggregate_v<T>) {
    bool same = true;
    boost::pfr::for_each_field(left, [&](const auto& field, auto index) {
      same = same && surely_same(field, boost::pfr::get<index>(right));
    });
    return same;
  } else {
    return left == right;
  }
}
}  // namespace sim
