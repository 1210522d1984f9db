// SPDX-License-Identifier: Apache-2.0
// What a search knows of an example beyond the example: whether it could have been avoided, and by
// what. The example itself becomes the easiest one to read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/scenario.hpp"
#include "model/verdict.hpp"
#include "sim/explore_report.hpp"
#include "sim/odds.hpp"

namespace cli {

// Another execution: the same up to a step, then differently to a rest where all is well.
struct WayOut {
  sim::Path path{};
  std::uint64_t steps = 0;
};

// How an example went, if nobody had steered it: each transition as likely as the others.
struct Decision {
  std::vector<sim::Chance> chances{};  // Of ending so, before the first step and after each.
  std::uint64_t step = 0;              // Which cannot be made good any more; 0: none could.
  std::optional<WayOut> way_out{};     // From before that step; none: only by going on for ever.
};

struct TimedExamples {
  std::uint64_t runs = 0;   // By time, of which
  std::uint64_t shown = 0;  // so many end like the example.
};

struct Insight {  // Into the example of one claim.
  std::uint32_t claim = 0;
  std::uint64_t switches = 0;              // How often the next step is someone else's.
  std::optional<Decision> decision{};      // Of a claim that does not hold, if all was explored.
  std::optional<TimedExamples> by_time{};  // Of a claim that does not hold, if all runs are known.
};

// Insights into all examples, in the order of the claims. Each example is replaced by that of the
// fewest switches among the shortest; the first of these in the order of answers.
std::vector<Insight> look_into(const Case& what, const sim::ExploreReport& report,
                               model::Verdict& verdict);

// "0.3448"; never "1.0000" nor "0.0000" for what is neither.
std::string chance_text(sim::Chance chance);

}  // namespace cli
