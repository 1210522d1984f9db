// SPDX-License-Identifier: Apache-2.0
#include "model/rules_vm.hpp"

#include "model/event.hpp"
#include "model/machine.hpp"

namespace model {

PropertySet judge_dirty_log(const Machine& machine, const Event& event) {
  const Registration& region = machine.registrations[event.mr.index()];
  const auto& slots = machine.vm(event.mr).slots;
  const auto slot = std::ranges::find(slots, event.mr, &Memslot::mr);
  if (slot == slots.end()) return 0;
  const auto lost = [&](Page page, const PfnEntry& entry) {
    return entry.write && !slot->dirty.contains(page.value - region.pages.first.value);
  };
  bool found = std::ranges::any_of(machine.adapters[region.adapter.index()].tlb,
                                   [&](const DeviceTlbEntry& entry) {
                                     return entry.mr == event.mr && lost(entry.page, entry.target);
                                   });
  region.table.for_each(
      region.pages, [&](Page page, const PfnEntry& entry) { found = found || lost(page, entry); });
  return found ? bit(Property::unmarked_write) : 0;
}

}  // namespace model
