// SPDX-License-Identifier: Apache-2.0
#include "model/verdict.hpp"

#include <algorithm>

namespace model {
namespace {

constexpr std::uint64_t most = ~std::uint64_t{0};

void add(std::uint64_t& sum, std::uint64_t more) { sum = more > most - sum ? most : sum + more; }

bool is_quantified(Claim::Kind kind) {
  return kind == Claim::Kind::exists || kind == Claim::Kind::not_exists ||
         kind == Claim::Kind::forall || kind == Claim::Kind::question;
}

// A claim that an unfinished search leaves open: one more execution could change it.
bool needs_all(const Claim& claim, bool holds) {
  const bool wants_one = claim.kind == Claim::Kind::exists || claim.kind == Claim::Kind::question;
  return wants_one ? !holds : holds;
}

void take_example(ClaimResult& result, const sim::FinalClass& final_class) {
  if (result.has_example && result.steps <= final_class.steps) return;
  result.has_example = true;
  result.path = final_class.path;
  result.steps = final_class.steps;
  result.rests = true;
}

ClaimResult judge_quantified(const Setup& setup, std::uint32_t index,
                             const sim::ExploreReport& report) {
  const Claim& claim = setup.claims[index];
  const bool shows_true = claim.kind != Claim::Kind::forall;
  ClaimResult result{.claim = index};
  for (const sim::FinalClass& final_class : report.finals_by_class) {
    const bool is_true = ((final_class.witnessed >> index) & 1) != 0;
    add(is_true ? result.positive : result.negative, final_class.executions);
    if (is_true == shows_true) take_example(result, final_class);
  }
  const bool wants_one = claim.kind == Claim::Kind::exists || claim.kind == Claim::Kind::question;
  result.holds = result.has_example == wants_one;
  return result;
}

ClaimResult judge_broken(std::uint32_t index, const sim::ExploreReport& report) {
  ClaimResult result{.claim = index};
  for (const sim::FinalClass& final_class : report.finals_by_class) {
    const bool broken = ((final_class.broken >> index) & 1) != 0;
    add(broken ? result.positive : result.negative, final_class.executions);
  }
  for (const sim::Counterexample& found : report.counterexamples) {
    if (found.claim != index) continue;
    result.holds = false;
    result.has_example = true;
    result.path = found.path;
    result.steps = found.steps;
  }
  return result;
}

bool in_cycles(const Claim& claim) {
  return claim.kind == Claim::Kind::never && breaks_in_cycles(claim.property);
}

// A loop breaks a claim that nothing else has broken. What is judged at rest alone holds of it.
void add_cycle(const Setup& setup, ClaimResult& result, const Cycles& cycles) {
  const Claim& claim = setup.claims[result.claim];
  if (!in_cycles(claim) || !result.holds) return;
  const auto found = std::ranges::find(cycles.found, claim.property, &Cycle::property);
  if (found == cycles.found.end()) return;
  result.holds = false;
  result.has_example = true;
  result.path = found->lasso.path;
  result.steps = found->lasso.steps;
  result.loops = true;
  result.stem_steps = found->lasso.stem_steps;
}

void compare(const Setup& setup, ClaimResult& result, bool complete) {
  const Claim& claim = setup.claims[result.claim];
  result.decided = complete || !needs_all(claim, result.holds);
  result.as_expected =
      !result.decided || result.holds != claim.expect_fail || claim.kind == Claim::Kind::question;
}

}  // namespace

bool Verdict::failed() const {
  return std::ranges::any_of(claims, [](const ClaimResult& claim) { return !claim.as_expected; });
}

bool Verdict::undecided() const {
  return !failed() &&
         std::ranges::any_of(claims, [](const ClaimResult& claim) { return !claim.decided; });
}

const Cycle* Verdict::cycle_of(const Setup& setup, const ClaimResult& result) const {
  if (!result.loops) return nullptr;
  const Property property = setup.claims[result.claim].property;
  const auto found = std::ranges::find(cycles.found, property, &Cycle::property);
  return found == cycles.found.end() ? nullptr : &*found;
}

Verdict judge(const Setup& setup, const sim::ExploreReport& report, Cycles cycles) {
  Verdict verdict{.claims = {}, .cycles = std::move(cycles), .complete = report.complete()};
  for (std::uint32_t i = 0; i < setup.claims.size(); ++i) {
    ClaimResult result = is_quantified(setup.claims[i].kind) ? judge_quantified(setup, i, report)
                                                             : judge_broken(i, report);
    add_cycle(setup, result, verdict.cycles);
    const bool looked_everywhere =
        verdict.complete && (verdict.cycles.complete || !in_cycles(setup.claims[i]));
    compare(setup, result, looked_everywhere);
    verdict.claims.push_back(std::move(result));
  }
  return verdict;
}

Verdict judge(const Setup& setup, const World& world, bool at_rest, const sim::Path& path,
              std::uint64_t steps) {
  sim::ExploreReport one;
  one.ended = at_rest ? sim::Ended::complete : sim::Ended::states;
  if (at_rest) {
    one.finals_by_class.push_back({.broken = world.broken(),
                                   .witnessed = world.witnessed(),
                                   .executions = 1,
                                   .path = path,
                                   .steps = steps});
  }
  for (std::uint32_t i = 0; i < setup.claims.size(); ++i) {
    if (((world.broken() >> i) & 1) == 0) continue;
    one.counterexamples.push_back({.claim = i, .path = path, .steps = steps});
  }
  return judge(setup, one);
}

}  // namespace model
