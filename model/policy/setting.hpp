// SPDX-License-Identifier: Apache-2.0
#pragma once

// The settings of a policy, as a table: the scenario language, `list` and the docs read it.

#include <cstdint>
#include <span>
#include <string_view>

namespace model {

enum class SettingKind : std::uint8_t { flag, number, duration, word };

template <class P>
struct Setting {
  std::string_view name;
  SettingKind kind = SettingKind::flag;
  std::string_view words;  // Of a word, separated by '|': the values 0, 1, ...
  std::string_view meaning;
  void (*set)(P&, std::uint64_t) = nullptr;
  std::uint64_t (*get)(const P&) = nullptr;
};

template <class P, auto member>
constexpr Setting<P> setting(std::string_view name, SettingKind kind, std::string_view words,
                             std::string_view meaning) {
  return {name,
          kind,
          words,
          meaning,
          [](P& policy, std::uint64_t value) {
            policy.*member = static_cast<std::remove_reference_t<decltype(policy.*member)>>(value);
          },
          [](const P& policy) { return static_cast<std::uint64_t>(policy.*member); }};
}

template <class P, auto member>
constexpr Setting<P> flag(std::string_view name, std::string_view meaning) {
  return setting<P, member>(name, SettingKind::flag, "no|yes", meaning);
}
template <class P, auto member>
constexpr Setting<P> number(std::string_view name, std::string_view meaning) {
  return setting<P, member>(name, SettingKind::number, "", meaning);
}
template <class P, auto member>
constexpr Setting<P> duration(std::string_view name, std::string_view meaning) {
  return setting<P, member>(name, SettingKind::duration, "", meaning);
}
template <class P, auto member>
constexpr Setting<P> word(std::string_view name, std::string_view words, std::string_view meaning) {
  return setting<P, member>(name, SettingKind::word, words, meaning);
}

}  // namespace model
