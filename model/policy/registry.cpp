// SPDX-License-Identifier: Apache-2.0
#include "model/policy/registry.hpp"

namespace model {
namespace {

template <std::size_t index = 0, class Visit>
void each_policy(Visit visit) {
  visit(std::variant_alternative_t<index, Policy>{});
  if constexpr (index + 1 < std::variant_size_v<Policy>) each_policy<index + 1>(visit);
}

}  // namespace

std::vector<PolicyInfo> policy_list() {
  std::vector<PolicyInfo> list;
  each_policy([&]<class P>(const P& defaults) {
    PolicyInfo info{.name = P::name, .settings = {}};
    for (const Setting<P>& setting : P::settings()) {
      info.settings.push_back({.name = setting.name,
                               .kind = setting.kind,
                               .words = setting.words,
                               .meaning = setting.meaning,
                               .default_value = setting.get(defaults)});
    }
    list.push_back(std::move(info));
  });
  return list;
}

std::optional<Policy> policy_named(std::string_view name) {
  std::optional<Policy> found;
  each_policy([&]<class P>(const P& defaults) {
    if (P::name == name) found = defaults;
  });
  return found;
}

std::string_view name_of(const Policy& policy) {
  return std::visit([]<class P>(const P&) { return P::name; }, policy);
}

std::optional<std::uint64_t> get(const Policy& policy, std::string_view setting) {
  return std::visit(
      [&]<class P>(const P& source) -> std::optional<std::uint64_t> {
        for (const Setting<P>& candidate : P::settings()) {
          if (candidate.name == setting) return candidate.get(source);
        }
        return std::nullopt;
      },
      policy);
}

bool set(Policy& policy, std::string_view setting, std::uint64_t value) {
  return std::visit(
      [&]<class P>(P& target) {
        for (const Setting<P>& candidate : P::settings()) {
          if (candidate.name != setting) continue;
          candidate.set(target, value);
          return true;
        }
        return false;
      },
      policy);
}

}  // namespace model
