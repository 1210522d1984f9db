// SPDX-License-Identifier: Apache-2.0
// Fixed<T>: a part of a world that never changes, such as its topology: shared by all copies,
// not compared, not encoded. Invariant: the owner of the T outlives every copy.
#pragma once

#include "sim/check.hpp"

namespace sim {
class Encoder;

template <class T>
class Fixed {
 public:
  Fixed() = default;
  Fixed(const T* shared) : shared_(shared) {}

  const T& operator*() const {
    check(shared_ != nullptr);
    return *shared_;
  }
  const T* operator->() const { return &**this; }

  friend constexpr bool operator==(const Fixed&, const Fixed&) { return true; }
  void encode(Encoder&) const {}

 private:
  const T* shared_ = nullptr;
};
}  // namespace sim
