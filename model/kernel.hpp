// SPDX-License-Identifier: Apache-2.0
#pragma once

// In what kernels differ: one switch for each mechanism, at the place where it makes a difference.
// Which of the recorded kernels has it, was read off the records (tests/linux).

#include <array>
#include <optional>
#include <span>
#include <string_view>

namespace model {

// The defaults are those of the newest recorded kernel. What each is, says kernel_switches().
struct KernelSwitches {
  // ---- What must not be missing; a scenario takes it away to show what it is for.
  bool fork_copies_pinned = true;
  bool reclaim_skips_pinned = true;
  bool end_after_refusal = true;
  bool heed_refusal = true;
  bool flush_before_free = true;
  bool peer_down_notice = true;
  bool announce_whole = true;
  bool move_flushes_locked = true;
  bool move_locks_rmap = true;
  bool pin_unshares = true;
  bool reuse_counts_references = true;
  bool force_rechecks = true;
  bool heed_pending_flush = true;
  bool unshare_flushes = true;
  bool announce_shared = true;
  bool collapse_notifies = true;
  bool scan_notifies_locked = true;
  bool unmap_notifies = true;
  bool copy_notifies_first = true;
  bool release_before_unhash = true;
  bool remove_waits = true;
  bool soft_dirty_notifies = true;
  bool pfnmap_flushes = true;
  bool failed_fork_ends = true;
  bool memslots_wait_ranges = true;
  bool memslots_wait_readers = true;
  bool memslots_zap = true;
  bool dirty_log_protects = true;
  bool dirty_log_flushes = true;

  // ---- In what the versions differ.
  bool secondary_by_flush = true;
  bool secondary_above = false;
  bool flush_at_once = true;
  bool change_pte = false;
  bool vma_lock = true;
  bool vma_lock_advice = true;
  bool defer_locally = true;
  bool batch_migration = true;
  bool gather_advice = true;
  bool free_empty_tables = true;
  bool zap_drains = false;
  bool free_in_order = true;
  bool unmap_by_range = true;
  bool unmap_splits = true;
  bool whole_large = true;
  bool aging_asks = true;
  bool reuse_large = true;
  bool split_keeps_dirty = true;
  bool split_in_walk = true;
  bool protect_by_pud = true;
  bool reap_clears = true;
  bool zero_huge_at_once = true;
  bool uprobe_in_place = true;
  bool swap_in_writable = true;
  bool upgrade_huge = true;
  bool resolve_writable = true;
  bool hugetlb_brackets = false;
  bool uffd_moves = true;
  bool move_by_range = true;
  bool guard_regions = true;
  bool unmerge_unshares = true;
  bool pin_breaks_early = true;
  bool pageout_ages = false;
  bool force_write = false;
  bool self_advice = true;
  bool unsplit_poison = true;
  bool zero_huge_hole = true;
  bool exclusive_refuses = true;
  bool exclusive_waits = true;
  bool unmap_exclusive = true;
  bool collapse_read_only = true;
  bool migrate_splits = true;
  bool remove_read_only = true;
  bool mremap_several = true;
  bool retract_unlocked = true;
  bool close_evicts = true;
  bool mirror_holes_read_only = true;

  bool operator==(const KernelSwitches&) const = default;
};

struct KernelSwitch {
  std::string_view name;
  bool KernelSwitches::*member;
  bool guards;  // It must not be missing. Else a version has it or has it not.
  std::string_view meaning;
};
std::span<const KernelSwitch> kernel_switches();

// Those of which records exist, the oldest first.
inline constexpr std::array<std::string_view, 3> kernel_versions{"6.1", "6.12", "7.3"};
// The switches of a version; nothing if it is not known.
std::optional<KernelSwitches> switches_of(std::string_view version);

}  // namespace model
