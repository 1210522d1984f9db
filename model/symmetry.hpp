// SPDX-License-Identifier: Apache-2.0
#pragma once

// The symmetries of a setup, found by trying: which programs (with their threads' CPUs, calls and
// results) and which hosts could change their names without the setup, and the world at the start
// of the run, being any different. And what a search that looked at one of several alike states
// has found by that about the others. See docs/reductions.md.

#include "model/world.hpp"
#include "sim/explore_report.hpp"

namespace model {

// More would cost more, for each state, than they save.
inline constexpr std::size_t symmetries_max = 120;

// `start` is the world at the start of the run, in any order. `questions`: what is asked of final
// states beside the claims.
Reduction find_reduction(const Setup& setup, const World& start,
                         const std::vector<Expression>& questions, Reduce what);

// Whether the setup and `start` stay the same under these names: then so do all runs.
bool is_symmetry(const Setup& setup, const World& start, const std::vector<Expression>& questions,
                 const Reduction& reduction, const Permutation& names);

// The path on which everything goes as on `path`, under other names.
sim::Path renamed_path(const World& start, const sim::Path& path, std::uint64_t steps,
                       const Permutation& names);

// Adds what a reduced search has seen only under other names: counterexamples, and kinds of final
// states. The numbers of executions stay exact.
void complete(sim::ExploreReport& report, const World& start, const Reduction& reduction);

}  // namespace model
