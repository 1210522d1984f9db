// SPDX-License-Identifier: Apache-2.0
#pragma once

// An address space. Counterpart: struct mm_struct with its VMAs, page table, locks and notifier
// subscriptions.
//
// Invariant: `vmas` is sorted by page and no two overlap; each page of a VMA has the index
// `vma.index + (page - vma.pages.first)` in the VMA's mapping.

#include "model/memory/lock.hpp"
#include "model/memory/page_table.hpp"
#include "model/memory/small.hpp"

namespace model {

// struct vm_area_struct.
struct Vma {
  PageRange pages{};
  MappingId mapping{};
  std::uint32_t index = 0;
  bool read = true;
  bool write = true;
  bool shared = false;  // VM_SHARED: writes reach every process that maps the page.
  bool locked = false;  // VM_LOCKED: reclaim passes it over.

  bool operator==(const Vma&) const = default;
  std::uint32_t index_of(Page page) const { return index + (page.value - pages.first.value); }
  bool allows(bool for_write) const { return for_write ? write : read; }
};

struct AddressSpace {
  HostId host{};
  bool alive = true;         // mm_users > 0.
  bool card_mapped = false;  // The adapter's doorbell page is in this page table: may post.
  Small<Vma, 2> vmas{};
  PageTable page_table{};
  Lock mmap_lock{};
  Lock page_table_lock{};

  bool operator==(const AddressSpace&) const = default;

  const Vma* find_vma(Page page) const {
    for (const Vma& vma : vmas) {
      if (vma.pages.contains(page)) return &vma;
    }
    return nullptr;
  }

  // Adds a VMA; the pages must be free.
  void insert(Vma vma);

  // Removes [pages] from all VMAs, splitting those that stick out: the removed pieces.
  Small<Vma, 2> remove(PageRange pages);
};

}  // namespace model
