// SPDX-License-Identifier: Apache-2.0
#pragma once

// sim::explore() of worlds, compiled once.

#include <functional>

#include "model/world.hpp"
#include "sim/explore_report.hpp"
#include "sim/state_graph.hpp"

namespace model {

// `at_final` sees each distinct final state, judged.
sim::ExploreReport explore(const World& start, const sim::ExploreOptions& options = {},
                           std::function<void(const World&)> at_final = {});

}  // namespace model
