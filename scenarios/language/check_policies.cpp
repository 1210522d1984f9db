// SPDX-License-Identifier: Apache-2.0
// Policies: which may be in force, their settings, and the params that set them.
#include <fmt/format.h>

#include <algorithm>

#include "scenarios/language/checking.hpp"

namespace language {
namespace {

// The row of that policy, which may be in force from now on.
const PolicyRow* policy_row(Checking& checking, const Name& name) {
  const PolicyRow* row = find(checking.vocabulary.policies, name.text);
  if (row == nullptr) {
    report_unknown(checking, name.span, name.text, "a policy",
                   row_names(checking.vocabulary.policies));
  }
  checking.chosen_policies.push_back(name.text);
  return row;
}

void check_policy(Checking& checking, const Policy& policy) {
  const PolicyRow* row = policy_row(checking, policy.name);
  if (row == nullptr) return;
  check_settings(checking, policy.settings, row->settings, fmt::format("policy '{}'", row->name));
}

// `param policy in [...]` names policies.
bool check_policy_param(Checking& checking) {
  for (const ParamInfo& info : checking.checked.params) {
    if (info.name.text != "policy") continue;
    for (std::size_t i = 0; i < info.values.size(); ++i) {
      policy_row(checking, {.text = info.values[i].text(), .span = place_of_value(info, i)});
    }
    return true;
  }
  return false;
}

void check_param_setting(Checking& checking, const ParamInfo& info, const SettingRow& row) {
  const std::vector<Value>& values = info.values;
  const auto wrong =
      std::ranges::find_if(values, [&](const Value& value) { return !fits_setting(row, value); });
  if (wrong == values.end()) return;
  const auto index = static_cast<std::size_t>(wrong - values.begin());
  const bool words = row.kind == SettingKind::word;
  report(checking, place_of_value(info, index),
         fmt::format("'{}' is a setting of the policy and takes {}, not '{}'", row.name,
                     words ? listed(row.choices) : description(row.kind), wrong->text()));
}

// A param whose name is that of a setting is that setting.
void check_param_settings(Checking& checking) {
  for (const ParamInfo& info : checking.checked.params) {
    for (const std::string& policy : checking.chosen_policies) {
      const PolicyRow* row = find(checking.vocabulary.policies, policy);
      const SettingRow* setting = row == nullptr ? nullptr : find(row->settings, info.name.text);
      if (setting != nullptr) check_param_setting(checking, info, *setting);
    }
  }
}

}  // namespace

void check_policies(Checking& checking) {
  const bool chosen_by_param = check_policy_param(checking);
  if (checking.overrides.policy) policy_row(checking, *checking.overrides.policy);
  for (const Policy* policy : checking.checked.policies) check_policy(checking, *policy);
  for (const DeviceInfo& device : checking.checked.devices) {
    if (device.policy != nullptr) check_policy(checking, *device.policy);
  }
  check_param_settings(checking);
  if (checking.checked.policies.size() < 2 || chosen_by_param) return;
  const Policy& second = *checking.checked.policies[1];
  report_with_note(checking, second.name.span, "a scenario has one policy",
                   {.span = checking.checked.policies[0]->span, .message = "the first is here"});
}

}  // namespace language
