// SPDX-License-Identifier: Apache-2.0
// Memslots of a VM: how they change, and which of their pages its guest has written.
#include "model/flow/all.hpp"
#include "model/policy/driver.hpp"

namespace model {
namespace {

LockId mmu_lock(MrId vm) { return driver_lock(vm); }
LockId slots_lock(VmId vm) { return {.kind = LockKind::slots, .index = vm.value}; }

Wait all_kicked(MrId vm) { return {.kind = Wait::Kind::quiet, .index = vm.value}; }

constexpr std::uint32_t told_pages = 32;  // As many pages as the bitmap of a result has bits.

// kvm_mmu_write_protect_pt_masked(): the guest's next write of the page is a fault.
void write_protect(Context& c, MrId slot, Page page) {
  PfnEntry entry = std::as_const(c.machine).registrations[slot.index()].table.at(page);
  if (!entry.populated() || !entry.write) return;
  entry.write = false;
  c.registration(slot).table.set(page, entry);
  c.spend(Cost::pfn_update);
}

Memslot* slot_of(Context& c, VmId vm, MrId mr) {
  auto& slots = c.machine.vms[vm.index()].slots;
  const auto place = std::ranges::find(slots, mr, &Memslot::mr);
  return place == slots.end() ? nullptr : &*place;
}

void tell(Context& c, MrId slot) {
  const Registration& region = std::as_const(c.machine).registrations[slot.index()];
  c.emit({.kind = EventKind::dirty_logged, .mm = region.mm, .pages = region.pages, .mr = slot});
}

}  // namespace

// ---- SetMemoryRegion

Wait SetMemoryRegion::guard() const {
  switch (step) {
    case Step::lock:
      return Wait::lock(slots_lock(vm), LockMode::write);
    case Step::invalidate:
    case Step::activate:
      if (!wait_ranges) return {};
      return {.kind = Wait::Kind::uncounted, .index = vm.value};
    case Step::synchronize:
    case Step::synchronized:
      if (!wait_readers) return {};
      return {.kind = Wait::Kind::srcu, .index = vm.value};
    case Step::zap:
    case Step::protect:
      return Wait::lock(mmu_lock(mr), LockMode::write);
    case Step::zapped:
    case Step::flush:
      return all_kicked(mr);
    case Step::unlock:
      return {};
  }
  return {};
}

Next SetMemoryRegion::run(Context& c) {
  switch (step) {
    case Step::lock:
      return lock(c);
    case Step::invalidate:  // kvm_swap_active_memslots(), under mn_invalidate_lock.
      slot_of(c, vm, old)->invalid = true;
      replace_memslots(c, vm);
      step = Step::synchronize;
      return Next::again;
    case Step::synchronize:
      step = c.setup.switches.memslots_zap ? Step::zap : Step::activate;
      return Next::again;
    case Step::zap:  // kvm_arch_flush_shadow_memslot(), under mmu_lock up to the flush.
      return zap(c);
    case Step::zapped:
      c.release(mmu_lock(mr));
      step = Step::activate;
      return Next::again;
    case Step::activate:  // The same for what is new.
      activate(c);
      replace_memslots(c, vm);
      step = Step::synchronized;
      return Next::again;
    case Step::synchronized: {
      const bool by_hand =
          c.setup.adapters[c.registration(mr).adapter.index()].dirty_log == DirtyLog::initially_set;
      const bool protects = change == Change::flags && log_dirty && !by_hand;
      step = protects ? Step::protect : Step::unlock;
      return protects ? Next::again : Next::pass;
    }
    case Step::protect:  // kvm_mmu_slot_apply_flags(): taken and given back in one step.
      for (std::uint32_t i = 0; i < pages.count && c.setup.switches.dirty_log_protects; ++i) {
        write_protect(c, old, pages.at(i));
      }
      step = c.setup.switches.dirty_log_flushes ? Step::flush : Step::unlock;
      if (step == Step::flush) Driver(c, {}).flush(mr, all_pages);
      return Next::again;
    case Step::flush:
      step = Step::unlock;
      return Next::pass;
    case Step::unlock:
      return unlock(c, Result::success());
  }
  return c.done();
}

Next SetMemoryRegion::lock(Context& c) {
  c.take(slots_lock(vm), LockMode::write);
  const int error = find_change(c);
  if (error != 0) return unlock(c, error < 0 ? Result::success() : Result::error(error));
  const bool goes = change == Change::erase || change == Change::move;
  step = goes ? Step::invalidate : Step::activate;
  return Next::again;
}

// kvm_set_memory_region(): 0, or an error; below 0 there is nothing to change.
int SetMemoryRegion::find_change(Context& c) {
  const Vm& machine = std::as_const(c.machine).vms[vm.index()];
  if (id >= c.setup.adapters[c.registration(mr).adapter.index()].memslots) return EINVAL;
  const Memslot* slot = machine.find(id);
  if (slot != nullptr) old = slot->mr;
  if (pages.count == 0) {
    change = Change::erase;
    return slot == nullptr ? EINVAL : 0;
  }
  if (slot != nullptr) {
    const Registration& region = std::as_const(c.machine).registrations[old.index()];
    if (region.pages != pages || region.write == read_only) return EINVAL;
    change = region.iova != guest ? Change::move : Change::flags;
    if (change == Change::flags) return slot->log_dirty == log_dirty ? -1 : 0;
  }
  for (const Memslot& other : machine.slots) {
    const Registration& region = std::as_const(c.machine).registrations[other.mr.index()];
    const bool meets =
        guest < region.iova + region.pages.count && region.iova < guest + pages.count;
    if (other.id != id && meets) return EEXIST;
  }
  return 0;
}

Next SetMemoryRegion::zap(Context& c) {
  c.take(mmu_lock(mr), LockMode::write);
  const PageRange all = std::as_const(c.machine).registrations[old.index()].pages;
  if (!std::as_const(c.machine).registrations[old.index()].table.any(all)) {
    c.release(mmu_lock(mr));
    step = Step::activate;
    return Next::again;
  }
  Driver driver(c, {});
  driver.mark_dirty(old, all);
  driver.clear(old, all);
  driver.flush(mr, all_pages);
  step = Step::zapped;
  return Next::again;
}

void SetMemoryRegion::activate(Context& c) {
  auto& slots = c.machine.vms[vm.index()].slots;
  if (change == Change::flags) {
    Memslot* slot = slot_of(c, vm, old);
    slot->log_dirty = log_dirty;
    slot->dirty = {};
    const DirtyLog how = c.setup.adapters[c.registration(mr).adapter.index()].dirty_log;
    if (log_dirty && how == DirtyLog::initially_set) slot->dirty.add(0, pages.count);
    return;
  }
  if (change != Change::create) {
    c.registration(old).live = false;
    c.registration(old).gone = true;
    c.emit({.kind = EventKind::deregistered, .mm = c.registration(old).mm, .mr = old});
    drop_if(slots, [&](const Memslot& slot) { return slot.mr == old; });
  }
  if (change == Change::erase) return;
  Memslot fresh{.id = id, .mr = create(c), .log_dirty = log_dirty};
  slots.insert(std::ranges::lower_bound(slots, id, {}, &Memslot::id), fresh);
}

MrId SetMemoryRegion::create(Context& c) const {
  const Registration& machine = std::as_const(c.machine).registrations[mr.index()];
  Registration slot{.mm = machine.mm, .pages = pages, .adapter = machine.adapter};
  slot.write = !read_only;
  slot.iova = guest;
  slot.vm = mr;
  c.machine.registrations.push_back(slot);
  return MrId{static_cast<std::uint32_t>(c.machine.registrations.size() - 1)};
}

Next SetMemoryRegion::unlock(Context& c, Result result) const {
  c.release(slots_lock(vm));
  if (result.ok() && change == Change::flags && log_dirty && old.some()) tell(c, old);
  return c.give(result);
}

// ---- TakeDirtyLog

Wait TakeDirtyLog::guard() const {
  switch (step) {
    case Step::lock:
      return Wait::lock(slots_lock(vm), LockMode::write);
    case Step::protect:
      return Wait::lock(mmu_lock(mr), LockMode::write);
    case Step::flush:
      return all_kicked(mr);
    case Step::unlock:
      return {};
  }
  return {};
}

Next TakeDirtyLog::run(Context& c) {
  switch (step) {
    case Step::lock:
      return lock(c);
    case Step::protect:  // kvm_get_dirty_log_protect(): taken and given back in one step.
      return protect(c);
    case Step::flush:  // kvm_flush_remote_tlbs_memslot(), behind mmu_lock.
      step = Step::unlock;
      return Next::pass;
    case Step::unlock:
      c.release(slots_lock(vm));
      tell(c, slot);
      return c.give(Result::value(clears ? 0 : log));
  }
  return c.done();
}

Next TakeDirtyLog::lock(Context& c) {
  c.take(slots_lock(vm), LockMode::write);
  const AdapterSetup& setup = c.setup.adapters[c.registration(mr).adapter.index()];
  const Memslot* found = std::as_const(c.machine).vms[vm.index()].find(id);
  if (id >= setup.memslots || found == nullptr || !found->log_dirty) {
    c.release(slots_lock(vm));
    return c.give(Result::error(id >= setup.memslots ? EINVAL : ENOENT));
  }
  slot = found->mr;
  step = Step::protect;
  if (clears || setup.dirty_log == DirtyLog::by_get) return Next::again;
  log = 0;  // kvm_get_dirty_log_protect() copies the bits and leaves them.
  for (std::uint32_t i = 0; i < told_pages; ++i) {
    if (found->dirty.contains(i)) log |= 1U << i;
  }
  step = Step::unlock;
  return Next::again;
}

// The bit is taken before the page is protected: what is written in between, was told.
Next TakeDirtyLog::protect(Context& c) {
  const PageRange pages = std::as_const(c.machine).registrations[slot.index()].pages;
  std::uint32_t taken = 0;
  bool any = false;
  for (std::uint32_t i = 0; i < pages.count; ++i) {
    const bool wanted = !clears || (i < told_pages && ((log >> i) & 1) != 0);
    Memslot& own = *slot_of(c, vm, slot);
    if (!wanted || !own.dirty.contains(i)) continue;
    own.dirty.remove(i, 1);
    any = true;
    if (i < told_pages) taken |= 1U << i;
    if (c.setup.switches.dirty_log_protects) write_protect(c, slot, pages.at(i));
  }
  log = taken;
  const bool flushes = any && c.setup.switches.dirty_log_flushes;
  if (flushes) Driver(c, {}).flush(mr, all_pages);
  step = flushes ? Step::flush : Step::unlock;
  return Next::again;
}

}  // namespace model
