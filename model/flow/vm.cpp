// SPDX-License-Identifier: Apache-2.0
#include "model/flow/vm.hpp"

#include "model/flow/all.hpp"

namespace model {
namespace {

// Where the VM's page table maps the guest page, whether or not a memslot still has it.
struct Mapped {
  MrId slot{};
  Page page{};
  PfnEntry target{};
};
Mapped walk(const Machine& machine, MrId vm, std::uint32_t guest) {
  for (std::uint32_t i = 0; i < machine.registrations.size(); ++i) {
    const Registration& region = machine.registrations[i];
    const bool has = region.vm == vm && MrId{i} != vm && guest >= region.iova &&
                     guest - region.iova < region.pages.count;
    if (!has) continue;
    const Page page = region.pages.at(guest - region.iova);
    const PfnEntry target = region.table.at(page);
    if (target.populated()) return {.slot = MrId{i}, .page = page, .target = target};
  }
  return {};
}

}  // namespace

// ---- KvmCall

Next KvmCall::run(Context& c) {
  if (step == Step::leave) {
    --c.registration(vm).calls;
    c.changed(Wait::Kind::uncalled, vm.value);
    return c.give(c.task().result);
  }
  const Registration& machine = std::as_const(c.machine).registrations[vm.index()];
  if (!machine.live) return c.done(Result::error(EINVAL));
  if (machine.orphan || c.task().mm != machine.mm) return c.done(Result::error(EIO));
  ++c.registration(vm).calls;
  c.changed(Wait::Kind::uncalled, vm.value);
  c.spend(Cost::syscall);
  step = Step::leave;
  return begin(c);
}

Next KvmCall::begin(Context& c) {
  const KernelSwitches& kernel = c.setup.switches;
  const VmId machine = c.machine.vm_of(vm);
  switch (command) {
    case KvmCommand::set_memory_region:
      return c.call({SetMemoryRegion{.wait_ranges = kernel.memslots_wait_ranges,
                                     .wait_readers = kernel.memslots_wait_readers,
                                     .log_dirty = (flags & kvm_mem::log_dirty) != 0,
                                     .read_only = (flags & kvm_mem::read_only) != 0,
                                     .vm = machine,
                                     .mr = vm,
                                     .pages = pages,
                                     .guest = guest,
                                     .id = number}});
    case KvmCommand::get_dirty_log:
    case KvmCommand::clear_dirty_log:
      return c.call({TakeDirtyLog{.clears = command == KvmCommand::clear_dirty_log,
                                  .vm = machine,
                                  .mr = vm,
                                  .id = number,
                                  .log = guest}});
    case KvmCommand::pre_fault:
      read_memslots(c, machine);
      return c.call({PreFault{.vm = vm, .guest = guest, .count = number}});
    case KvmCommand::read:
    case KvmCommand::write:
      return c.call({GuestAccess{
          .write = command == KvmCommand::write, .vm = vm, .guest = guest, .value = number}});
  }
  return c.done();
}

// ---- KvmClose

Wait KvmClose::guard() const {
  return step == Step::wait ? Wait{.kind = Wait::Kind::uncalled, .index = vm.value} : Wait{};
}

Next KvmClose::run(Context& c) {
  switch (step) {
    case Step::wait:
      step = Step::ended;
      return c.call({Deregister{.mr = vm}});
    case Step::ended:
      for (std::uint32_t i = 0; c.task().result.ok() && i < c.machine.registrations.size(); ++i) {
        if (std::as_const(c.machine).registrations[i].vm != vm) continue;
        c.registration(MrId{i}).live = false;
        c.registration(MrId{i}).gone = true;
      }
      return c.give(c.task().result);
  }
  return c.done();
}

// ---- GuestAccess

Next GuestAccess::run(Context& c) {
  switch (step) {
    case Step::translate:
      return translate(c);
    case Step::land:
      return land(c);
    case Step::faulted:
      return leave(c);
  }
  return c.done();
}

// The hardware looks into the TLB, then walks the VM's page table, and sets the accessed bit.
Next GuestAccess::translate(Context& c) {
  const Machine& machine = c.machine;
  const AdapterId adapter = machine.registrations[vm.index()].adapter;
  c.spend(Cost::memory_access);
  c.task().lookup_failed = false;
  for (const DeviceTlbEntry& entry : machine.adapters[adapter.index()].tlb) {
    const Registration& region = machine.registrations[entry.mr.index()];
    const bool hit = entry.vcpu == c.self && region.vm == vm && region.iova_of(entry.page) == guest;
    if (hit && (entry.target.write || !write)) return start(c, entry.mr, entry.page, entry.target);
  }
  c.spend(Cost::pte_walk);
  Mapped found = walk(machine, vm, guest);
  if (!found.target.populated() || (write && !found.target.write)) {
    const Memslot* slot = machine.memslot(vm, guest);
    if (slot != nullptr) {
      const Registration& region = machine.registrations[slot->mr.index()];
      c.emit({.kind = EventKind::dev_fault,
              .detail = write,
              .mm = region.mm,
              .pages = one_page(region.pages.at(guest - region.iova)),
              .mr = slot->mr,
              .adapter = adapter});
    }
    c.spend(Cost::dev_fault);
    step = Step::faulted;
    return c.call({PolicyCall{.hook = Hook::fault, .write = write, .mr = vm, .cursor = guest}});
  }
  if (!found.target.young) {
    found.target.young = true;
    c.registration(found.slot).table.set(found.page, found.target);
  }
  auto& tlb = c.adapter(adapter).tlb;
  drop_if(tlb, [&](const DeviceTlbEntry& entry) {
    const Registration& region = machine.registrations[entry.mr.index()];
    return entry.vcpu == c.self && region.vm == vm && region.iova_of(entry.page) == guest;
  });
  tlb.fill({.mr = found.slot, .page = found.page, .target = found.target, .vcpu = c.self},
           c.setup.adapters[adapter.index()].tlb_entries);
  return start(c, found.slot, found.page, found.target);
}

// The instruction has its translation. An IPI is served when it is through.
Next GuestAccess::start(Context& c, MrId slot, Page page, PfnEntry target) {
  const Registration& region = std::as_const(c.machine).registrations[slot.index()];
  const AdapterId adapter = region.adapter;
  const MmId mm = region.mm;
  c.adapter(adapter).transfers.push_back(
      {.task = c.self, .mr = slot, .page = page, .target = target, .write = write});
  c.changed(Wait::Kind::quiet, vm.value);
  c.emit({.kind = EventKind::dma_start,
          .detail = write,
          .mm = mm,
          .pages = one_page(page),
          .mr = slot,
          .adapter = adapter,
          .frame = target.frame,
          .generation = target.generation});
  step = Step::land;
  return Next::again;
}

Next GuestAccess::land(Context& c) {
  Adapter& device = c.adapter(std::as_const(c.machine).registrations[vm.index()].adapter);
  const auto own = std::ranges::find(device.transfers, c.self, &Transfer::task);
  const Transfer transfer = *own;
  device.transfers.erase(own);
  const Value now = access(c, transfer.mr, transfer.page, transfer.target, write, value);
  c.changed(Wait::Kind::quiet, vm.value);
  return c.done(Result::value(write ? 0 : now));
}

// Back into the guest, which tries again; or out to user space.
Next GuestAccess::leave(Context& c) {
  const Result fault = c.task().result;
  if (fault.ok()) {
    step = Step::translate;
    return Next::again;
  }
  if (fault == Result::error(ENOENT)) {  // Without a memslot, the guest has no code to run.
    const bool code = !std::as_const(c.machine).vm(vm).slots.empty();
    return c.give(Result::signal(code ? Result::kvm_exit_mmio : Result::kvm_exit_internal_error));
  }
  const Memslot* slot = std::as_const(c.machine).memslot(vm, guest);
  if (slot != nullptr && fault == Result::error(EFAULT)) {  // KVM_EXIT_MEMORY_FAULT
    const Registration& region = std::as_const(c.machine).registrations[slot->mr.index()];
    c.emit({.kind = EventKind::dma_refused,
            .detail = write,
            .mm = region.mm,
            .pages = one_page(region.pages.at(guest - region.iova)),
            .mr = slot->mr,
            .adapter = region.adapter,
            .value = TaskId::none});
  }
  return c.give(fault);
}

// ---- PreFault

// kvm_vcpu_pre_fault_memory(): memslots are read from the first page to the last.
Next PreFault::run(Context& c) {
  const VmId machine = c.machine.vm_of(vm);
  switch (step) {
    case Step::next: {
      if (done == count) {
        leave_memslots(c, machine);
        return count == 0 ? c.done(Result::error(EINVAL)) : c.done();
      }
      step = Step::faulted;
      return c.call(
          {PolicyCall{.hook = Hook::fault, .mr = vm, .cursor = guest + done, .prefetch = true}});
    }
    case Step::faulted:
      if (!c.task().result.ok()) {
        leave_memslots(c, machine);
        return c.give(done == 0 ? c.task().result : Result::value(count - done));
      }
      if (c.task().result.number == 0) ++done;
      step = Step::next;
      return Next::again;
  }
  return c.done();
}

}  // namespace model
