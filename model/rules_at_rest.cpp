// SPDX-License-Identifier: Apache-2.0
// The rules that are judged when nothing can happen any more.
#include "model/machine.hpp"
#include "model/rules.hpp"
#include "model/rules_notified.hpp"

namespace model {
namespace {

bool waits_for_cards(const Machine& machine, TaskId task) {
  return std::ranges::any_of(machine.recalls,
                             [&](const Recall& recall) { return recall.task == task; });
}

PropertySet judge_balance(const Machine& machine) {
  const auto dead = [&](MmId mm) { return machine.hosts[machine.host_of(mm).index()].dead; };
  for (std::uint32_t mm = 0; mm < machine.notifiers.size(); ++mm) {
    const IntervalNotifiers& intervals = machine.notifiers[mm].intervals;
    if (!intervals.idle() && !dead(MmId{mm})) return bit(Property::unbalanced_notifier);
  }
  for (const Vm& vm : machine.vms) {
    const MmId mm = machine.registrations[vm.mr.index()].mm;
    if (vm.active != 0 && machine.notifiers[mm.index()].listens(vm.mr) && !dead(mm)) {
      return bit(Property::unbalanced_notifier);
    }
  }
  for (std::uint32_t mr = 0; mr < machine.registrations.size(); ++mr) {
    if (machine.in_progress(MrId{mr}) && !dead(machine.registrations[mr].mm)) {
      return bit(Property::unbalanced_notifier);
    }
  }
  return 0;
}

// The translations of the folio that have a reference of it.
std::uint32_t held(const Machine& machine, FrameId folio) {
  std::uint32_t count = 0;
  for (std::uint32_t i = 0; i < machine.registrations.size(); ++i) {
    if (!holds(machine, MrId{i})) continue;
    const Registration& region = machine.registrations[i];
    region.table.for_each(region.pages, [&](Page, const PfnEntry& entry) {
      if (machine.frames.head(entry.frame) == folio) ++count;
    });
  }
  return count;
}

// At rest every reference is a map, a pin, the page cache or the swap cache, or it is held for a
// translation; and a pin belongs to a registration that lives.
PropertySet judge_references(const Machine& machine) {
  std::uint64_t owned_pins = 0;
  for (const Registration& region : machine.registrations) {
    if (machine.hosts[machine.host_of(region.mm).index()].dead) continue;
    if (region.live && !machine.notifiers[region.mm.index()].released) {
      owned_pins += region.pinned.size();
    }
  }
  for (const AddressSpace& space : machine.spaces) owned_pins += space.pinned.size();
  std::uint64_t pins = 0;
  bool leaks = false;
  machine.frames.for_each([&](FrameId id, const Frame& frame) {
    if (!frame.allocated || machine.is_zero(id)) return;
    if (machine.hosts[frame.host.index()].dead) return;
    pins += frame.pins;
    std::uint32_t expected =
        frame.maps + frame.pins + (frame.slot.some() ? 1U : 0U) + held(machine, id);
    if (frame.mapping.some() &&
        machine.mappings[frame.mapping.index()].cached(frame.index).maps(id)) {
      expected += frame.cache_references();
    }
    // Whoever has found that the memory fails keeps a reference, so that nobody gets it again.
    leaks = leaks || (!frame.poisoned && frame.references != expected);
  });
  return pins == owned_pins && !leaks ? 0 : bit(Property::leaked_reference);
}

}  // namespace

PropertySet judge_at_rest(const Machine& machine, std::span<const TaskId> stuck) {
  PropertySet broken = 0;
  for (const TaskId task : stuck) {
    broken |= bit(waits_for_cards(machine, task) ? Property::quiesce_stuck : Property::deadlock);
  }
  // A task that waits for one that waits for a card is not in a deadlock of its own.
  if ((broken & bit(Property::quiesce_stuck)) != 0) broken = bit(Property::quiesce_stuck);
  if (broken != 0) return broken;
  return judge_balance(machine) | judge_references(machine);
}

}  // namespace model
