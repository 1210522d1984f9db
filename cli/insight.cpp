// SPDX-License-Identifier: Apache-2.0
#include "cli/insight.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/by_time.hpp"
#include "model/world.hpp"
#include "sim/course.hpp"

namespace cli {
namespace {

using model::Claim;

class Looker {
 public:
  Looker(const Case& what, const sim::ExploreReport& report)
      : what_(what),
        report_(report),
        graph_(*report.graph),
        start_(what.setup(), sim::Order::any) {}

  Insight look(model::ClaimResult& result) {
    const sim::StateSet goal = goal_of(result);
    const std::optional<sim::Way> way = sim::shortest_way(graph_, goal);
    check(way && way->steps() == result.steps);
    result.path = sim::answers_along(start_, way->ordinals);
    Insight insight{.claim = result.claim, .switches = way->switches};
    if (!result.holds && report_.complete()) insight.decision = decide(*way, goal);
    if (!result.holds) insight.by_time = timed_examples(result.claim);
    return insight;
  }

 private:
  // The states that are as the example's last one.
  sim::StateSet goal_of(const model::ClaimResult& result) const {
    if (!result.rests) return sim::states_broken(graph_, result.claim);
    const bool wanted = what_.setup().claims[result.claim].kind != Claim::Kind::forall;
    sim::StateSet goal(graph_.size());
    for (const sim::FinalClass& alike : report_.finals_by_class) {
      const bool witnessed = ((alike.witnessed >> result.claim) & 1) != 0;
      if (witnessed != wanted) continue;
      for (const sim::State state : alike.states) goal.add(state);
    }
    return goal;
  }

  std::optional<TimedExamples> timed_examples(std::uint32_t claim) {
    if (!timed_) timed_ = all_runs_by_time(what_.setup());
    if (!*timed_) return std::nullopt;
    return TimedExamples{.runs = (*timed_)->runs, .shown = (*timed_)->failing[claim]};
  }

  std::optional<Decision> decide(const sim::Way& way, const sim::StateSet& goal) {
    if (!components_) components_.emplace(graph_);
    const sim::Odds odds(graph_, *components_, goal);
    if (!odds.settled()) return std::nullopt;
    sim::Course course = sim::course_of(graph_, odds, way, goal);
    Decision decision{.chances = std::move(course.chances), .step = course.decided_at};
    if (course.way_out) {
      const auto common = static_cast<std::ptrdiff_t>(decision.step - 1);
      std::vector<std::uint32_t> ordinals(way.ordinals.begin(), way.ordinals.begin() + common);
      const auto& onward = course.way_out->ordinals;
      ordinals.insert(ordinals.end(), onward.begin(), onward.end());
      decision.way_out = {.path = sim::answers_along(start_, ordinals), .steps = ordinals.size()};
    }
    return decision;
  }

  const Case& what_;
  const sim::ExploreReport& report_;
  const sim::StateGraph& graph_;
  model::World start_;
  std::optional<sim::Components> components_;       // Made for who wants odds.
  std::optional<std::optional<RunsByTime>> timed_;  // Made for who has an example that fails.
};

}  // namespace

std::vector<Insight> look_into(const Case& what, const sim::ExploreReport& report,
                               model::Verdict& verdict) {
  std::vector<Insight> insights;
  Looker looker(what, report);
  for (model::ClaimResult& result : verdict.claims) {
    if (result.has_example && !result.loops) insights.push_back(looker.look(result));
  }
  return insights;
}

std::string chance_text(sim::Chance chance) {
  constexpr sim::Chance unit = sim::chance_one / 10'000;
  if (chance == 0 || chance == sim::chance_one) return chance == 0 ? "0.0000" : "1.0000";
  const sim::Chance rounded = std::clamp<sim::Chance>((chance + unit / 2) / unit, 1, 9'999);
  return fmt::format("0.{:04}", rounded);
}

}  // namespace cli
