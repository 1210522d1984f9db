// SPDX-License-Identifier: Apache-2.0
// What a search that was reduced by symmetries knows of states that it has not looked at.

#include <algorithm>
#include <map>

#include "model/symmetry.hpp"
#include "sim/check.hpp"

namespace model {
namespace {

// What a chooser is told, and the answers that it gave.
class Scripted final : public sim::Chooser {
 public:
  explicit Scripted(std::span<const sim::Answer> answers) : left_(answers) {}
  const sim::Path& given() const { return given_; }

 private:
  sim::Answer answer(std::string_view, std::uint32_t count) override {
    const sim::Answer next = left_.empty() ? 0 : left_.front();
    if (!left_.empty()) left_ = left_.subspan(1);
    check(next < count);
    given_.push_back(next);
    return next;
  }

  std::span<const sim::Answer> left_;
  sim::Path given_;
};

void complete_counterexamples(sim::ExploreReport& report, const World& start,
                              const Reduction& reduction) {
  const std::vector<sim::Counterexample> found = report.counterexamples;
  for (const sim::Counterexample& example : found) {
    for (const Symmetry& symmetry : reduction.group) {
      const unsigned claim = symmetry.names.of(claim_kind, example.claim);
      const auto same =
          std::ranges::find(report.counterexamples, claim, &sim::Counterexample::claim);
      if (same != report.counterexamples.end() && same->steps <= example.steps) continue;
      const sim::Counterexample added{
          .claim = claim,
          .path = renamed_path(start, example.path, example.steps, symmetry.names),
          .steps = example.steps};
      if (same == report.counterexamples.end()) {
        report.counterexamples.push_back(added);
      } else {
        *same = added;
      }
    }
  }
  std::ranges::sort(report.counterexamples, {}, &sim::Counterexample::claim);
}

// Each of the |G| names of a final state is reached by as many executions as any other.
void complete_finals(sim::ExploreReport& report, const World& start, const Reduction& reduction) {
  constexpr std::uint64_t most = ~std::uint64_t{0};
  using Mask = std::pair<std::uint64_t, std::uint64_t>;
  std::map<Mask, sim::FinalClass> finals;
  for (const sim::FinalClass& seen : report.finals_by_class) {
    std::map<Mask, std::uint64_t> shares;
    for (const Symmetry& symmetry : reduction.group) {
      const Permutation& names = symmetry.names;
      const Mask mask(names.bits(claim_kind, seen.broken), names.bits(claim_kind, seen.witnessed));
      if (shares[mask]++ > 0) continue;
      const auto [place, is_new] =
          finals.try_emplace(mask, sim::FinalClass{.broken = mask.first, .witnessed = mask.second});
      if (!is_new && place->second.steps <= seen.steps) continue;
      place->second.path = renamed_path(start, seen.path, seen.steps, names);
      place->second.steps = seen.steps;
    }
    for (const auto& [mask, share] : shares) {
      std::uint64_t& sum = finals[mask].executions;
      const std::uint64_t part =
          seen.executions == most
              ? most
              : seen.executions / reduction.group.size() * share +
                    seen.executions % reduction.group.size() * share / reduction.group.size();
      sum = sum > most - part ? most : sum + part;
    }
  }
  report.finals_by_class.clear();
  for (const auto& [mask, alike] : finals) report.finals_by_class.push_back(alike);
}

}  // namespace

sim::Path renamed_path(const World& start, const sim::Path& path, std::uint64_t steps,
                       const Permutation& names) {
  World seen = start;
  World mirrored = start;
  sim::NoTrace no_trace;
  std::span<const sim::Answer> left(path);
  sim::Path renamed;
  for (std::uint64_t step = 0; step < steps; ++step) {
    const bool asked = seen.ready().size() > 1;
    Scripted original(left);
    if (!seen.step({.chooser = original, .trace = no_trace})) break;
    left = left.subspan(original.given().size());
    const sim::Lanes lanes = mirrored.ready();
    const sim::Lane lane = seen.renamed(sim::Lane{seen.actor()}, names);
    const auto place = std::ranges::find(lanes, lane);
    check(place != lanes.end());
    sim::Path answers = original.given();
    if (asked) answers.front() = static_cast<sim::Answer>(place - lanes.begin());
    Scripted same(answers);
    check(mirrored.step({.chooser = same, .trace = no_trace}));
    renamed.insert(renamed.end(), answers.begin(), answers.end());
  }
  return renamed;
}

void complete(sim::ExploreReport& report, const World& start, const Reduction& reduction) {
  if (reduction.group.size() < 2) return;
  complete_counterexamples(report, start, reduction);
  complete_finals(report, start, reduction);
}

}  // namespace model
