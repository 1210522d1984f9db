// SPDX-License-Identifier: Apache-2.0
#include "sim/pct_chooser.hpp"

#include <algorithm>
#include <limits>

namespace sim {
namespace {
constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();

std::uint64_t times(std::uint64_t left, std::uint64_t right) {
  return right != 0 && left > most / right ? most : left * right;
}
}  // namespace

PctChooser::PctChooser(std::uint64_t seed, Shape shape)
    : lot_(seed), steps_max_(times(patience, shape.steps)) {
  check(shape.depth > 0 && shape.steps > 0);
  for (std::uint32_t i = 1; i < shape.depth; ++i) {
    change_points_.push_back(1 + lot_.draw(shape.steps));
  }
}

Answer PctChooser::answer(std::string_view question, std::uint32_t count) {
  return lot_.choose(question, count);
}

Answer PctChooser::next(std::string_view question, const Candidates& candidates) {
  ++steps_;
  if (steps_ > steps_max_) return choose(question, candidates.size());
  const Answer chosen = highest(candidates);
  if (candidates.size() > 1) lot_.record(chosen);
  std::uint64_t& priority = priority_of(candidates.nth(chosen));
  for (std::size_t i = 0; i < change_points_.size(); ++i) {
    if (change_points_[i] == steps_) priority = i + 1;
  }
  return chosen;
}

// The lower lane, if two priorities are equal.
Answer PctChooser::highest(const Candidates& candidates) {
  Answer best = 0;
  std::uint64_t priority_max = priority_of(candidates.nth(0));
  for (Answer nth = 1; nth < candidates.size(); ++nth) {
    const std::uint64_t priority = priority_of(candidates.nth(nth));
    if (priority <= priority_max) continue;
    best = nth;
    priority_max = priority;
  }
  return best;
}

// Drawn when the lane is seen first: above all that change points give, and among the others
// anywhere.
std::uint64_t& PctChooser::priority_of(Lane lane) {
  const auto found =
      std::lower_bound(priorities_.begin(), priorities_.end(), lane,
                       [](const auto& entry, Lane seen) { return entry.first < seen; });
  if (found != priorities_.end() && found->first == lane) return found->second;
  const std::uint64_t above = std::uint64_t{1} << 32;
  return priorities_.insert(found, {lane, above + lot_.draw(most - above)})->second;
}

std::uint64_t pct_runs_per_bug(std::uint64_t lanes, PctChooser::Shape shape) {
  std::uint64_t runs = lanes;
  for (std::uint32_t i = 1; i < shape.depth && runs < most; ++i) runs = times(runs, shape.steps);
  return runs;
}
}  // namespace sim
