// SPDX-License-Identifier: Apache-2.0
#include "model/policy/registry.hpp"

#include "model/policy/broken/all.hpp"

namespace model {
namespace {

template <std::size_t index = 0, class Visit>
void each_policy(Visit visit) {
  visit(std::variant_alternative_t<index, Policy>{});
  if constexpr (index + 1 < std::variant_size_v<Policy>) each_policy<index + 1>(visit);
}

template <class P>
PolicyInfo info_of(const P& policy) {
  PolicyInfo info{.name = P::name,
                  .guarantees = P::guarantees,
                  .device = P::device,
                  .gated = P::gated,
                  .imports = P::imports};
  for (const Setting<P>& setting : P::settings()) {
    info.settings.push_back({.name = setting.name,
                             .kind = setting.kind,
                             .words = setting.words,
                             .meaning = setting.meaning,
                             .default_value = setting.get(policy)});
  }
  return info;
}

}  // namespace

std::vector<PolicyInfo> policy_list() {
  std::vector<PolicyInfo> list;
  each_policy([&]<class P>(const P& defaults) { list.push_back(info_of(defaults)); });
  for (const auto variation : broken_policies) {
    const Variation broken = variation();
    PolicyInfo info = std::visit([](const auto& policy) { return info_of(policy); }, broken.policy);
    info.name = broken.name;
    info.meaning = broken.meaning;
    info.guarantees = broken.guarantees;
    list.push_back(std::move(info));
  }
  return list;
}

std::optional<Policy> policy_named(std::string_view name) {
  std::optional<Policy> found;
  each_policy([&]<class P>(const P& defaults) {
    if (P::name == name) found = defaults;
  });
  for (const auto variation : broken_policies) {
    if (Variation broken = variation(); broken.name == name) found = std::move(broken.policy);
  }
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
