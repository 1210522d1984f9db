// SPDX-License-Identifier: Apache-2.0
// Does everything that the program says of a scenario agree with a naive search of it?
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "sim/explore_report.hpp"

namespace random_scenarios {

// A way to explore, besides the plain one. Each is compared with the naive search.
enum class Sizes : std::uint8_t {
  same,     // It visits the same states,
  reduced,  // or fewer, with the same verdict and paths of the same length.
};
struct Variant {
  const char* name;
  sim::ExploreOptions options;
  std::uint64_t states_max = 0;  // It is left out where there are more states; 0: never.
  Sizes sizes = Sizes::same;
};
std::vector<Variant> variants();

struct Limits {
  std::uint64_t states_max = 10'000;  // A scenario with more states is skipped.
  std::uint64_t seeds = 20;           // Of simulated runs, in each order.
};

// What became of one scenario.
struct Examined {
  std::vector<std::string> disagreements;
  std::map<std::string, std::uint64_t> counts;  // What it was made of, and what it showed.
  std::uint64_t states = 0;                     // Of all its cells.
  bool valid = true;
  bool skipped = false;

  bool agrees() const { return disagreements.empty(); }
};

Examined examine(const std::string& text, const Limits& limits);

}  // namespace random_scenarios
