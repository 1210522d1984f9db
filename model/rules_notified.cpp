// SPDX-License-Identifier: Apache-2.0
#include "model/rules_notified.hpp"

#include "model/event.hpp"
#include "model/machine.hpp"

namespace model {
namespace {

// The adapter has translations for some of the pages, in its PFN table or its TLB; of a VM, in any
// of its memslots.
bool translated(const Machine& machine, MrId mr, PageRange pages) {
  const Registration& region = machine.registrations[mr.index()];
  if (machine.is_vm(mr)) {
    for (std::uint32_t i = 0; i < machine.registrations.size(); ++i) {
      const bool slot = machine.registrations[i].vm == mr && MrId{i} != mr;
      if (slot && translated(machine, MrId{i}, pages)) return true;
    }
    return false;
  }
  if (!region.adapter.some()) return false;
  if (machine.is(region.adapter, AdapterSetup::Kind::xpmem)) {  // Of all attachments to the memory.
    return std::ranges::any_of(machine.registrations, [&](const Registration& each) {
      return each.adapter == region.adapter && each.mm == region.mm && each.table.any(pages);
    });
  }
  return region.table.any(pages) ||
         std::ranges::any_of(
             machine.adapters[region.adapter.index()].tlb, [&](const DeviceTlbEntry& entry) {
               return entry.mr == mr && pages.contains(entry.page) && entry.target.populated();
             });
}

}  // namespace

bool holds(const Machine& machine, MrId mr) {
  if (!machine.registrations[mr.index()].adapter.some()) return false;
  return std::visit([](const auto& policy) { return policy.holds(); }, machine.policy_of(mr));
}

PropertySet judge_heeded(const Machine& machine, const Event& event) {
  if (machine.is(machine.registrations[event.mr.index()].adapter, AdapterSetup::Kind::sva))
    return 0;
  const bool left = machine.registrations[event.mr.index()].pinned.empty() &&
                    !holds(machine, event.mr) && translated(machine, event.mr, event.pages);
  return left ? bit(Property::coverage_gap) : 0;
}

bool taken_back(const Machine& machine, MappingId buffer) {
  return machine.mappings[buffer.index()].revoked &&
         machine.lock_available({.kind = LockKind::exporter, .index = buffer.value},
                                LockMode::read);
}

PropertySet judge_ignored(const Machine& machine, const Event& event) {
  const bool own =
      event.adapter.some() && event.adapter == machine.registrations[event.mr.index()].adapter;
  return !own && translated(machine, event.mr, event.pages) ? bit(Property::ignored_event) : 0;
}

// Drivers are asked whether a page was used. A driver without such callbacks promises nothing.
PropertySet judge_young(const Machine& machine, const Event& event) {
  const Observed& seen = machine.observed;
  if (!seen.asks(Property::missed_use)) return 0;
  bool used = false;
  const Subscriptions& notifier = machine.notifiers[event.mm.index()];
  for (const Use& use : seen.used) {
    const Registration& region = machine.registrations[use.mr.index()];
    const bool asked = region.mm == event.mm && event.pages.contains(use.page) &&
                       notifier.listens(region.vm.some() ? region.vm : use.mr);
    if (!asked) continue;
    if (use.blurred) return 0;
    used = true;
  }
  return used == (event.detail != 0) ? 0 : bit(Property::missed_use);
}

PropertySet judge_change(const Machine& machine, const Event& event) {
  const Subscriptions& notifier = machine.notifiers[event.mm.index()];
  if (notifier.released) return 0;
  for (std::uint32_t i = 0; i < event.pages.count; ++i) {
    if (!notifier.invalidating(event.pages.at(i))) return bit(Property::coverage_gap);
  }
  return 0;
}

}  // namespace model
