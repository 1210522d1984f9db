// SPDX-License-Identifier: Apache-2.0
#pragma once

// Locks are state: who holds one is part of the world, so that a deadlock is a state as well.

#include <algorithm>

#include "model/memory/ids.hpp"
#include "model/memory/names.hpp"
#include "model/memory/small.hpp"

namespace model {

enum class LockMode : std::uint8_t { read, write };

enum class LockKind : std::uint8_t {
  mmap,        // mm->mmap_lock
  vma,         // vma->vm_lock: one for all VMAs of an address space.
  page_table,  // The page table lock: one for an address space.
  rmap,        // anon_vma->rwsem or mapping->i_mmap_rwsem
  folio,       // The folio lock.
  driver,      // The driver's own lock for a registration: umem_mutex in ib_umem_odp.
  rcache,      // In user space: that of a registration cache.
  slots,       // kvm->slots_lock
  segment,     // Of XPMEM: seg->sema, and
  attachment,  // att->mutex, and
  invalidate,  // att->invalidate_mutex.
  exporter,    // Of a driver's buffer: that of its driver, dma_resv for example.
};

// Names one lock of the machine; `index` numbers what has it.
struct LockId {
  LockKind kind = LockKind::mmap;
  std::uint32_t index = 0;
  auto operator<=>(const LockId&) const = default;
};

struct Lock {
  TaskId writer{};
  Small<TaskId, 2> readers{};

  bool operator==(const Lock&) const = default;
  void encode(sim::Encoder& out) const {  // Readers stand in no order but that of their names.
    sim::encode(out, writer);
    Names* names = names_of(out);
    if (names == nullptr) return sim::encode(out, readers);
    encode_sorted(out, readers, [names](TaskId task) { return names->of(task_kind, task.value); });
  }

  bool available(LockMode mode) const {
    return !writer.some() && (mode == LockMode::read || readers.empty());
  }
  bool held() const { return writer.some() || !readers.empty(); }
  bool held_by(TaskId task) const {
    return writer == task || std::ranges::find(readers, task) != readers.end();
  }
  void take(LockMode mode, TaskId task) {
    if (mode == LockMode::write) {
      writer = task;
    } else {
      readers.insert(std::ranges::upper_bound(readers, task), task);
    }
  }
  void release(TaskId task) {
    if (writer == task) {
      writer = TaskId{};
    } else {
      readers.erase(std::ranges::find(readers, task));
    }
  }
  void downgrade(TaskId task) {  // downgrade_write().
    writer = TaskId{};
    take(LockMode::read, task);
  }
};

}  // namespace model
