// SPDX-License-Identifier: Apache-2.0
#include "cli/sample.hpp"

#include <algorithm>
#include <bit>

namespace cli {

bool Sample::add(const RunFacts& run) {
  steps_ += run.steps;
  steps_max_ = std::max(steps_max_, run.steps);
  lanes_ = std::max(lanes_, run.lanes);
  stopped_ = run.stopped;
  coverage_.add(run.coverage);
  more_states_ = more_states_ || run.more_states;
  for (const sim::Fingerprint& state : run.states) {
    if (states_.size() < states_max || states_.contains(state)) {
      states_.insert(state);
    } else {
      more_states_ = true;
    }
  }
  note_broken(run);
  if (run.at_rest) note_final(run);
  return stopped_ == Stopped::no;
}

void Sample::note_broken(const RunFacts& run) {
  for (std::uint64_t broken = run.broken; broken != 0; broken &= broken - 1) {
    const auto claim = static_cast<unsigned>(std::countr_zero(broken));
    const auto [entry, is_new] = shortest_.try_emplace(claim);
    if (!is_new && entry->second.steps <= run.steps) continue;
    entry->second = {.claim = claim, .path = run.path, .steps = run.steps};
  }
}

void Sample::note_final(const RunFacts& run) {
  ++runs_;
  ++finals_[run.final];
  for (std::size_t i = 0; i < values_.size(); ++i) {
    if (i < run.values.size() && run.values[i]) values_[i].insert(*run.values[i]);
  }
  sim::FinalClass& alike = classes_[{run.broken, run.witnessed}];
  if (alike.executions == 0 || run.steps < alike.steps) {
    alike = {.broken = run.broken,
             .witnessed = run.witnessed,
             .executions = alike.executions,
             .path = run.path,
             .steps = run.steps};
  }
  ++alike.executions;
}

SampleFacts Sample::facts() const {
  const auto once = std::count_if(finals_.begin(), finals_.end(),
                                  [](const auto& final) { return final.second == 1; });
  return {.states = states_.size(),
          .more_states = more_states_,
          .final_classes = classes_.size(),
          .final_states = finals_.size(),
          .final_states_once = static_cast<std::uint64_t>(once),
          .lanes = lanes_};
}

sim::ExploreReport Sample::report() const {
  sim::ExploreReport report{.ended = sim::Ended::stopped};
  for (const auto& [kind, alike] : classes_) report.finals_by_class.push_back(alike);
  for (const auto& [claim, example] : shortest_) report.counterexamples.push_back(example);
  return report;
}

}  // namespace cli
