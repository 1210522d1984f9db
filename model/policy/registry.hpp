// SPDX-License-Identifier: Apache-2.0
#pragma once

// The list of policies as data: names, texts, guarantees and settings by name. Those that are wrong
// on purpose are in it, with the settings of the policy that they vary.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/policy/all.hpp"

namespace model {

struct SettingInfo {
  std::string_view name;
  SettingKind kind = SettingKind::flag;
  std::string_view words;
  std::string_view meaning;
  std::uint64_t default_value = 0;
};

struct PolicyInfo {
  std::string_view name;
  std::string_view meaning{};  // Of a policy that is wrong on purpose; others have a page.
  Guarantees guarantees{};
  std::string_view device{};  // The kind of device that it is for.
  bool gated = false;         // It is about users of handles.
  bool imports = false;       // It can take a driver's buffer.
  std::vector<SettingInfo> settings{};
};

std::vector<PolicyInfo> policy_list();

// The policy of that name with its default settings, or the one that varies it.
std::optional<Policy> policy_named(std::string_view name);
std::string_view name_of(const Policy& policy);  // Of the one that is varied.

// None: the policy has no such setting.
std::optional<std::uint64_t> get(const Policy& policy, std::string_view setting);

// False: the policy has no such setting.
bool set(Policy& policy, std::string_view setting, std::uint64_t value);

}  // namespace model
