// SPDX-License-Identifier: Apache-2.0
#pragma once

// A virtual machine: what KVM keeps of it besides its page table. Counterparts: struct kvm,
// struct kvm_memory_slot (include/linux/kvm_host.h).
//
// The VM is a registration of all of its process's memory, whose lock is mmu_lock and whose count
// and sequence are mmu_invalidate_in_progress and mmu_invalidate_seq. Each memslot is a
// registration of its user pages, whose `iova` is the first guest page and whose table is the VM's
// page table (EPT) for them. Invariant: who changes `slots` holds `slots_lock`, and those who read
// them say so in `readers`.

#include "model/device/attachment.hpp"
#include "model/memory/lock.hpp"

namespace model {

struct Memslot {
  std::uint32_t id = 0;
  MrId mr{};
  bool log_dirty = false;  // KVM_MEM_LOG_DIRTY_PAGES
  bool invalid = false;    // KVM_MEMSLOT_INVALID: it is about to go.
  PageSet dirty{};         // dirty_bitmap

  bool operator==(const Memslot&) const = default;
  void encode(sim::Encoder& out) const {
    out.add_small(id);
    sim::encode(out, mr);
    out.add(static_cast<std::uint8_t>((log_dirty ? 1 : 0) | (invalid ? 2 : 0)));
    sim::encode(out, dirty);
  }
};

// Between srcu_read_lock() and srcu_read_unlock() of kvm->srcu.
struct SlotReader {
  TaskId task{};
  bool before = false;  // It has begun before the last change: synchronize_srcu() waits for it.

  bool operator==(const SlotReader&) const = default;
};

struct Vm {
  MrId mr{};
  Lock slots_lock{};
  Small<Memslot, 1> slots{};  // The active ones, by their ids.
  Small<SlotReader, 1> readers{};
  std::uint8_t active = 0;   // mn_active_invalidate_count
  PageRange invalidating{};  // Guest pages that a fault must not map while ranges are counted.

  bool operator==(const Vm&) const = default;
  void encode(sim::Encoder& out) const {  // Nobody asks in which order readers came.
    sim::encode(out, mr);
    sim::encode(out, slots_lock);
    sim::encode(out, slots);
    out.add(active);
    sim::encode(out, invalidating);
    Names* names = names_of(out);
    if (names == nullptr) return sim::encode(out, readers);
    encode_sorted(out, readers, [names](const SlotReader& reader) {
      return std::pair(names->of(task_kind, reader.task.value), reader.before);
    });
  }

  const Memslot* find(std::uint32_t id) const {
    const auto place = std::ranges::find(slots, id, &Memslot::id);
    return place == slots.end() ? nullptr : &*place;
  }
  bool read_before() const { return std::ranges::any_of(readers, &SlotReader::before); }
};

}  // namespace model
