// SPDX-License-Identifier: Apache-2.0
// Workloads, and what is measured of them.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "scenarios/language/checking.hpp"

namespace language {
namespace {

bool is_percentile(std::string_view name) {
  const std::size_t digits = name.find_first_not_of("0123456789.", 1);
  return name.size() > 1 && name[0] == 'p' && digits == std::string_view::npos;
}

void check_mix(Checking& checking, const WorkloadKey& key) {
  for (const WorkloadKey::Value& value : key.values) {
    const Name* name = single_name(value.value);
    if (name == nullptr) {
      report(checking, value.value.span, "the name of an operation is wanted");
    } else if (find(checking.vocabulary.operations, name->text) == nullptr) {
      report_unknown(checking, name->span, name->text, "an operation of a workload",
                     names_of(checking.vocabulary.operations));
    }
    if (value.detail) {
      check_quantity(checking, {}, *value.detail, Dimension::none, "a share, as 70%");
    }
  }
}

void check_target(Checking& checking, const Scope& scope, const WorkloadKey& key) {
  for (const WorkloadKey::Value& value : key.values) {
    const Parameter region{.name = "target", .kind = ParameterKind::pages};
    const Parameter mr{.name = "target", .kind = ParameterKind::remote_pages};
    const std::size_t before = checking.checked.problems.size();
    const Kind kind = infer(checking, scope, value.value).kind;
    if (checking.checked.problems.size() != before) continue;
    const bool is_region = kind == Kind::region || kind == Kind::pages;
    check_argument(checking, scope, is_region ? region : mr, value.value);
  }
}

// What fits no table: a distribution with its parameter.
void check_key_values(Checking& checking, const WorkloadKey& key, const SettingRow& row) {
  Setting setting;
  setting.name = key.name;
  setting.span = key.span;
  for (const WorkloadKey::Value& value : key.values) {
    setting.values.push_back(value.value);
    if (!value.detail) continue;
    if (value.colon && row.kind == SettingKind::word) {
      check_quantity(checking, {}, *value.detail, Dimension::none, "a number");
    } else {
      report(checking, value.detail->span, fmt::format("'{}' takes no ':'", row.name));
    }
  }
  check_setting_values(checking, setting, row);
}

void check_workload(Checking& checking, const Workload& workload) {
  const Symbol actor = find_actor(checking, workload.actor).value_or(Symbol{});
  std::set<std::string_view> seen;
  for (const WorkloadKey& key : workload.keys) {
    const SettingRow* row = find(checking.vocabulary.workload_settings, key.name.text);
    if (row == nullptr) {
      report_unknown(checking, key.name.span, key.name.text, "a setting of a workload",
                     row_names(checking.vocabulary.workload_settings), "settings");
      continue;
    }
    if (!seen.insert(key.name.text).second) {
      report(checking, key.name.span, fmt::format("'{}' is set twice", key.name.text));
    }
    const bool listed = row->kind == SettingKind::mix || row->kind == SettingKind::target;
    if (listed && key.values.empty()) {
      report(checking, key.name.span, fmt::format("'{}' has no value", key.name.text));
    } else if (row->kind == SettingKind::mix) {
      check_mix(checking, key);
    } else if (row->kind == SettingKind::target) {
      check_target(checking, {.actor = actor}, key);
    } else {
      check_key_values(checking, key, *row);
    }
  }
}

void check_measurement(Checking& checking, const Measurement& measurement) {
  std::vector<std::string> known;
  const FunctionRow* found = nullptr;
  for (const FunctionRow& row : checking.vocabulary.functions) {
    if (!row.statistic || row.forms.empty()) continue;
    known.push_back(row.name);
    if (row.name == measurement.what.text) found = &row;
  }
  if (found == nullptr) {
    report_unknown(checking, measurement.what.span, measurement.what.text,
                   "something that is measured", known);
  } else {
    Expr subject;  // Not of the tree: it has the first number after those of the tree.
    subject.span = measurement.subject.span;
    subject.id = {checking.checked.script->exprs};
    subject.node = PathExpr{{{measurement.subject}, measurement.subject.span}};
    check_argument(checking, anywhere, found->forms.front().parameters.front(), subject);
  }
  for (const Name& statistic : measurement.statistics) {
    if (is_percentile(statistic.text)) continue;
    if (find(checking.vocabulary.statistics, statistic.text) != nullptr) continue;
    std::vector<std::string> names = names_of(checking.vocabulary.statistics);
    names.emplace_back("p99");
    report_unknown(checking, statistic.span, statistic.text, "a statistic", names);
  }
}

}  // namespace

void check_load(Checking& checking) {
  const Script& script = *checking.checked.script;
  each<Workload>(script,
                 [&](const Workload& workload, Span) { check_workload(checking, workload); });
  check_traces(checking);
  each<Measure>(script, [&](const Measure& measure, Span) {
    for (const Measurement& row : measure.rows) check_measurement(checking, row);
  });
}

}  // namespace language
