// SPDX-License-Identifier: Apache-2.0
// search(): visits every reachable state of a transition system, and counts. See docs/explore.md,
// "The packed search".
#pragma once

#include "sim/search/breadth_search.hpp"
#include "sim/search/compact_shard.hpp"
#include "sim/search/exact_shard.hpp"
#include "sim/search/options.hpp"
#include "sim/transition_system.hpp"

namespace sim {
template <TransitionSystem S>
SearchResult search(const S& system, const SearchOptions& options = {}) {
  if (options.store == Store::compact) return BreadthSearch<S, CompactShard>(system, options).run();
  return BreadthSearch<S, ExactShard>(system, options).run();
}
}  // namespace sim
