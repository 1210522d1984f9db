// SPDX-License-Identifier: Apache-2.0
#include "model/setup.hpp"

#include <algorithm>

namespace model {

Setup::Setup() {
  for (std::size_t i = 0; i < cost_table.size(); ++i) costs[i] = cost_table[i].value;
}

sim::Nanoseconds Setup::price(Cost which, std::uint64_t times, sim::Chooser* lot) const {
  const auto varies =
      lot == nullptr ? varying.end() : std::ranges::find(varying, which, &Distribution::cost);
  if (varies == varying.end()) return cost(which) * times;
  sim::Nanoseconds sum = 0;
  for (std::uint64_t i = 0; i < times; ++i) sum += draw(*varies, *lot);
  return sum;
}

}  // namespace model
