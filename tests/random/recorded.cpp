// SPDX-License-Identifier: Apache-2.0
// Calls that random scenarios leave out: the model of them is held against records of kernels.
#include <set>

#include "tests/random/draft.hpp"

namespace random_scenarios {

bool is_held_against_records(std::string_view call) {
  static const std::set<std::string_view> calls = {
      "pkey_mprotect",
      "mremap",
      "brk",
      "mlock",
      "mlock2",
      "munlock",
      "mlockall",
      "munlockall",
      "remap_file_pages",
      "mincore",
      "msync",
      "process_madvise",
      "vfork",
      "execve",
      "ftruncate",
      "fallocate",
      "pwrite",
      "pread",
      "fdatasync",
      "direct_read",
      "io_uring_register_buffers",
      "io_uring_unregister_buffers",
      "process_vm_readv",
      "process_vm_writev",
      "proc_mem_write",
      "ptrace",
      "process_mrelease",
      "kill_process",
      "move_pages",
      "mbind",
      "migrate_pages",
      "uffd_register",
      "uffd_unregister",
      "uffd_writeprotect",
      "uffd_copy",
      "uffd_zeropage",
      "uffd_continue",
      "uffd_poison",
      "uffd_move",
      "clear_refs",
      "pagemap_scan",
      "uprobe_enable",
      "uprobe_disable",
      "hmm_range_fault",
      "migrate_vma",
      "make_device_exclusive",
      "mmu_interval_notifier_insert",
      "mmu_interval_notifier_remove",
      "mmu_interval_read_begin",
      "mmu_interval_read_retry",
      "mmu_notifier_unregister",
      "swapoff",
      "memory_reclaim",
      "lru_gen_aging",
      "numa_scan",
      "compact_memory",
      "ksm_scan",
      "ksm_unmerge",
      "split_huge_pages",
      "khugepaged",
      "damon",
      "damon_paddr",
      "page_idle",
  };
  return calls.contains(call);
}

}  // namespace random_scenarios
