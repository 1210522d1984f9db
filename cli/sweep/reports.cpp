// SPDX-License-Identifier: Apache-2.0
#include "cli/sweep/reports.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/plot/chart.hpp"
#include "cli/sweep/table.hpp"

namespace cli {
namespace {

std::string quoted(const std::string& text) {
  if (text.find_first_of(",\"\n") == std::string::npos) return text;
  std::string result = "\"";
  for (const char c : text) result += c == '"' ? std::string("\"\"") : std::string(1, c);
  return result + "\"";
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

// All that some cell has measured, in the order in which they come.
std::vector<Measure> measured(const Results& results) {
  std::vector<Measure> all;
  for (const auto& result : results) {
    if (!result) continue;
    for (const Measure& measure : result->measured.measures) {
      if (std::ranges::find(all, measure.name, &Measure::name) == all.end()) {
        all.push_back(measure);
      }
    }
  }
  return all;
}

std::vector<std::string> failed_checks(const Findings& findings, std::size_t cell) {
  std::vector<std::string> texts;
  for (const CheckResult& check : findings.checks(cell)) {
    if (check.holds == false) texts.push_back(check.text);
  }
  return texts;
}

std::string csv(const Findings& findings) {
  const Plan& plan = findings.plan();
  const std::vector<Measure> columns = measured(findings.results());
  std::string text = "cell,policy";
  for (const auto& [name, value] : plan.params(0)) text += "," + quoted(name);
  text += ",seed,failed,undecided,broken,failed_checks";
  for (const Measure& column : columns) {
    text += "," + quoted(column.name + (column.unit.empty() ? "" : " [" + column.unit + "]"));
  }
  text += "\n";
  for (std::size_t cell = 0; cell < plan.cells.size(); ++cell) {
    if (!findings.results()[cell]) continue;
    const Measured& made = findings.results()[cell]->measured;
    text += fmt::format("{},{}", cell, quoted(plan.cells[cell].policy));
    for (const auto& [name, value] : plan.params(cell)) text += "," + quoted(value);
    text += fmt::format(",{},{},{},{},{}", plan.cells[cell].seed, made.failed ? 1 : 0,
                        made.undecided ? 1 : 0, joined(made.broken),
                        failed_checks(findings, cell).size());
    for (const Measure& column : columns) {
      const auto value = find_measure(made.measures, column.name);
      text += "," + (value ? exact_text(*value) : "");
    }
    text += "\n";
  }
  return text;
}

std::string jsonl(const Findings& findings, const Json& manifest) {
  std::string text = to_text(manifest) + "\n";
  for (std::size_t cell = 0; cell < findings.results().size(); ++cell) {
    if (!findings.results()[cell]) continue;
    Json json = json_of(findings.plan(), *findings.results()[cell]);
    json["failed_checks"] = failed_checks(findings, cell);
    text += to_text(json) + "\n";
  }
  return text;
}

Table table_of(const Findings& findings, const language::ReportPlan& report) {
  Table table{.labels = report.by.size(), .head = report.by, .rows = {}};
  for (const std::size_t number : report.of) {
    table.head.push_back(findings.columns()[number].text);
  }
  bool any_broken = false;
  for (const std::vector<std::size_t>& group : findings.groups(report.by)) {
    std::vector<std::string>& row = table.rows.emplace_back();
    for (const std::string& name : report.by) {
      row.push_back(findings.plan().value(group.front(), name).value_or("-"));
    }
    for (const std::size_t number : report.of) {
      const Estimate value = estimate(findings.reported(group, number));
      const auto unit = unit_of(findings.columns()[number].dimension);
      row.push_back(value.runs == 0 ? "-" : quantity_text(value, unit));
    }
    const std::vector<std::string> broken = findings.broken(group);
    any_broken = any_broken || !broken.empty();
    row.push_back(broken.empty() ? "-" : joined(broken));
  }
  if (any_broken) {
    table.head.emplace_back("broken");
  } else {
    for (auto& row : table.rows) row.pop_back();
  }
  return table;
}

// ---- Plots.

constexpr std::string_view whiskers = "whiskers: the mean, with a confidence of 95 %";

// The values of a param as they come; where they stand, if they are quantities.
struct ParamAxis {
  std::vector<std::string> texts{};
  std::vector<double> numbers{};  // Empty: words.

  std::size_t index(const std::string& text) const {
    return static_cast<std::size_t>(std::ranges::find(texts, text) - texts.begin());
  }
};

ParamAxis axis_of(const Findings& findings, const std::string& name) {
  ParamAxis axis;
  bool numbers = true;
  for (const auto& group : findings.groups({name})) {
    const std::string text = findings.plan().value(group.front(), name).value_or("-");
    const auto number = findings.plan().number(group.front(), name);
    numbers = numbers && number;
    axis.texts.push_back(text);
    if (numbers) axis.numbers.push_back(*number);
  }
  if (!numbers) axis.numbers.clear();
  return axis;
}

class Plotter {
 public:
  Plotter(const Findings& findings, const language::ReportPlan& report)
      : findings_(findings), report_(report), column_(findings.columns()[report.of.front()]) {}

  plot::Chart chart() const {
    plot::Chart chart{.title = findings_.plan().grids.front().title};
    chart.value_unit = unit_of(column_.dimension);
    const bool heat = report_.kind == language::ReportPlan::Kind::heat_map;
    const bool cdf = report_.kind == language::ReportPlan::Kind::cdf;
    if (!cdf) add_axis(chart);
    if (heat) {
      chart.kind = plot::Kind::heat_map;
      chart.y_title = report_.y;
      chart.rows = axis_of(findings_, report_.y).texts;
      chart.value_title = column_.text;
    } else if (cdf) {
      chart.kind = plot::Kind::cdf;
      chart.x_title = column_.text;
      chart.y_title = "share of runs";
    } else {
      chart.y_title = column_.text;
      if (findings_.plan().seeds.size() > 1) chart.note = whiskers;
    }
    chart.legend_title = report_.lines;
    if (!report_.lines.empty()) chart.legend = axis_of(findings_, report_.lines).texts;
    for (const auto& group : split(all(), report_.facets)) chart.panels.push_back(panel(group));
    return chart;
  }

 private:
  std::vector<std::size_t> all() const {
    std::vector<std::size_t> cells;
    for (const auto& group : findings_.groups({})) {
      cells.insert(cells.end(), group.begin(), group.end());
    }
    return cells;
  }

  void add_axis(plot::Chart& chart) const {
    const ParamAxis axis = axis_of(findings_, report_.x);
    chart.x_title = report_.x;
    chart.categories = axis.texts;
    if (report_.kind == language::ReportPlan::Kind::heat_map) return;
    const bool bars = report_.kind == language::ReportPlan::Kind::bars || axis.numbers.empty();
    chart.kind = bars ? plot::Kind::bars : plot::Kind::lines;
    if (!bars) chart.positions = axis.numbers;
  }

  // By the value of a param; "": all together.
  std::vector<std::vector<std::size_t>> split(const std::vector<std::size_t>& cells,
                                              const std::string& name) const {
    if (name.empty()) return {cells};
    std::vector<std::vector<std::size_t>> parts(axis_of(findings_, name).texts.size());
    const ParamAxis axis = axis_of(findings_, name);
    for (const std::size_t cell : cells) {
      parts[axis.index(findings_.plan().value(cell, name).value_or("-"))].push_back(cell);
    }
    return parts;
  }

  plot::Panel panel(const std::vector<std::size_t>& cells) const {
    plot::Panel panel;
    if (!report_.facets.empty() && !cells.empty()) {
      panel.title =
          fmt::format("{} {}", report_.facets,
                      findings_.plan().value(cells.front(), report_.facets).value_or("-"));
    }
    const bool heat = report_.kind == language::ReportPlan::Kind::heat_map;
    for (const auto& part : split(cells, heat ? report_.y : report_.lines)) {
      plot::Series& series = panel.series.emplace_back();
      if (report_.kind == language::ReportPlan::Kind::cdf) {
        series.samples = findings_.reported(part, report_.of.front());
        std::ranges::sort(series.samples);
        continue;
      }
      for (const auto& at : split(part, report_.x)) {
        const Estimate value = estimate(findings_.reported(at, report_.of.front()));
        series.points.push_back({.there = value.runs > 0,
                                 .value = value.mean,
                                 .half_width = value.half_width,
                                 .marked = !findings_.broken(at).empty()});
      }
    }
    return panel;
  }

  const Findings& findings_;
  const language::ReportPlan& report_;
  const language::Statistic& column_;
};

}  // namespace

std::vector<OutputFile> result_files(const Findings& findings, const Json& manifest) {
  return {{"manifest.json", manifest_text(manifest)},
          {"results.jsonl", jsonl(findings, manifest)},
          {"results.csv", csv(findings)}};
}

std::vector<OutputFile> report_files(const Findings& findings) {
  std::vector<OutputFile> files;
  std::size_t number = 0;
  for (const language::ReportPlan& report : findings.reports()) {
    ++number;
    if (report.kind == language::ReportPlan::Kind::table) {
      const Table table = table_of(findings, report);
      files.push_back({fmt::format("table-{}.txt", number), table_text(table)});
      files.push_back({fmt::format("table-{}.md", number), table_markdown(table)});
    } else {
      files.push_back(
          {fmt::format("plot-{}.svg", number), plot::to_svg(Plotter(findings, report).chart())});
    }
  }
  return files;
}

}  // namespace cli
