// SPDX-License-Identifier: Apache-2.0
#include "cli/measures.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/outcome.hpp"

namespace cli {

std::optional<double> find_measure(const std::vector<Measure>& measures, const std::string& name) {
  const auto found = std::ranges::find(measures, name, &Measure::name);
  if (found != measures.end()) return found->value;
  return name.starts_with("count(") ? std::optional(0.0) : std::nullopt;
}

std::vector<CheckResult> judge_checks(const language::Statistics& statistics,
                                      const std::vector<Measure>& measures,
                                      const std::vector<Measure>* baseline) {
  using Code = language::Statistic::Code;
  std::vector<CheckResult> results;
  for (const language::CellCheck& check : statistics.checks) {
    CheckResult result{.text = check.condition.text, .of_baseline = check.condition.has_baseline()};
    const auto value = language::value_of(check.condition, [&](Code code, const std::string& name) {
      if (code == Code::measure) return find_measure(measures, name);
      return baseline == nullptr ? std::nullopt : find_measure(*baseline, name);
    });
    if (value) result.holds = *value != 0;
    results.push_back(std::move(result));
  }
  return results;
}

std::vector<Measure> measures_of(const Case& what, const model::Meter& meter,
                                 const model::World& world, std::uint64_t steps) {
  std::vector<Measure> all{
      {.name = "time", .unit = "ns", .value = static_cast<double>(world.now())},
      {.name = "steps", .unit = "", .value = static_cast<double>(steps)}};
  const bool asks = !what.setup().load.measures.empty();
  for (Measure& each : asks ? meter.report(world.now()) : meter.counts()) {
    all.push_back(std::move(each));
  }
  const auto add = [&](const language::Statistic& statistic) {
    for (const language::Statistic::Part& part : statistic.parts) {
      if (std::ranges::find(all, part.measure, &Measure::name) != all.end()) continue;
      if (auto found = meter.find(part.measure, world.now())) all.push_back(std::move(*found));
    }
  };
  for (const language::CellCheck& check : what.cell->statistics.checks) add(check.condition);
  for (const language::Statistic& reported : what.cell->statistics.reported) add(reported);
  return all;
}

Measured measure(const Case& what, std::uint64_t seed, const Options& options) {
  Options own = options;
  own.seed = seed;
  own.measured = true;
  Progress silent(ProgressStyle::none);
  Outcome outcome = run_by_time(what, own, silent, nullptr);
  Measured measured{.measures = std::move(outcome.measures),
                    .undecided = outcome.stopped != Stopped::no,
                    .interrupted = outcome.stopped == Stopped::interrupt};
  for (const model::ClaimResult& result : outcome.verdict.claims) {
    if (is_question(what.setup(), result)) continue;
    if (!result.as_expected) measured.failed = true;
    if (!result.decided) measured.undecided = true;
    const model::Claim& claim = what.setup().claims[result.claim];
    if (claim.kind == model::Claim::Kind::never && !result.holds) {
      measured.broken.push_back(claim.text);
    }
  }
  return measured;
}

}  // namespace cli
