// SPDX-License-Identifier: Apache-2.0
#include "cli/sweep/findings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "cli/command.hpp"
#include "cli/layout.hpp"

namespace cli {

using Code = language::Statistic::Code;

Findings::Findings(const Plan& plan, const Results& results) : plan_(plan), results_(results) {
  language::Statistics first = plan.statistics(0);
  reports_ = std::move(first.reports);
  columns_ = std::move(first.reported);
  for (std::size_t cell = 0; cell < plan.cells.size(); ++cell) {
    checks_.push_back(checks_of(plan, results, cell));
    auto& values = reported_.emplace_back(columns_.size());
    if (!results[cell] || columns_.empty()) continue;
    const std::vector<Measure>* baseline = baseline_of(plan, results, cell);
    const language::Statistics statistics = plan.statistics(cell);
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      values[i] =
          language::value_of(statistics.reported[i], [&](Code code, const std::string& name) {
            if (code == Code::measure) return find_measure(results[cell]->measured.measures, name);
            return baseline == nullptr ? std::nullopt : find_measure(*baseline, name);
          });
    }
  }
}

std::optional<double> Findings::reported(std::size_t cell, std::size_t number) const {
  return reported_[cell][number];
}

std::vector<double> Findings::reported(const std::vector<std::size_t>& cells,
                                       std::size_t number) const {
  std::vector<double> values;
  for (const std::size_t cell : cells) {
    if (const auto value = reported(cell, number)) values.push_back(*value);
  }
  return values;
}

std::vector<std::vector<std::size_t>> Findings::groups(
    const std::vector<std::string>& names) const {
  std::vector<std::vector<std::size_t>> groups;
  std::map<std::vector<std::string>, std::size_t> known;
  for (std::size_t cell = 0; cell < plan_.cells.size(); ++cell) {
    std::vector<std::string> key;
    for (const std::string& name : names) key.push_back(plan_.value(cell, name).value_or(""));
    const auto [found, is_new] = known.try_emplace(std::move(key), groups.size());
    if (is_new) groups.emplace_back();
    groups[found->second].push_back(cell);
  }
  return groups;
}

std::vector<std::string> Findings::broken(const std::vector<std::size_t>& cells) const {
  std::vector<std::string> names;
  for (const std::size_t cell : cells) {
    if (!results_[cell]) continue;
    for (const std::string& name : results_[cell]->measured.broken) {
      if (std::ranges::find(names, name) == names.end()) names.push_back(name);
    }
  }
  return names;
}

bool Findings::failed(std::size_t cell) const {
  if (!results_[cell]) return false;
  return results_[cell]->measured.failed ||
         std::ranges::any_of(checks_[cell],
                             [](const CheckResult& check) { return check.holds == false; });
}

ExitStatus Findings::status() const {
  bool undecided = false;
  for (std::size_t cell = 0; cell < plan_.cells.size(); ++cell) {
    if (failed(cell)) return ExitStatus::failed;
    undecided =
        undecided || !results_[cell] || results_[cell]->measured.undecided ||
        std::ranges::any_of(checks_[cell], [](const CheckResult& check) { return !check.holds; });
  }
  return undecided ? ExitStatus::undecided : ExitStatus::ok;
}

void Findings::write_failures(Output& out, std::size_t most) const {
  std::set<std::pair<std::size_t, std::size_t>> points;
  std::size_t more = 0;
  for (std::size_t cell = 0; cell < plan_.cells.size(); ++cell) {
    if (!failed(cell)) continue;
    const PlanCell& what = plan_.cells[cell];
    if (!points.insert({what.grid, what.point}).second) continue;  // Another seed did too.
    if (points.size() > most) {
      ++more;
      continue;
    }
    std::vector<std::string> texts;
    for (const std::string& name : broken({cell})) texts.push_back("never " + name);
    for (const CheckResult& check : checks_[cell]) {
      if (check.holds == false) texts.push_back("check " + check.text);
    }
    if (texts.empty()) texts.emplace_back("not as claimed");
    out.write("\n" + flowed(fmt::format("FAIL  cell {}: ", cell), texts, ", ", 6));
    out.write(run_command(plan_.path, plan_.choices(cell), what.seed));
  }
  if (more > 0) out.print("\nand for {} other choices of params and policy\n", more);
}

std::string_view unit_of(language::Dimension dimension) {
  switch (dimension) {
    case language::Dimension::time:
      return "ns";
    case language::Dimension::rate:
      return "1/s";
    case language::Dimension::size:
      return "B";
    case language::Dimension::bandwidth:
      return "bit/s";
    case language::Dimension::pages:
      return "pages";
    case language::Dimension::none:
      break;
  }
  return "";
}

}  // namespace cli
