// SPDX-License-Identifier: Apache-2.0
#pragma once

// Virtual machines of KVM: what user space asks of a VM, and what its guest does. Faults of the
// guest and notifications are the policy's. Counterparts: virt/kvm/kvm_main.c, arch/x86/kvm/mmu.

#include "model/flow/context.hpp"

namespace model {

// srcu_read_lock() and srcu_read_unlock() of kvm->srcu; and the memslots are not what they were.
void read_memslots(Context& c, VmId vm);
void leave_memslots(Context& c, VmId vm);
void replace_memslots(Context& c, VmId vm);

enum class KvmCommand : std::uint8_t {
  set_memory_region,
  get_dirty_log,
  clear_dirty_log,
  pre_fault,
  read,   // KVM_RUN, in which the guest reads a page,
  write,  // or writes one.
};

// An ioctl of a VM or of a vCPU. It holds the file open.
struct KvmCall {
  static constexpr std::string_view name = "kvm_call";
  static constexpr std::array<std::string_view, 2> steps{"enter", "leave"};
  enum class Step : std::uint8_t { enter, leave } step = Step::enter;
  KvmCommand command = KvmCommand::read;
  MrId vm{};
  PageRange pages{};
  std::uint32_t guest = 0;   // The guest page; of a dirty log bits of pages.
  std::uint32_t number = 0;  // The number of the memslot, of pages, or a value.
  std::uint32_t flags = 0;

  bool operator==(const KvmCall&) const = default;
  Next run(Context& c);

 private:
  Next begin(Context& c);
};

// The last close(): KVM gives the VM up, once no ioctl is in progress.
struct KvmClose {
  static constexpr std::string_view name = "kvm_close";
  static constexpr std::array<std::string_view, 2> steps{"wait", "ended"};
  enum class Step : std::uint8_t { wait, ended } step = Step::wait;
  MrId vm{};

  bool operator==(const KvmClose&) const = default;
  Wait guard() const;
  Next run(Context& c);
};

// One instruction of a guest that reads or writes a page: by the TLB of the vCPU, which is the
// task, or by the VM's page table. What is missing makes it leave the guest, and KVM map it. The
// result of a read is the value; KVM_EXIT_MMIO where no memslot is; EFAULT where the memory cannot
// be had.
struct GuestAccess {
  static constexpr std::string_view name = "guest_access";
  static constexpr std::array<std::string_view, 3> steps{"translate", "land", "faulted"};
  enum class Step : std::uint8_t { translate, land, faulted } step = Step::translate;
  bool write = false;
  MrId vm{};
  std::uint32_t guest = 0;
  Value value = 0;

  bool operator==(const GuestAccess&) const = default;
  Next run(Context& c);

 private:
  Next translate(Context& c);
  Next start(Context& c, MrId slot, Page page, PfnEntry target);
  Next land(Context& c);
  Next leave(Context& c);
};

// KVM_PRE_FAULT_MEMORY. The result is the number of pages that are left, or an error if that is all
// of them: ENOENT where no memslot is, EAGAIN if it is about to go.
struct PreFault {
  static constexpr std::string_view name = "pre_fault";
  static constexpr std::array<std::string_view, 2> steps{"next", "faulted"};
  enum class Step : std::uint8_t { next, faulted } step = Step::next;
  MrId vm{};
  std::uint32_t guest = 0;
  std::uint32_t count = 0;
  std::uint32_t done = 0;

  bool operator==(const PreFault&) const = default;
  Next run(Context& c);
};

// KVM_SET_USER_MEMORY_REGION: kvm_set_memory_region() and kvm_set_memslot().
struct SetMemoryRegion {
  static constexpr std::string_view name = "set_memory_region";
  static constexpr std::array<std::string_view, 10> steps{
      "lock",     "invalidate",   "synchronize", "zap",   "zapped",
      "activate", "synchronized", "protect",     "flush", "unlock"};
  enum class Step : std::uint8_t {
    lock,
    invalidate,
    synchronize,
    zap,
    zapped,
    activate,
    synchronized,
    protect,
    flush,
    unlock,
  } step = Step::lock;
  enum class Change : std::uint8_t { create, erase, move, flags } change = Change::create;
  bool wait_ranges = true;  // As the kernel's switches say.
  bool wait_readers = true;
  bool log_dirty = false;
  bool read_only = false;
  VmId vm{};
  MrId mr{};   // Of the VM,
  MrId old{};  // of the memslot as it was.
  PageRange pages{};
  std::uint32_t guest = 0;
  std::uint32_t id = 0;

  bool operator==(const SetMemoryRegion&) const = default;
  Wait guard() const;
  Next run(Context& c);

 private:
  int find_change(Context& c);
  Next lock(Context& c);
  Next zap(Context& c);
  void activate(Context& c);
  MrId create(Context& c) const;
  Next unlock(Context& c, Result result) const;
};

// KVM_GET_DIRTY_LOG and KVM_CLEAR_DIRTY_LOG. The result of the former is the bitmap.
struct TakeDirtyLog {
  static constexpr std::string_view name = "dirty_log";
  static constexpr std::array<std::string_view, 4> steps{"lock", "protect", "flush", "unlock"};
  enum class Step : std::uint8_t { lock, protect, flush, unlock } step = Step::lock;
  bool clears = false;  // Bits of `log` are cleared; else it is told, and what of it was cleared.
  VmId vm{};
  MrId mr{};  // Of the VM,
  MrId slot{};
  std::uint32_t id = 0;
  std::uint32_t log = 0;

  bool operator==(const TakeDirtyLog&) const = default;
  Wait guard() const;
  Next run(Context& c);

 private:
  Next lock(Context& c);
  Next protect(Context& c);
};

}  // namespace model
