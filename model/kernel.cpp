// SPDX-License-Identifier: Apache-2.0
#include "model/kernel.hpp"

namespace model {
namespace {

using S = KernelSwitches;

constexpr KernelSwitch table[] = {
    {"fork_copies_pinned", &S::fork_copies_pinned, true,
     "fork copies pinned pages at once (since 5.11)"},
    {"reclaim_skips_pinned", &S::reclaim_skips_pinned, true, "reclaim passes pinned pages over"},
    {"end_after_refusal", &S::end_after_refusal, true,
     "after a refused range_start the others get their range_end"},
    {"heed_refusal", &S::heed_refusal, true, "after -EAGAIN the page table is left alone"},
    {"flush_before_free", &S::flush_before_free, true,
     "CPU TLBs are flushed before frames are freed"},
    {"peer_down_notice", &S::peer_down_notice, true, "the fabric reports dead hosts"},
    {"announce_whole", &S::announce_whole, true,
     "range_start tells of a range up to its last page"},
    {"move_flushes_locked", &S::move_flushes_locked, true,
     "mremap() flushes what it has moved before it drops the page table lock (CVE-2018-18281)"},
    {"move_locks_rmap", &S::move_locks_rmap, true,
     "mremap() of a whole page table keeps walks of the reverse map away (97113eb39fa7)"},
    {"pin_unshares", &S::pin_unshares, true,
     "a pin for reading takes a page that stays the process's own (since 5.19)"},
    {"reuse_counts_references", &S::reuse_counts_references, true,
     "a write reuses a page only if nobody else has a reference (09854ba94c6a)"},
    {"force_rechecks", &S::force_rechecks, true,
     "a forced write looks at the page again after the fault (CVE-2016-5195)"},
    {"heed_pending_flush", &S::heed_pending_flush, true,
     "who changes entries makes up for flushes that reclaim has put off (3ea277194daa)"},
    {"unshare_flushes", &S::unshare_flushes, true,
     "the end of PMD sharing is flushed from the TLBs (CVE-2021-4002)"},
    {"announce_shared", &S::announce_shared, true,
     "range_start tells of all that the end of PMD sharing unmaps (017b1660df89)"},
    {"collapse_notifies", &S::collapse_notifies, true,
     "a collapse of shared memory notifies where it takes page tables away (f268f6cf875f)"},
    {"scan_notifies_locked", &S::scan_notifies_locked, true,
     "PAGEMAP_SCAN notifies under mmap_lock (CVE-2024-26617)"},
    {"unmap_notifies", &S::unmap_notifies, true,
     "reclaim and migration notify where they unmap (369ea8242c0f)"},
    {"copy_notifies_first", &S::copy_notifies_first, true,
     "a copy on write notifies before it sets the new entry (48af0d7cb3c8)"},
    {"release_before_unhash", &S::release_before_unhash, true,
     "at exit a subscriber stays on the list until its release has returned (d34883d4e35c)"},
    {"remove_waits", &S::remove_waits, true,
     "mmu_interval_notifier_remove() returns when the interval is off the list (319561669a59)"},
    {"soft_dirty_notifies", &S::soft_dirty_notifies, true,
     "clear_refs notifies when it write-protects pages"},
    {"pfnmap_flushes", &S::pfnmap_flushes, true,
     "munmap() flushes a driver's own pages before it unlinks their mapping (CVE-2022-39188)"},
    {"failed_fork_ends", &S::failed_fork_ends, true,
     "a fork() that fails half-way ends the range that it has announced"},
    {"memslots_wait_ranges", &S::memslots_wait_ranges, true,
     "KVM replaces no memslots between a range_start and its range_end (52ac8b358b0c)"},
    {"memslots_wait_readers", &S::memslots_wait_readers, true,
     "who has replaced memslots waits for those who read the old ones: synchronize_srcu()"},
    {"memslots_zap", &S::memslots_zap, true,
     "what a VM has mapped of a memslot is zapped before the memslot goes"},
    {"dirty_log_protects", &S::dirty_log_protects, true,
     "a page whose bit the dirty log has cleared is write-protected"},
    {"dirty_log_flushes", &S::dirty_log_flushes, true,
     "the TLBs of vCPUs are flushed of it before user space sees the log"},
    {"secondary_by_flush", &S::secondary_by_flush, false,
     "flush_tlb_mm_range() tells secondary TLBs; else its callers and range_end do"},
    {"secondary_above", &S::secondary_above, false,
     "a flush of more than 33 entries tells secondary TLBs to drop everything"},
    {"flush_at_once", &S::flush_at_once, false,
     "a CPU flushes while the others do that it has asked (since 5.13); else before it asks"},
    {"change_pte", &S::change_pte, false,
     "set_pte_at_notify(): a replaced page is announced by change_pte"},
    {"vma_lock", &S::vma_lock, false, "a page fault holds the lock of its VMA, not mmap_lock"},
    {"vma_lock_advice", &S::vma_lock_advice, false,
     "madvise() of one VMA holds the lock of that VMA, not mmap_lock"},
    {"defer_locally", &S::defer_locally, false,
     "unmapping puts the flush off though no other CPU runs the process now"},
    {"batch_migration", &S::batch_migration, false,
     "pages are unmapped by batches before they are moved, without mmap_lock"},
    {"gather_advice", &S::gather_advice, false,
     "one mmu_gather for all VMAs of a madvise(MADV_DONTNEED)"},
    {"free_empty_tables", &S::free_empty_tables, false,
     "madvise(MADV_DONTNEED) frees page tables that it has emptied"},
    {"zap_drains", &S::zap_drains, false, "lru_add_drain() before pages are zapped"},
    {"free_in_order", &S::free_in_order, false,
     "frames of a batch are freed first to last; else last to first"},
    {"unmap_by_range", &S::unmap_by_range, false,
     "try_to_unmap_one() flushes by flush_tlb_range(), not by page"},
    {"unmap_splits", &S::unmap_splits, false,
     "try_to_unmap_one() splits a huge entry within its own bracket"},
    {"whole_large", &S::whole_large, false,
     "advice and reclaim take a large folio of small entries as a whole, and do not split it"},
    {"aging_asks", &S::aging_asks, false,
     "the multi-generational LRU asks subscribers for their accessed bits"},
    {"reuse_large", &S::reuse_large, false,
     "a write reuses a page of a large folio that nobody else maps"},
    {"split_keeps_dirty", &S::split_keeps_dirty, false,
     "small entries inherit the dirty bit of the huge one that is split"},
    {"split_in_walk", &S::split_in_walk, false,
     "a folio that is split is unmapped in one walk, with one bracket"},
    {"protect_by_pud", &S::protect_by_pud, false,
     "mprotect() notifies from the first populated PUD entry on, not PMD entry"},
    {"reap_clears", &S::reap_clears, false, "the event of the OOM reaper is CLEAR, not UNMAP"},
    {"zero_huge_at_once", &S::zero_huge_at_once, false,
     "a write to the huge zero page makes a huge page at once"},
    {"uprobe_in_place", &S::uprobe_in_place, false,
     "a page with a uprobe is patched where it is, not replaced"},
    {"swap_in_writable", &S::swap_in_writable, false,
     "a page that is read from swap may be written at once"},
    {"upgrade_huge", &S::upgrade_huge, false,
     "mprotect() makes huge entries writable without a fault"},
    {"resolve_writable", &S::resolve_writable, false,
     "the end of a userfaultfd protection makes entries writable"},
    {"hugetlb_brackets", &S::hugetlb_brackets, false,
     "unmap_hugepage_range() notifies once more, within the bracket of its caller"},
    {"uffd_moves", &S::uffd_moves, false,
     "userfaultfd can move and poison pages and protect asynchronously; PAGEMAP_SCAN exists"},
    {"move_by_range", &S::move_by_range, false,
     "UFFDIO_MOVE moves the pages of a page table between one start and end"},
    {"guard_regions", &S::guard_regions, false, "madvise() knows guard regions"},
    {"unmerge_unshares", &S::unmerge_unshares, false,
     "KSM unmerges by an unsharing read fault, not by a write fault"},
    {"pin_breaks_early", &S::pin_breaks_early, false,
     "a long-term pin for reading copies file pages and zero pages of private memory (since 6.2)"},
    {"pageout_ages", &S::pageout_ages, false,
     "madvise(MADV_PAGEOUT) clears accessed bits, and asks subscribers for theirs"},
    {"force_write", &S::force_write, false,
     "/proc/pid/mem may write, as ptrace() may, to private memory that is read-only"},
    {"self_advice", &S::self_advice, false,
     "process_madvise() takes every advice of a process for itself"},
    {"unsplit_poison", &S::unsplit_poison, false,
     "memory_failure() of a huge page that cannot be split is EHWPOISON, not EBUSY"},
    {"zero_huge_hole", &S::zero_huge_hole, false,
     "migrate_vma() takes the huge zero page for a hole; else it splits it when it collects"},
    {"exclusive_refuses", &S::exclusive_refuses, false,
     "make_device_exclusive() of what is not private memory is EOPNOTSUPP; else it is passed over"},
    {"exclusive_waits", &S::exclusive_waits, false,
     "make_device_exclusive() waits for the lock of a folio instead of passing it over"},
    {"unmap_exclusive", &S::unmap_exclusive, false,
     "reclaim and migration take pages away that a device has for itself"},
    {"collapse_read_only", &S::collapse_read_only, false,
     "pages are collapsed also if none of them may be written"},
    {"migrate_splits", &S::migrate_splits, false,
     "migrate_vma() splits a large folio of small entries; else its pages stay where they are"},
    {"remove_read_only", &S::remove_read_only, false,
     "madvise(MADV_REMOVE) is for all shared memory; else only where it may be written"},
    {"mremap_several", &S::mremap_several, false,
     "mremap() moves several mappings at once, if to a fixed address and of the same size"},
    {"retract_unlocked", &S::retract_unlocked, false,
     "a collapse of shared memory takes page tables of all processes away without mmap_lock"},
    {"close_evicts", &S::close_evicts, false,
     "the test device of HMM gives all its memory back when it is closed"},
    {"mirror_holes_read_only", &S::mirror_holes_read_only, false,
     "the test device of HMM maps what was a hole before it was migrated for reading only"},
};

KernelSwitches of_6_12() {
  KernelSwitches switches;
  switches.secondary_above = true;
  switches.vma_lock_advice = false;
  switches.defer_locally = false;
  switches.gather_advice = false;
  switches.free_empty_tables = false;
  switches.zap_drains = true;
  switches.unmap_by_range = false;
  switches.move_by_range = false;
  switches.guard_regions = false;
  switches.reuse_large = false;
  switches.split_in_walk = false;
  switches.reap_clears = false;
  switches.zero_huge_at_once = false;
  switches.uprobe_in_place = false;
  switches.force_write = true;
  switches.self_advice = false;
  switches.zero_huge_hole = false;
  switches.exclusive_refuses = false;
  switches.exclusive_waits = false;
  switches.unmap_exclusive = false;
  switches.collapse_read_only = false;
  switches.migrate_splits = false;
  switches.mremap_several = false;
  switches.close_evicts = false;
  switches.mirror_holes_read_only = false;
  return switches;
}

KernelSwitches of_6_1() {
  KernelSwitches switches = of_6_12();
  switches.secondary_by_flush = false;
  switches.secondary_above = false;
  switches.change_pte = true;
  switches.vma_lock = false;
  switches.batch_migration = false;
  switches.free_in_order = false;
  switches.split_keeps_dirty = false;
  switches.protect_by_pud = false;
  switches.swap_in_writable = false;
  switches.upgrade_huge = false;
  switches.resolve_writable = false;
  switches.hugetlb_brackets = true;
  switches.unmap_splits = false;
  switches.whole_large = false;
  switches.aging_asks = false;
  switches.uffd_moves = false;
  switches.unmerge_unshares = false;
  switches.pin_breaks_early = false;
  switches.pageout_ages = true;
  switches.unsplit_poison = false;
  switches.remove_read_only = false;
  switches.retract_unlocked = false;
  return switches;
}

}  // namespace

std::span<const KernelSwitch> kernel_switches() { return table; }

std::optional<KernelSwitches> switches_of(std::string_view version) {
  if (version == "7.3") return KernelSwitches{};
  if (version == "6.12") return of_6_12();
  if (version == "6.1") return of_6_1();
  return std::nullopt;
}

}  // namespace model
