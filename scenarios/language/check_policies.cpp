// SPDX-License-Identifier: Apache-2.0
// Policies, the machine's settings, kernels and costs.
#include <fmt/format.h>

#include <algorithm>

#include "scenarios/language/checking.hpp"

namespace language {
namespace {

const PolicyRow* policy_row(Checking& checking, const Name& name) {
  const PolicyRow* row = find(checking.vocabulary.policies, name.text);
  if (row == nullptr) {
    report_unknown(checking, name.span, name.text, "a policy",
                   row_names(checking.vocabulary.policies));
  }
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
    for (const Value& value : info.values) {
      policy_row(checking, {.text = value.text(), .span = info.name.span});
    }
    return true;
  }
  return false;
}

template <class Entry>
void check_entries(Checking& checking, const std::vector<Entry>& entries,
                   const std::vector<SettingRow>& rows, const std::string& what) {
  for (const auto& entry : entries) {
    if (const auto* setting = std::get_if<Setting>(&entry)) {
      check_settings(checking, {*setting}, rows, what);
    }
  }
}

void check_region(Checking& checking, RegionInfo& info) {
  const Region& region = *info.region;
  if (find(checking.vocabulary.region_kinds, region.kind.text) == nullptr) {
    report_unknown(checking, region.kind.span, region.kind.text, "a kind of region",
                   names_of(checking.vocabulary.region_kinds));
  }
  for (const Name& flag : region.flags) {
    if (find(checking.vocabulary.region_flags, flag.text) != nullptr) continue;
    report_unknown(checking, flag.span, flag.text, "a flag of a region",
                   names_of(checking.vocabulary.region_flags));
  }
  if (region.address) check_quantity(checking, {}, *region.address, Dimension::none, "a number");
  const std::size_t before = checking.checked.problems.size();
  check_quantity(checking, {}, region.size, Dimension::pages, "a number of pages or bytes");
  if (checking.checked.problems.size() != before) return;
  for (const Assignment& sample : checking.samples) {
    const Value value = evaluate(checking.checked, sample, region.size).value;
    const auto pages = amount_in(value, Dimension::pages);
    const auto whole = pages ? pages->to_uint64() : std::nullopt;
    if (!whole || *whole == 0) {
      return report(checking, region.size.span, "a region has at least one whole page");
    }
    info.pages = info.pages ? std::min(*info.pages, *whole) : *whole;
  }
}

}  // namespace

void check_machine(Checking& checking) {
  const Vocabulary& words = checking.vocabulary;
  for (const HostInfo& host : checking.checked.hosts) {
    for (const Host* block : host.blocks) {
      check_entries(checking, block->entries, words.host_settings, "a host");
    }
  }
  for (const DeviceInfo& device : checking.checked.devices) {
    if (device.kind == nullptr) continue;
    for (const Device* block : device.blocks) {
      check_entries(checking, block->entries, device.kind->settings,
                    fmt::format("device '{}'", device.kind->name));
    }
  }
  for (const LinkInfo& link : checking.checked.links) {
    check_settings(checking, link.link->settings, words.link_settings, "a link");
  }
  for (RegionInfo& region : checking.checked.regions) check_region(checking, region);
  each<Cost>(*checking.checked.script, [&](const Cost& cost, Span) {
    check_settings(checking, cost.settings, words.costs, "a cost model");
  });
  each<Run>(*checking.checked.script, [&](const Run& run, Span) {
    check_settings(checking, run.settings, words.run_settings, "a run");
  });
  each<Kernel>(*checking.checked.script, [&](const Kernel& kernel, Span) {
    std::vector<std::string> known;
    const KernelRow* row = nullptr;
    for (const KernelRow& candidate : words.kernels) {
      known.push_back(candidate.version);
      if (candidate.version == kernel.version.text) row = &candidate;
    }
    if (row == nullptr) {
      report_unknown(checking, kernel.version.span, kernel.version.text, "a kernel known here",
                     known);
    } else {
      check_settings(checking, kernel.switches, row->switches, "a kernel");
    }
  });
}

void check_policies(Checking& checking) {
  const bool chosen_by_param = check_policy_param(checking);
  if (checking.overrides.policy) policy_row(checking, *checking.overrides.policy);
  for (const Policy* policy : checking.checked.policies) check_policy(checking, *policy);
  for (const DeviceInfo& device : checking.checked.devices) {
    if (device.policy != nullptr) check_policy(checking, *device.policy);
  }
  if (checking.checked.policies.size() < 2 || chosen_by_param) return;
  const Policy& second = *checking.checked.policies[1];
  report_with_note(checking, second.name.span, "a scenario has one policy",
                   {.span = checking.checked.policies[0]->span, .message = "the first is here"});
}

}  // namespace language
