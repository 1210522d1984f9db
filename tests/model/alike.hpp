// SPDX-License-Identifier: Apache-2.0
#pragma once

// Setups with parts that do not differ: what reductions are tried on.

#include <string>
#include <vector>

#include "model/setup.hpp"

namespace model::testing {

struct Example {
  std::string name;
  Setup setup;
  std::size_t symmetries = 1;  // How many there are, with the one that changes nothing.
};

// Threads of one process that read by RDMA, each through a queue pair of its own.
Setup requesters(std::uint32_t threads, const Policy& policy = IntervalNotifierPolicy{});
// Hosts that write by RDMA to one and the same.
Setup hosts(std::uint32_t count, const Policy& policy = IntervalNotifierPolicy{});
// Threads whose pages come and go in any order.
Setup shufflers();
std::vector<Example> examples();

}  // namespace model::testing
