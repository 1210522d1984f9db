// SPDX-License-Identifier: Apache-2.0
#include "cli/conform/functions.hpp"

#include <algorithm>
#include <array>

#include "model/flow/all.hpp"

namespace cli::conform {
namespace {

struct Function {
  std::string_view flow;    // Its name, and
  std::string_view within;  // that of the one which called it; empty: any.
  std::string_view name;
};

// The first one that fits.
constexpr std::array functions{
    Function{"access", "", "exc_page_fault()"},
    Function{"age_pages", "", "damon_va_mkold()"},
    Function{"age_range", "madvise", "madvise_walk_vmas()"},
    Function{"batch_flush", "", "try_to_unmap_flush()"},
    Function{"brk", "", "brk()"},
    Function{"change_protection", "", "change_protection()"},
    Function{"clear_refs", "", "clear_refs_write()"},
    Function{"collapse", "", "collapse_huge_page()"},
    Function{"collapse_file", "", "collapse_file()"},
    Function{"compact", "", "compact_zone()"},
    Function{"copy_hugetlb", "", "copy_hugetlb_page_range()"},
    Function{"exit", "", "exit_mmap()"},
    Function{"file_access", "", "generic_file_read_iter()"},
    Function{"fork", "", "copy_page_range()"},
    Function{"get_page", "", "faultin_page()"},
    Function{"guard_range", "", "madvise_guard_install()"},
    Function{"handle_fault", "", "handle_mm_fault()"},
    Function{"hmm_range_fault", "", "hmm_range_fault()"},
    Function{"huge_fault", "", "do_huge_pmd_anonymous_page()"},
    Function{"huge_write", "", "do_huge_pmd_wp_page()"},
    Function{"hugetlb_fault", "", "hugetlb_fault()"},
    Function{"interval_insert", "", "mmu_interval_notifier_insert()"},
    Function{"interval_read", "", "mmu_interval_read_begin()"},
    Function{"interval_remove", "", "mmu_interval_notifier_remove()"},
    Function{"ksm_scan", "", "ksm_do_scan()"},
    Function{"kswapd", "", "balance_pgdat()"},
    Function{"madvise", "", "do_madvise()"},
    Function{"make_device_exclusive", "", "make_device_exclusive()"},
    Function{"mark_range", "", "change_protection()"},
    Function{"memory_failure", "", "memory_failure()"},
    Function{"migrate_pages", "", "migrate_pages()"},
    Function{"migrate_to_ram", "", "do_swap_page()"},
    Function{"migrate_vma", "", "migrate_vma_setup()"},
    Function{"mlock", "", "do_mlock()"},
    Function{"mmap", "", "mmap_region()"},
    Function{"move_page_tables", "", "move_page_tables()"},
    Function{"move_pages", "", "migrate_pages()"},
    Function{"mprotect", "", "do_mprotect_pkey()"},
    Function{"mremap", "", "mremap()"},
    Function{"munmap", "", "__vm_munmap()"},
    Function{"notifier_unregister", "", "mmu_notifier_unregister()"},
    Function{"oom_reap", "", "__oom_reap_task_mm()"},
    Function{"pin", "", "pin_user_pages()"},
    Function{"populate", "", "populate_vma_page_range()"},
    Function{"protect_hugetlb", "", "hugetlb_change_protection()"},
    Function{"punch_hole", "", "vfs_fallocate()"},
    Function{"read_ahead", "", "page_cache_ra_unbounded()"},
    Function{"reclaim", "", "shrink_folio_list()"},
    Function{"reclaim_range", "", "reclaim_folio_list()"},
    Function{"reclaim_some", "", "shrink_lruvec()"},
    Function{"remote_access", "", "access_remote_vm()"},
    Function{"replace_entry", "ksm_scan", "try_to_merge_one_page()"},
    Function{"replace_entry", "uprobe", "__replace_page()"},
    Function{"replace_entry", "", "wp_page_copy()"},
    Function{"restore_exclusive", "", "remove_device_exclusive_entry()"},
    Function{"split_folio", "", "__folio_split()"},
    Function{"split_huge_pages", "", "split_huge_pages_pid()"},
    Function{"split_pmd", "", "__split_huge_pmd()"},
    Function{"swap_ahead", "", "swapin_walk_pmd_entry()"},
    Function{"swapoff", "", "unuse_mm()"},
    Function{"syscall", "", "do_syscall_64()"},
    Function{"tlb_finish", "", "tlb_finish_mmu()"},
    Function{"truncate", "", "truncate_pagecache()"},
    Function{"uffd_fill", "", "mfill_atomic()"},
    Function{"uffd_move", "", "move_pages()"},
    Function{"uffd_register", "", "userfaultfd_register()"},
    Function{"unmap", "", "do_vmi_align_munmap()"},
    Function{"unmap_folio", "migrate_pages", "try_to_migrate_one()"},
    Function{"unmap_folio", "migrate_vma", "try_to_migrate_one()"},
    Function{"unmap_folio", "split_folio", "try_to_migrate_one()"},
    Function{"unmap_folio", "", "try_to_unmap_one()"},
    Function{"unmap_mapping", "", "unmap_mapping_range()"},
    Function{"unmerge", "", "unmerge_ksm_pages()"},
    Function{"unmerge_all", "", "unmerge_and_remove_all_rmap_items()"},
    Function{"uprobe", "", "uprobe_write_opcode()"},
    Function{"writeback", "", "page_vma_mkclean_one()"},
    Function{"unshare_pmds", "", "hugetlb_unshare_pmds()"},
    Function{"zap", "madvise", "zap_page_range_single()"},
    Function{"zap", "guard_range", "zap_page_range_single()"},
    Function{"zap", "unmap_mapping", "zap_page_range_single()"},
    Function{"zap", "oom_reap", "unmap_page_range()"},
    Function{"zap", "", "unmap_vmas()"},
};

// "zap", of its steps.
std::string flow_named(std::uint32_t number) {
  if (number == 0) return {};
  const std::string step = model::step_name(number - 1);
  return step.substr(0, step.find('.'));
}

std::string_view named(std::string_view flow, std::string_view within) {
  const auto found = std::ranges::find_if(functions, [&](const Function& function) {
    return function.flow == flow && (function.within.empty() || function.within == within);
  });
  return found == functions.end() ? std::string_view{} : found->name;
}

}  // namespace

std::string function_of(const model::CallContext& context) {
  return std::string(named(flow_named(context.within[0]), flow_named(context.within[1])));
}

}  // namespace cli::conform
