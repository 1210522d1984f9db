// SPDX-License-Identifier: Apache-2.0
// Draw: decisions of a generator. The same seed gives the same ones with every compiler: the
// distributions of <random> and Boost are not used.
#pragma once

#include <boost/random/mersenne_twister.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "sim/check.hpp"

namespace random_scenarios {

class Draw {
 public:
  explicit Draw(std::uint64_t seed) : engine_(seed) {}

  // A number below `count`. That small ones are likelier by 2^-32 does not matter here.
  std::uint32_t below(std::size_t count) {
    check(count > 0);
    return static_cast<std::uint32_t>(engine_() % count);
  }
  bool chance(std::uint32_t percent) { return below(100) < percent; }

  template <class T>
  const T& of(const std::vector<T>& list) {
    return list[below(list.size())];
  }

 private:
  boost::random::mt19937_64 engine_;
};

}  // namespace random_scenarios
