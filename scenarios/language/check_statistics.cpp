// SPDX-License-Identifier: Apache-2.0
// What is claimed of measures, and how they are reported.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "scenarios/language/checking.hpp"

namespace language {
namespace {

using Strings = std::vector<std::string>;

// Clauses by what they want: the names of params, or values.
struct Clauses {
  Strings params;
  Strings values;
};
const std::map<std::string, Clauses, std::less<>>& clauses_of() {
  static const std::map<std::string, Clauses, std::less<>> all{
      {"table", {.params = {"by"}, .values = {"of"}}},
      {"lines", {.params = {"x", "lines", "facets"}, .values = {"y"}}},
      {"bars", {.params = {"x", "lines", "facets"}, .values = {"y"}}},
      {"cdf", {.params = {"lines", "facets"}, .values = {"x"}}},
      {"heat_map", {.params = {"x", "y", "facets"}, .values = {"of"}}},
  };
  return all;
}

bool has(const Strings& words, std::string_view word) {
  return std::ranges::find(words, word) != words.end();
}
bool may_be_missing(std::string_view key) { return key == "lines" || key == "facets"; }

// The word after `as`, or what a plot is without it. None, and reported: there is no such kind.
std::optional<std::string> plot_kind(Checking& checking, const Report& item) {
  if (item.kind == ReportKind::table) return "table";
  for (const ReportClause& clause : item.clauses) {
    if (clause.key.text != "as" || clause.values.empty()) continue;
    const Name* name = single_name(clause.values.front());
    const Strings kinds{"lines", "bars", "cdf", "heat_map"};
    if (name != nullptr && clause.values.size() == 1 && has(kinds, name->text)) return name->text;
    const std::string word = name == nullptr ? "this" : name->text;
    report_unknown(checking, clause.values.front().span, word, "a kind of plot", kinds);
    return std::nullopt;
  }
  return "lines";
}

void check_param_name(Checking& checking, const Expr& value) {
  Strings known{"policy", "seed"};
  for (const ParamInfo& param : checking.checked.params) known.push_back(param.name.text);
  const Name* name = single_name(value);
  if (name == nullptr) return report(checking, value.span, "the name of a param is wanted here");
  if (!has(known, name->text)) {
    report_unknown(checking, name->span, name->text, "a param of this scenario", known);
  }
}

void check_clause(Checking& checking, const Report& item, const Clauses& form,
                  const ReportClause& clause) {
  const bool params = has(form.params, clause.key.text);
  if (clause.values.size() > 1 && item.kind == ReportKind::plot) {
    report(checking, clause.values[1].span, "a plot has one of these; write a report for each");
  }
  for (const Expr& value : clause.values) {
    if (params) {
      check_param_name(checking, value);
    } else {
      infer(checking, anywhere, value);
    }
  }
}

void check_report(Checking& checking, const Report& item, Span span) {
  const auto kind = plot_kind(checking, item);
  if (!kind) return;
  const Clauses& form = clauses_of().find(*kind)->second;
  Strings keys = form.params;
  keys.insert(keys.end(), form.values.begin(), form.values.end());
  Strings known = keys;
  if (item.kind == ReportKind::plot) known.push_back("as");
  Strings seen;
  for (const ReportClause& clause : item.clauses) {
    const Name& key = clause.key;
    if (!has(known, key.text)) {
      report_unknown(checking, key.span, key.text, "a part of this report", known);
    } else if (has(seen, key.text)) {
      report(checking, key.span, fmt::format("'{}' is given twice", key.text));
    } else if (key.text != "as") {
      check_clause(checking, item, form, clause);
    }
    seen.push_back(key.text);
  }
  for (const std::string& key : keys) {
    if (has(seen, key) || may_be_missing(key)) continue;
    return report(checking, span, fmt::format("this report wants '{} ...' too", key));
  }
}

}  // namespace

void check_statistics(Checking& checking) {
  const Script& script = *checking.checked.script;
  const Baseline* known = nullptr;
  each<Baseline>(script, [&](const Baseline& baseline, Span) {
    if (known != nullptr) {
      report_with_note(checking, baseline.condition.span, "a scenario has one baseline",
                       {.span = known->condition.span, .message = "the first is here"});
    }
    known = &baseline;
    check_param_condition(checking, baseline.condition);
  });
  each<Check>(script, [&](const Check& item, Span) {
    check_condition(checking, anywhere, item.condition);
    if (item.when) check_param_condition(checking, *item.when);
  });
  each<Report>(script, [&](const Report& item, Span span) { check_report(checking, item, span); });
}

}  // namespace language
