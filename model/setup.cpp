// SPDX-License-Identifier: Apache-2.0
#include "model/setup.hpp"

namespace model {

Setup::Setup() {
  for (std::size_t i = 0; i < cost_table.size(); ++i) costs[i] = cost_table[i].value;
}

}  // namespace model
