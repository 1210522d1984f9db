// SPDX-License-Identifier: Apache-2.0
// Settings against their rows: of hosts, devices, links, policies, kernels and costs.
#include <fmt/format.h>

#include <algorithm>

#include "scenarios/language/checking.hpp"

namespace language {
namespace {

const std::vector<std::string> truths{"yes", "no", "on", "off"};

Dimension dimension_of(SettingKind kind) {
  switch (kind) {
    case SettingKind::duration:
      return Dimension::time;
    case SettingKind::size:
      return Dimension::size;
    case SettingKind::bandwidth:
      return Dimension::bandwidth;
    case SettingKind::rate:
      return Dimension::rate;
    default:
      return Dimension::none;
  }
}

// A word of a closed list, or a param whose values are such words.
void check_word(Checking& checking, const Expr& expr, std::string_view what,
                const std::vector<std::string>& words) {
  for (const Assignment& sample : checking.samples) {
    const Value value = evaluate(checking.checked, sample, expr).value;
    if (value.word() != nullptr && std::ranges::find(words, value.word()->text) != words.end()) {
      continue;
    }
    const Name* name = single_name(expr);
    if (name == nullptr || value.word() == nullptr) {
      return report(checking, expr.span, fmt::format("expected {}", listed(words)));
    }
    return report_unknown(checking, expr.span, value.word()->text, what, words);
  }
}

}  // namespace

void check_settings(Checking& checking, const std::vector<Setting>& settings,
                    const std::vector<SettingRow>& rows, std::string_view what) {
  for (const Setting& setting : settings) {
    const SettingRow* row = find(rows, setting.name.text);
    if (row == nullptr) {
      report_unknown(checking, setting.name.span, setting.name.text,
                     fmt::format("a setting of {}", what), row_names(rows));
      continue;
    }
    check_setting_values(checking, setting, *row);
  }
}

void check_setting_values(Checking& checking, const Setting& setting, const SettingRow& row) {
  if (row.kind == SettingKind::block) {
    return check_settings(checking, setting.nested, row.nested, fmt::format("'{}'", row.name));
  }
  if (setting.values.empty()) {
    return report(checking, setting.name.span,
                  fmt::format("'{}' has no value; expected {}", row.name, description(row.kind)));
  }
  const Expr& value = setting.values.front();
  switch (row.kind) {
    case SettingKind::truth:
      check_word(checking, value, fmt::format("a value of '{}'", row.name), truths);
      break;
    case SettingKind::word:
      check_word(checking, value, fmt::format("a value of '{}'", row.name), row.choices);
      break;
    case SettingKind::cost:
      if (!std::holds_alternative<CallExpr>(value.node)) {
        check_quantity(checking, {}, value, Dimension::time, "a time");
      }
      break;
    case SettingKind::mix:
    case SettingKind::target:
      break;
    default:
      check_quantity(checking, {}, value, dimension_of(row.kind), description(row.kind));
      break;
  }
  for (std::size_t i = 1; i < setting.values.size(); ++i) {
    if (row.choices.empty() || row.kind == SettingKind::word) {
      report(checking, setting.values[i].span, fmt::format("'{}' takes one value", row.name));
      break;
    }
    check_word(checking, setting.values[i], fmt::format("a word of '{}'", row.name), row.choices);
  }
}

}  // namespace language
