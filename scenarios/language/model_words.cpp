// SPDX-License-Identifier: Apache-2.0
#include "scenarios/language/model_words.hpp"

#include <set>

#include "model/cost.hpp"
#include "model/event.hpp"
#include "model/flow/all.hpp"
#include "model/policy/registry.hpp"
#include "model/rules.hpp"
#include "model/setup.hpp"

namespace language {
namespace {

std::vector<std::string> split(std::string_view words) {
  std::vector<std::string> parts;
  while (!words.empty()) {
    const std::size_t end = std::min(words.find('|'), words.size());
    parts.emplace_back(words.substr(0, end));
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  return parts;
}

SettingRow setting_row(const model::SettingInfo& info) {
  SettingRow row{.name = std::string(info.name),
                 .kind = SettingKind::truth,
                 .default_text = info.default_value != 0 ? "yes" : "no",
                 .doc = std::string(info.meaning)};
  switch (info.kind) {
    case model::SettingKind::flag:
      return row;
    case model::SettingKind::number:
      row.kind = SettingKind::number;
      row.default_text = std::to_string(info.default_value);
      return row;
    case model::SettingKind::duration:
      row.kind = SettingKind::duration;
      row.default_text = std::to_string(info.default_value) + "ns";
      return row;
    case model::SettingKind::word:
      row.kind = SettingKind::word;
      row.choices = split(info.words);
      row.default_text = row.choices[info.default_value];
      return row;
  }
  return row;
}

std::vector<std::string> names_of(model::PropertySet properties) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < model::property_table.size(); ++i) {
    if ((properties & model::bit(static_cast<model::Property>(i))) == 0) continue;
    names.emplace_back(model::property_table[i].name);
  }
  return names;
}

void add_policies(Vocabulary& words) {
  for (const model::PolicyInfo& info : model::policy_list()) {
    PolicyRow row{.name = std::string(info.name),
                  .doc = std::string(info.meaning),
                  .settings = {},
                  .promises = names_of(info.guarantees.promises),
                  .breaks = names_of(info.guarantees.breaks)};
    for (const model::SettingInfo& setting : info.settings) {
      row.settings.push_back(setting_row(setting));
    }
    words.policies.push_back(std::move(row));
  }
}

// What a field letter of model::EventInfo may be named by.
std::optional<Parameter> parameter_of(char field) {
  switch (field) {
    case 'M':
      return Parameter{.name = "mm", .kind = ParameterKind::process, .optional = true};
    case 'P':
      return Parameter{.name = "pages", .kind = ParameterKind::any, .optional = true};
    case 'R':
      return Parameter{.name = "of", .kind = ParameterKind::any, .optional = true};
    case 'D':
      return Parameter{.name = "to", .kind = ParameterKind::any, .optional = true};
    default:
      return std::nullopt;
  }
}

void add_events(Vocabulary& words) {
  for (const model::EventInfo& info : model::event_table) {
    EventRow row{.name = std::string(info.name), .doc = std::string(info.meaning)};
    for (const char field : info.fields) {
      if (const auto parameter = parameter_of(field)) row.parameters.push_back(*parameter);
    }
    words.events.push_back(std::move(row));
  }
}

// A break-point names a step by its last word, or an event: each call may reach any of them
// through the operations below it.
void add_steps(Vocabulary& words) {
  std::set<std::string> known;
  for (const std::string& step : model::all_steps()) {
    const std::string last = step.substr(step.rfind('.') + 1);
    if (known.insert(last).second) words.common_steps.push_back({last, "a step: see list steps"});
  }
  for (const model::EventInfo& info : model::event_table) {
    const std::string name(info.name);
    if (known.insert(name).second) words.common_steps.push_back({name, std::string(info.meaning)});
  }
}

}  // namespace

const Vocabulary& full_vocabulary() {
  static const Vocabulary all = [] {
    Vocabulary words = language_vocabulary();
    add_policies(words);
    for (const model::PropertyInfo& info : model::property_table) {
      words.properties.push_back({std::string(info.name), std::string(info.meaning)});
    }
    add_events(words);
    add_steps(words);
    for (const model::CostInfo& info : model::cost_table) {
      words.costs.push_back({.name = std::string(info.name),
                             .kind = SettingKind::cost,
                             .default_text = std::to_string(info.value) + "ns",
                             .doc = std::string(info.meaning)});
    }
    for (const std::string_view version : model::kernel_versions) {
      const model::KernelSwitches own =
          model::switches_of(version).value_or(model::KernelSwitches{});
      KernelRow row{.version = std::string(version), .doc = "a recorded kernel"};
      for (const model::KernelSwitch& named : model::kernel_switches()) {
        row.switches.push_back({.name = std::string(named.name),
                                .kind = SettingKind::truth,
                                .default_text = own.*named.member ? "yes" : "no",
                                .doc = std::string(named.meaning)});
      }
      words.kernels.push_back(std::move(row));
    }
    return words;
  }();
  return all;
}

}  // namespace language
