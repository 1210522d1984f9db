// SPDX-License-Identifier: Apache-2.0
#include "scenarios/language/mechanism.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

#include "model/policy/registry.hpp"
#include "scenarios/language/model_words.hpp"

namespace language {
namespace {

std::vector<std::string_view> words_of(const model::SettingInfo& info) {
  std::vector<std::string_view> words;
  for (std::string_view left = info.words; !left.empty();) {
    const std::size_t end = std::min(left.find('|'), left.size());
    words.push_back(left.substr(0, end));
    left.remove_prefix(std::min(end + 1, left.size()));
  }
  return words;
}

std::vector<model::SettingInfo> settings_of(const model::Policy& policy) {
  for (model::PolicyInfo& info : model::policy_list()) {
    if (info.name == model::name_of(policy)) return std::move(info.settings);
  }
  return {};
}

std::optional<std::uint64_t> value_of(const model::SettingInfo& info, std::string_view text) {
  const std::vector<std::string_view> words = words_of(info);
  const auto word = std::ranges::find(words, text);
  if (word != words.end()) return static_cast<std::uint64_t>(word - words.begin());
  if (info.kind != model::SettingKind::number) return std::nullopt;
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// In force: it is `yes`, as it is by default.
void add_ways(const model::Policy& policy, std::vector<Mechanism>& all) {
  for (const model::SettingInfo& info : settings_of(policy)) {
    const std::vector<std::string_view> words = words_of(info);
    if (info.default_value >= words.size() || words[info.default_value] != "yes") continue;
    if (model::get(policy, info.name) != info.default_value) continue;
    for (const std::string_view word : words) {
      const bool known = std::ranges::any_of(
          all, [&](const Mechanism& one) { return one.name == info.name && one.value == word; });
      if (word != "yes" && !known)
        all.push_back({.name = std::string(info.name), .value = std::string(word)});
    }
  }
}

}  // namespace

std::vector<Mechanism> mechanisms(const model::Setup& setup) {
  std::vector<Mechanism> all;
  for (const model::AdapterSetup& adapter : setup.adapters) add_ways(adapter.policy, all);
  for (const model::KernelSwitch& named : model::kernel_switches()) {
    if (named.guards && setup.switches.*named.member)
      all.push_back({std::string(named.name), "no"});
  }
  return all;
}

bool set_mechanism(model::Setup& setup, const Mechanism& wanted) {
  bool found = false;
  for (model::AdapterSetup& adapter : setup.adapters) {
    for (const model::SettingInfo& info : settings_of(adapter.policy)) {
      if (info.name != wanted.name) continue;
      const auto value = value_of(info, wanted.value);
      if (value) found = model::set(adapter.policy, info.name, *value) || found;
    }
  }
  const bool yes = wanted.value == "yes";
  if (found || (!yes && wanted.value != "no")) return found;
  for (const model::KernelSwitch& named : model::kernel_switches()) {
    if (named.name != wanted.name) continue;
    setup.switches.*named.member = yes;
    return true;
  }
  return false;
}

}  // namespace language
