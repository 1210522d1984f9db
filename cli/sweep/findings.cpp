// SPDX-License-Identifier: Apache-2.0
#include "cli/sweep/findings.hpp"

#include <fmt/format.h>

#include <algorithm>

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
    const auto baseline = plan.cells[cell].baseline;
    const language::Statistics statistics = plan.statistics(cell);
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      values[i] =
          language::value_of(statistics.reported[i], [&](Code code, const std::string& name) {
            if (code == Code::measure) return find_measure(results[cell]->measured.measures, name);
            if (!baseline || !results[*baseline]) return std::optional<double>();
            return find_measure(results[*baseline]->measured.measures, name);
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
    undecided = undecided || !results_[cell] || results_[cell]->measured.undecided ||
                std::ranges::any_of(checks_[cell],
                                    [](const CheckResult& check) { return !check.holds; });
  }
  return undecided ? ExitStatus::undecided : ExitStatus::ok;
}

void Findings::write_failures(Output& out, std::size_t most) const {
  std::size_t shown = 0;
  std::size_t all = 0;
  for (std::size_t cell = 0; cell < plan_.cells.size(); ++cell) {
    if (!failed(cell)) continue;
    ++all;
    if (shown == most) continue;
    ++shown;
    std::vector<std::string> what;
    for (const std::string& name : broken({cell})) what.push_back(name + " broken");
    for (const CheckResult& check : checks_[cell]) {
      if (check.holds == false) what.push_back("check " + check.text);
    }
    if (what.empty()) what.emplace_back("not as claimed");
    out.write("\n" + flowed(fmt::format("FAIL  cell {}: ", cell), what, ", ", 6));
    out.write(run_command(plan_.path, plan_.choices(cell), plan_.cells[cell].seed));
  }
  if (all > shown) out.print("\nand {} more like these\n", all - shown);
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
