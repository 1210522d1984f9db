// SPDX-License-Identifier: Apache-2.0
#include "model/explore.hpp"

#include "sim/explore.hpp"

namespace model {

sim::ExploreReport explore(const World& start, const sim::ExploreOptions& options,
                           std::function<void(const World&)> at_final) {
  return sim::explore(start, options, std::move(at_final));
}

}  // namespace model
