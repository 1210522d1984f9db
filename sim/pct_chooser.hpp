// SPDX-License-Identifier: Apache-2.0
// PctChooser: probabilistic concurrency testing (Burckhardt, Kothari, Musuvathi, Nagarakatte: A
// randomized scheduler with probabilistic guarantees of finding bugs, ASPLOS 2010). Lanes get
// random priorities and the highest one always moves, but at depth - 1 steps, drawn beforehand, the
// lane that has just moved falls below all others. A bug that needs d steps in a certain order is
// found by a run of depth d with probability at least 1 / (n k^(d-1)), for n lanes and at most k
// steps. Invariant: lanes alone are chosen by priority; all other questions are answered by lot.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "sim/chooser.hpp"

namespace sim {
class PctChooser final : public Chooser {
 public:
  struct Shape {
    std::uint32_t depth = 1;  // d
    std::uint64_t steps = 1;  // k: how long a run is thought to be at most.
  };

  PctChooser(std::uint64_t seed, Shape shape);
  const Path& answers() const { return lot_.answers(); }
  std::size_t lanes() const { return priorities_.size(); }  // That were ever candidates.

 private:
  Answer answer(std::string_view question, std::uint32_t count) override;
  Answer next(std::string_view question, const Candidates& candidates) override;

  Answer highest(const Candidates& candidates);
  std::uint64_t& priority_of(Lane lane);

  // A lane that waits for another one by trying again may keep it from moving for ever. Behind so
  // many times the expected steps, for which nothing is promised, lanes are chosen by lot as well.
  static constexpr std::uint64_t patience = 2;

  SeededChooser lot_;
  std::uint64_t steps_max_;
  std::uint64_t steps_ = 0;
  std::vector<std::uint64_t> change_points_;  // The nth one lowers to priority n; by draw.
  std::vector<std::pair<Lane, std::uint64_t>> priorities_;  // Sorted by lane.
};

// At least one in how many runs of that shape finds a bug of its depth: n k^(d-1); saturating.
std::uint64_t pct_runs_per_bug(std::uint64_t lanes, PctChooser::Shape shape);
}  // namespace sim
