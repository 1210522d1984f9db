// SPDX-License-Identifier: Apache-2.0
#pragma once

// What an exploration or a run says about each claim of the scenario.

#include <string>
#include <vector>

#include "model/liveness.hpp"
#include "model/world.hpp"
#include "sim/explore_report.hpp"

namespace model {

struct ClaimResult {
  std::uint32_t claim = 0;
  bool holds = true;           // What is claimed is so (as far as was looked).
  bool as_expected = true;     // `holds`, or not, as the scenario says.
  bool decided = true;         // False: the search ended before all was looked at.
  std::uint64_t positive = 0;  // Executions in which it fails; for exists and forall: is true.
  std::uint64_t negative = 0;  // The other executions.
  bool has_example = false;
  sim::Path path{};  // A shortest way to see it fail, or to see what exists.
  std::uint64_t steps = 0;
  bool rests = false;  // The path ends where nothing can happen any more.
  // The path ends with a loop, once, which could go on for ever; it begins after these steps.
  bool loops = false;
  std::uint64_t stem_steps = 0;
};

struct Verdict {
  std::vector<ClaimResult> claims{};
  Cycles cycles{};       // What runs that never come to rest break, claimed or not.
  bool complete = true;  // Nothing within the scope was left out.

  bool failed() const;     // Some claim is not as the scenario says.
  bool undecided() const;  // None is, but some could not be decided.
  // The loop that the example of a claim shows; null if it shows none.
  const Cycle* cycle_of(const Setup& setup, const ClaimResult& result) const;
};

// `cycles`: what judge_cycles() found, if the search can go round for ever.
Verdict judge(const Setup& setup, const sim::ExploreReport& report, Cycles cycles = {});

// One run that came to rest, or was cut off. `path` is what it was given.
Verdict judge(const Setup& setup, const World& world, bool at_rest, const sim::Path& path,
              std::uint64_t steps);

}  // namespace model
