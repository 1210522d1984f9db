// SPDX-License-Identifier: Apache-2.0
#pragma once

// An address space. Counterpart: struct mm_struct with its VMAs, page table, locks and notifier
// subscriptions.
//
// Invariant: `vmas` is sorted by page and no two overlap; each page of a VMA has the index
// `vma.index + (page - vma.pages.first)` in the VMA's mappings (vma->vm_pgoff).

#include <optional>
#include <vector>

#include "model/memory/lock.hpp"
#include "model/memory/page_table.hpp"
#include "model/memory/small.hpp"

namespace model {

// struct vm_area_struct.
struct Vma {
  PageRange pages{};
  MappingId anon{};  // Where private pages belong: vma->anon_vma. None: memory that is shared.
  MappingId file{};  // The page cache behind it: vma->vm_file->f_mapping. None: anonymous memory.
  std::uint32_t index = 0;
  std::uint8_t pkey = 0;
  bool read : 1 = true;
  bool write : 1 = true;
  bool exec : 1 = false;
  bool shared : 1 = false;      // VM_SHARED: writes reach every process that maps the page.
  bool locked : 1 = false;      // VM_LOCKED: reclaim passes it over.
  bool prepared : 1 = false;    // anon_vma_prepare() has been called: there may be private pages.
  bool disk : 1 = false;        // Its file system wants to know of first writes: page_mkwrite().
  bool hugetlb : 1 = false;     // VM_HUGETLB
  bool gigantic : 1 = false;    // And its pages are of a GiB.
  bool xpmem : 1 = false;       // Its vm_ops are those of XPMEM.
  bool huge : 1 = false;        // VM_HUGEPAGE
  bool nohuge : 1 = false;      // VM_NOHUGEPAGE
  bool mergeable : 1 = false;   // VM_MERGEABLE
  bool dontfork : 1 = false;    // VM_DONTCOPY
  bool wipeonfork : 1 = false;  // VM_WIPEONFORK
  bool dontdump : 1 = false;    // VM_DONTDUMP
  bool grows_down : 1 = false;  // VM_GROWSDOWN
  bool soft_dirty : 1 = true;   // VM_SOFTDIRTY: everything in it counts as written.
  bool guarded : 1 = false;     // VM_MAYBE_GUARD: there may be guard regions.
  bool uffd_missing : 1 = false;
  bool uffd_wp : 1 = false;
  bool uffd_minor : 1 = false;
  bool uffd_async : 1 = false;        // UFFD_FEATURE_WP_ASYNC: a write lifts the protection.
  bool uffd_unpopulated : 1 = false;  // UFFD_FEATURE_WP_UNPOPULATED

  bool operator==(const Vma&) const = default;
  void encode(sim::Encoder& out) const;
  std::uint32_t index_of(Page page) const { return index + (page.value - pages.first.value); }
  std::optional<Page> page_at(std::uint32_t wanted) const {
    if (wanted < index || wanted - index >= pages.count) return std::nullopt;
    return pages.at(wanted - index);
  }
  // The first page in it of so many in a row.
  std::optional<Page> page_at(std::uint32_t first, std::uint32_t count) const {
    const std::uint32_t from = std::max(first, index);
    if (from >= first + count) return std::nullopt;
    return page_at(from);
  }
  // vma_kernel_pagesize(), in small pages.
  std::uint32_t pagesize() const { return !hugetlb ? 1 : gigantic ? pud_pages : pmd_pages; }
  bool allows(bool for_write) const { return for_write ? write : read || exec || write; }
  bool belongs_to(MappingId mapping) const {
    return mapping.some() && (anon == mapping || file == mapping);
  }
  bool uffd() const { return uffd_missing || uffd_wp || uffd_minor; }
  void drop_uffd() { uffd_missing = uffd_wp = uffd_minor = uffd_async = uffd_unpopulated = false; }
  // userfaultfd_wp_use_markers(): what is not there can be protected as well.
  bool uffd_marks() const { return file.some() || uffd_unpopulated; }
  // is_cow_mapping(): private, and could be written.
  bool copies_on_write() const { return !shared; }
};

struct AddressSpace {
  HostId host{};
  MmId parent{};                 // fork() has made it from this one.
  bool alive = true;             // mm_users > 0.
  std::uint8_t users = 0;        // Who keeps it alive besides its process: mmget_not_zero().
  bool leaving = false;          // exit_mmap() is not through with it.
  TaskId ends{};                 // Who ends it, SIGNAL_GROUP_EXIT: no thread of it calls again.
  bool card_mapped = false;      // The adapter's doorbell page is in this page table: may post.
  bool unflushed = false;        // Flushes were put off: mm->tlb_flush_batched.
  std::uint8_t lock_future = 0;  // mlockall(MCL_FUTURE): mm->def_flags, as lock_all_flag.
  std::uint8_t generation = 0;   // How many processes have had it and left.
  std::uint32_t brk = 0;         // mm->brk: how many pages the heap has.
  MmId lender{};                 // After vfork(): whose address space this process runs in.
  Small<Vma, 2> vmas{};
  std::vector<Vma> detached{};  // Taken out, but still found by the reverse map of their files.
  PageTable page_table{};
  Small<std::pair<Page, FrameId>, 1> pinned{};  // By the process itself: io_uring and the like.
  Lock mmap_lock{};
  Lock vma_lock{};  // The locks of all VMAs, as one.
  Lock page_table_lock{};

  bool operator==(const AddressSpace&) const = default;

  bool ends_but(TaskId task) const { return ends.some() && ends != task; }

  const Vma* find_vma(Page page) const {
    for (const Vma& vma : vmas) {
      if (vma.pages.contains(page)) return &vma;
    }
    return nullptr;
  }
  Vma* find_vma(Page page) { return const_cast<Vma*>(std::as_const(*this).find_vma(page)); }
  // The first VMA that ends behind the page: find_vma() of the kernel.
  const Vma* vma_from(Page page) const {
    for (const Vma& vma : vmas) {
      if (page < vma.pages.end()) return &vma;
    }
    return nullptr;
  }

  // Adds a VMA; the pages must be free. Neighbours that are alike become one.
  void insert(Vma vma);

  // Removes [pages] from all VMAs, splitting those that stick out: the removed pieces.
  Small<Vma, 2> remove(PageRange pages);

  // Changes each VMA's part of [pages], splitting and merging: vma_modify().
  template <class Change>
  void modify(PageRange pages, Change change) {
    for (const Vma& part : parts(pages)) {
      Vma changed = part;
      change(changed);
      if (changed == part) continue;
      remove(part.pages);
      insert(changed);
    }
  }

  // The VMAs' parts of [pages].
  Small<Vma, 2> parts(PageRange pages) const;

  // How many of the pages have a VMA.
  std::uint32_t covered(PageRange pages) const {
    std::uint32_t count = 0;
    for (const Vma& vma : vmas) count += vma.pages.intersect(pages).count;
    return count;
  }

  // unlink_file_vma(): no reverse map of that mapping leads to what was taken out any more.
  void unlink(MappingId mapping) {
    for (Vma& vma : detached) {
      if (vma.file == mapping) vma.file = MappingId{};
      if (vma.anon == mapping) vma.anon = MappingId{};
    }
    std::erase_if(detached, [](const Vma& vma) { return !vma.file.some() && !vma.anon.some(); });
  }
};

}  // namespace model
