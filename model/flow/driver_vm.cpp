// SPDX-License-Identifier: Apache-2.0
// What KVM may do with a VM: the part of Driver that is about memslots.
#include "model/flow/all.hpp"
#include "model/flow/vm.hpp"
#include "model/policy/driver.hpp"

namespace model {

void replace_memslots(Context& c, VmId vm) {
  for (SlotReader& reader : c.machine.vms[vm.index()].readers) reader.before = true;
  c.changed(Wait::Kind::srcu, vm.value);
}

void read_memslots(Context& c, VmId vm) {
  c.machine.vms[vm.index()].readers.push_back({.task = c.self});
}

void leave_memslots(Context& c, VmId vm) {
  auto& readers = c.machine.vms[vm.index()].readers;
  // The one that was begun last: one within another is over first.
  const auto own = std::find_if(readers.rbegin(), readers.rend(),
                                [&](const SlotReader& reader) { return reader.task == c.self; });
  readers.erase(own.base() - 1);
  c.changed(Wait::Kind::srcu, vm.value);
}

bool Driver::is_vm(MrId mr) const { return context_.machine.is_vm(mr); }

void Driver::read_memslots(MrId vm) { model::read_memslots(context_, context_.machine.vm_of(vm)); }

void Driver::leave_memslots(MrId vm) {
  model::leave_memslots(context_, context_.machine.vm_of(vm));
}

const Memslot* Driver::memslot(MrId vm, std::uint32_t guest) const {
  return std::as_const(context_.machine).memslot(vm, guest);
}

Small<Driver::Part, 2> Driver::parts(MrId mr, PageRange pages) const {
  const Machine& machine = context_.machine;
  if (!machine.is_vm(mr)) return {{.mr = mr, .pages = pages}};
  Small<Part, 2> all;
  for (const Memslot& slot : machine.vm(mr).slots) {
    const PageRange own = machine.registrations[slot.mr.index()].pages.intersect(pages);
    if (own.count != 0) all.push_back({.mr = slot.mr, .pages = own});
  }
  return all;
}

bool Driver::slot_overlaps(MrId vm, PageRange pages) const { return !parts(vm, pages).empty(); }

bool Driver::translates(MrId vm, PageRange pages) const {
  const auto all = parts(vm, pages);
  return std::ranges::any_of(
      all, [&](const Part& part) { return registration(part.mr).table.any(part.pages); });
}

void Driver::log_dirty(MrId slot, Page page) {
  const Registration& region = registration(slot);
  for (Memslot& own : context_.machine.vms[context_.machine.vm_of(slot).index()].slots) {
    if (own.mr == slot && own.log_dirty) own.dirty.add(page.value - region.pages.first.value);
  }
}

// The page table of a VM has one entry for a guest page, whichever memslot it came from.
void Driver::unmap_guest(MrId slot, Page page) {
  const std::uint32_t guest = registration(slot).iova_of(page);
  for (std::uint32_t i = 0; i < context_.machine.registrations.size(); ++i) {
    const Registration& other = std::as_const(context_.machine).registrations[i];
    const bool has = MrId{i} != slot && other.vm == registration(slot).vm && MrId{i} != other.vm &&
                     guest >= other.iova && guest - other.iova < other.pages.count;
    if (!has || !other.table.at(other.pages.at(guest - other.iova)).populated()) continue;
    context_.registration(MrId{i}).table.clear(other.pages.at(guest - other.iova));
  }
}

void Driver::count_invalidation(MrId vm) {
  const VmId number = context_.machine.vm_of(vm);
  ++context_.machine.vms[number.index()].active;
  context_.changed(Wait::Kind::uncounted, number.value);
}

void Driver::uncount_invalidation(MrId vm) {
  const VmId number = context_.machine.vm_of(vm);
  --context_.machine.vms[number.index()].active;
  context_.changed(Wait::Kind::uncounted, number.value);
}

// The first that is counted replaces what others have left behind; more of them make it wider.
void Driver::add_range(MrId vm, PageRange pages) {
  Vm& machine = context_.machine.vms[context_.machine.vm_of(vm).index()];
  if (registration(vm).ranges <= 1) machine.invalidating = {};
  for (const Part& part : parts(vm, pages)) {
    const Page first{registration(part.mr).iova_of(part.pages.first)};
    PageRange& range = machine.invalidating;
    const Page low = range.count == 0 ? first : std::min(range.first, first);
    const Page high = std::max(range.end(), Page{first.value + part.pages.count});
    range = {.first = low, .count = high.value - low.value};
  }
}

bool Driver::invalidating(MrId vm, std::uint32_t guest) const {
  const PageRange range = std::as_const(context_.machine).vm(vm).invalidating;
  return in_progress(vm) && range.contains(Page{guest});
}

Next Driver::retry(MrId slot, Page page) {
  if (slot.some()) started_over(slot, page);
  return context_.done(Result::value(1));
}

}  // namespace model
