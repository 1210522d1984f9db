// SPDX-License-Identifier: Apache-2.0
// compare FILE --policies a,b,c: what each policy costs in one scenario, beside a baseline, and
// which guarantees it breaks.
#include <algorithm>

#include "cli/commands/all.hpp"
#include "cli/interrupt.hpp"
#include "cli/layout.hpp"
#include "cli/ranks.hpp"
#include "cli/sweep/findings.hpp"
#include "cli/sweep/share.hpp"
#include "cli/sweep/table.hpp"

namespace cli {
namespace {

// A column: the cells of one policy, one for each seed.
struct Column {
  std::string policy;
  std::vector<std::size_t> cells{};
  std::vector<std::size_t> baseline{};  // Empty: there is none.
};

class Comparison {
 public:
  Comparison(Session& session, const Findings& findings)
      : session_(session), findings_(findings), plan_(findings.plan()) {}

  void write() {
    if (session_.options.json) {
      session_.out.print("{}\n", to_text(json()));
      return;
    }
    bool first = true;
    for (const std::vector<std::size_t>& group : groups()) {
      if (!first) session_.out.write("\n");
      first = false;
      write_group(group);
    }
    findings_.write_failures(session_.out, 8);
  }

 private:
  // Cells that differ in policy and seed alone.
  std::vector<std::vector<std::size_t>> groups() const {
    std::vector<std::string> names;
    for (const auto& [name, value] : plan_.params(0)) names.push_back(name);
    return findings_.groups(names);
  }

  std::vector<Column> columns(const std::vector<std::size_t>& group) const {
    std::vector<Column> result;
    for (const std::size_t cell : group) {
      const std::string& policy = plan_.cells[cell].policy;
      if (result.empty() || result.back().policy != policy) result.push_back({.policy = policy});
      result.back().cells.push_back(cell);
      if (const auto baseline = plan_.cells[cell].baseline) {
        result.back().baseline.push_back(*baseline);
      }
    }
    return result;
  }

  // Of all policies, in the order in which they come.
  std::vector<Measure> measured(const std::vector<std::size_t>& group) const {
    std::vector<Measure> all;
    for (const std::size_t cell : group) {
      if (!findings_.results()[cell]) continue;
      for (const Measure& measure : findings_.results()[cell]->measured.measures) {
        if (std::ranges::find(all, measure.name, &Measure::name) == all.end()) {
          all.push_back(measure);
        }
      }
    }
    return all;
  }

  Estimate value(const std::vector<std::size_t>& cells, const std::string& name) const {
    std::vector<double> values;
    for (const std::size_t cell : cells) {
      if (!findings_.results()[cell]) continue;
      const auto value = find_measure(findings_.results()[cell]->measured.measures, name);
      if (value) values.push_back(*value);
    }
    return estimate(values);
  }

  std::optional<double> ratio(const Column& column, const std::string& name) const {
    const Estimate own = value(column.cells, name);
    const Estimate base = value(column.baseline, name);
    if (own.runs == 0 || base.runs == 0) return std::nullopt;
    if (own.mean == base.mean) return 1;
    return base.mean == 0 ? std::nullopt : std::optional(own.mean / base.mean);
  }

  std::string cell_text(const Column& column, const Measure& measure) const {
    const Estimate own = value(column.cells, measure.name);
    if (own.runs == 0) return "-";
    const auto factor = ratio(column, measure.name);
    const std::string text = factor ? fmt::format("{:.2f}x", *factor) : "-";
    return fmt::format("{} {:>8}", quantity_text(own, measure.unit), text);
  }

  // What all policies have alike says nothing about them; time and steps always stand there.
  bool tells(const std::vector<Column>& columns, const Measure& measure) const {
    if (session_.options.verbosity == Verbosity::verbose) return true;
    if (measure.name == "time" || measure.name == "steps") return true;
    const double first = value(columns.front().cells, measure.name).mean;
    return std::ranges::any_of(columns, [&](const Column& column) {
      return value(column.cells, measure.name).mean != first;
    });
  }

  void write_heading(const std::vector<std::size_t>& group, const std::vector<Column>& columns) {
    std::vector<std::string> parts{plan_.grids.front().title};
    for (const auto& [name, value] : plan_.params(group.front())) {
      parts.push_back(fmt::format("{} {}", name, value));
    }
    const std::size_t count = plan_.seeds.size();
    parts.push_back(count == 1
                        ? fmt::format("seed {}", plan_.seeds.front())
                        : fmt::format("seeds {}..{}", plan_.seeds.front(), plan_.seeds.back()));
    std::string base = "none";
    for (const Column& column : columns) {
      if (column.baseline.empty()) continue;
      base = plan_.cells[column.baseline.front()].policy;
      if (std::ranges::count(group, column.baseline.front()) == 0) base += " (of other params)";
    }
    parts.push_back("baseline " + base);
    if (!plan_.baseline_is_there) parts.emplace_back("(the scenario's own is left out)");
    session_.out.write(flowed("", parts, "  ", 2));
  }

  void write_group(const std::vector<std::size_t>& group) {
    const std::vector<Column> policies = columns(group);
    write_heading(group, policies);
    Table table{.labels = 1, .head = {"measure"}, .rows = {}};
    for (const Column& column : policies) table.head.push_back(column.policy);
    std::size_t alike = 0;
    for (const Measure& measure : measured(group)) {
      if (!tells(policies, measure)) {
        ++alike;
        continue;
      }
      std::vector<std::string>& row = table.rows.emplace_back();
      row.push_back(measure.name);
      for (const Column& column : policies) row.push_back(cell_text(column, measure));
    }
    add_broken(table, group, policies);
    const std::vector<std::string> legend = add_checks(table, policies);
    session_.out.write(table_text(table));
    if (plan_.seeds.size() > 1) {
      session_.out.write("+-: the mean is that near with a confidence of 95 %\n");
    }
    if (alike > 0) session_.out.print("{} the same for all (-v)\n", counted(alike, "measure"));
    for (const std::string& line : legend) session_.out.write(line);
  }

  void add_broken(Table& table, const std::vector<std::size_t>& group,
                  const std::vector<Column>& policies) const {
    for (const std::string& name : findings_.broken(group)) {
      std::vector<std::string>& row = table.rows.emplace_back();
      row.push_back("never " + name);
      for (const Column& column : policies) {
        const auto count = std::ranges::count_if(column.cells, [&](std::size_t cell) {
          const std::vector<std::string> broken = findings_.broken({cell});
          return std::ranges::find(broken, name) != broken.end();
        });
        const std::string share =
            column.cells.size() == 1 ? "" : fmt::format(" {} of {}", count, column.cells.size());
        row.push_back(count == 0 ? "ok" : "BROKEN" + share);
      }
    }
  }

  // A row for each check; the legend says what it is.
  std::vector<std::string> add_checks(Table& table, const std::vector<Column>& policies) const {
    std::vector<std::string> texts;
    for (const Column& column : policies) {
      for (const CheckResult& check : findings_.checks(column.cells.front())) {
        if (std::ranges::find(texts, check.text) == texts.end()) texts.push_back(check.text);
      }
    }
    std::vector<std::string> legend;
    for (const std::string& text : texts) {
      const std::string label = fmt::format("check {}", legend.size() + 1);
      legend.push_back(flowed(label + ": ", text, 2));
      std::vector<std::string>& row = table.rows.emplace_back();
      row.push_back(label);
      for (const Column& column : policies) row.push_back(check_text(column, text));
    }
    return legend;
  }

  std::string check_text(const Column& column, const std::string& text) const {
    std::size_t failed = 0;
    std::size_t asked = 0;
    bool undecided = false;
    for (const std::size_t cell : column.cells) {
      for (const CheckResult& check : findings_.checks(cell)) {
        if (check.text != text) continue;
        ++asked;
        if (check.holds == false) ++failed;
        if (!check.holds) undecided = true;
      }
    }
    if (asked == 0) return "-";
    if (failed > 0) return asked == 1 ? "FAIL" : fmt::format("FAIL {} of {}", failed, asked);
    return undecided ? "undecided" : "ok";
  }

  Json json() const {
    Json list = Json::array();
    for (const std::vector<std::size_t>& group : groups()) {
      Json params = Json::object();
      for (const auto& [name, value] : plan_.params(group.front())) params[name] = value;
      Json policies = Json::array();
      for (const Column& column : columns(group)) policies.push_back(json_of(group, column));
      list.push_back({{"params", std::move(params)}, {"policies", std::move(policies)}});
    }
    Json result = {{"v", 1}, {"scenario", plan_.grids.front().title}, {"file", plan_.path}};
    result["seeds"] = plan_.seeds;
    result["cells"] = std::move(list);
    return result;
  }

  Json json_of(const std::vector<std::size_t>& group, const Column& column) const {
    Json measures = Json::object();
    for (const Measure& measure : measured(group)) {
      const Estimate own = value(column.cells, measure.name);
      if (own.runs == 0) continue;
      const auto factor = ratio(column, measure.name);
      Json entry = {{"mean", own.mean}, {"ci95", own.half_width}, {"unit", measure.unit}};
      entry["ratio"] = factor ? Json(*factor) : Json(nullptr);
      measures[measure.name] = std::move(entry);
    }
    Json checks = Json::array();
    for (const std::size_t cell : column.cells) {
      for (const CheckResult& check : findings_.checks(cell)) {
        checks.push_back({{"text", check.text},
                          {"seed", plan_.cells[cell].seed},
                          {"holds", check.holds ? Json(*check.holds) : Json(nullptr)}});
      }
    }
    Json json = {{"policy", column.policy}};
    json["baseline"] = column.baseline == column.cells;
    json["broken"] = findings_.broken(column.cells);
    json["measures"] = std::move(measures);
    json["checks"] = std::move(checks);
    return json;
  }

  Session& session_;
  const Findings& findings_;
  const Plan& plan_;
};

// Those of `param policy in [...]`, if the command line names none.
std::vector<std::string> policies_of(const std::string& path, const Options& options) {
  if (!options.policies.empty()) return options.policies;
  language::Sources sources(read_file);
  const language::Grid grid =
      language::load_grid(sources, path, options.choices, language::Taken::all);
  std::vector<std::string> names;
  for (const language::GridParam& param : grid.params) {
    if (param.name != "policy") continue;
    for (const language::GridValue& value : param.values) names.push_back(value.text);
  }
  return names;
}

}  // namespace

ExitStatus compare_policies(Session& session) {
  if (own_rank() != 0) return ExitStatus::ok;  // Rank 0 does it alone.
  Options options = session.options;
  const std::string path = options.files.front();
  options.policies = policies_of(path, options);
  const Planned planned = make_plan(path, options, language::Taken::default_alone);
  session.err.write(planned.problems);
  if (planned.plan == nullptr) return ExitStatus::misuse;
  const Plan& plan = *planned.plan;
  if (plan.grids.size() < 2) {
    session.err.write(
        "shootdown: compare wants --policies a,b,...: the scenario has no 'param policy in "
        "[...]'\n");
    return ExitStatus::misuse;
  }
  Results results(plan.cells.size());
  std::vector<std::size_t> todo;
  for (std::size_t cell = 0; cell < plan.cells.size(); ++cell) todo.push_back(cell);
  Progress progress(options.progress);
  progress.begin(path);
  const std::string problem =
      share_out(plan, todo, progress, nullptr,
                [&](const CellResult& result) { results[result.cell] = result; });
  progress.end();
  session.err.write(problem);
  if (!problem.empty()) return ExitStatus::misuse;
  const Findings findings(plan, results);
  Comparison(session, findings).write();
  return interrupted() ? ExitStatus::interrupted : findings.status();
}

}  // namespace cli
