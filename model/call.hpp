// SPDX-License-Identifier: Apache-2.0
#pragma once

// The calls of the scenario language, and their flags.

#include <cstdint>

#include "model/expression.hpp"
#include "model/fabric/link.hpp"
#include "model/memory/ids.hpp"

namespace model {

// What each takes from Call besides `mm` is said behind it.
enum class Verb : std::uint8_t {
  memset,                 // pages, number
  read_once,              // pages
  write_once,             // pages, number
  mmap,                   // pages, number (Protection), flags (MapFlag), file, offset
  munmap,                 // pages
  madvise,                // pages, number (Advice); of another process: peer
  mprotect,               // pages, number (Protection)
  pkey_mprotect,          // pages, number (Protection)
  mremap,                 // pages (old; none: size 0 at `first`), second (new), flags (RemapFlag)
  brk,                    // pages (the whole heap), number (its size from now on)
  mlock,                  // pages, flags (1: MLOCK_ONFAULT)
  munlock,                // pages
  mlockall,               // flags (LockAllFlag)
  munlockall,             //
  remap_file_pages,       // pages, number (the page of the file that is first)
  mincore,                // pages
  msync,                  // pages, flags (1: MS_SYNC)
  fork,                   // number (the child)
  vfork,                  // number (the child)
  exec,                   //
  exit,                   //
  ttm_bo_evict,           // file
  vfio_dma_buf_move,      // file, number (1: revoked)
  ftruncate,              // file, offset (whole pages), number (bytes beyond them)
  fallocate_punch,        // file, offset, number (pages); 0 pages: less than a page
  pwrite,                 // file, offset, number
  pread,                  // file, offset
  fdatasync,              // file
  process_vm_readv,       // peer, pages
  process_vm_writev,      // peer, pages, number
  ptrace_poke,            // peer, pages, number
  proc_mem_write,         // peer, pages, number: by /proc/pid/mem
  pin,                    // pages: a long-term pin, as of io_uring_register(BUFFERS)
  unpin,                  // pages
  direct_read,            // pages, number: read(O_DIRECT) into them, by a short pin
  move_pages,             // pages, number (node)
  mbind,                  // pages, number (node), flags (1: MPOL_MF_MOVE)
  migrate_pages,          // peer, number (from node), flags (to node)
  uffd_register,          // pages, flags (UffdMode)
  uffd_unregister,        // pages
  uffd_writeprotect,      // pages, number (1: on)
  uffd_copy,              // pages, number, flags (1: write-protected)
  uffd_zeropage,          // pages
  uffd_continue,          // pages, flags (1: write-protected)
  uffd_poison,            // pages
  uffd_move,              // pages (destination), second (source), flags (1: ALLOW_SRC_HOLES)
  clear_refs,             // number (1 to 5)
  pagemap_scan,           // pages, flags (1: PM_SCAN_WP_MATCHING)
  uprobe_enable,          // pages
  uprobe_disable,         // pages
  hmm_range_fault,        // pages, flags (HmmFlag)
  migrate_vma,            // pages, flags (MigrateFlag)
  make_device_exclusive,  // pages, flags (1: with an owner)
  interval_insert,        // pages, flags (1: of two passes): gives an object
  interval_remove,        // target
  interval_read_begin,    // target
  interval_read_retry,    // target
  notifier_unregister,    // mmu_notifier_unregister() of a mm that lives
  dma_map,                // adapter, pages: gives an object
  dma_unmap,              // target
  sva_bind,               // adapter: gives an object
  sva_unbind,             // target
  hwpt_invalidate,        // target, flags, number, offset (HwptCommand); pages, second, third
  sva_get_pasid,          // target
  fault_queue_alloc,      // target
  fault_read,             // target
  fault_write,            // target, number (cookie), flags (1: invalid)
  veventq_alloc,          // target, number (depth)
  veventq_read,           // target, number (events that there is room for)
  access_pin_pages,       // adapter, target, flags (1: it never unpins): gives an object
  access_unpin_pages,     // target
  hang,                   // adapter: it answers nothing from now on
  hmm_open,               // adapter: gives an object
  hmm_close,              // target
  hmm_dmirror_cmd,        // target, flags (MirrorCommand), pages, number
  kvm_create_vm,          // adapter: gives an object
  kvm_close,              // target
  kvm_set_memory_region,  // target, number (slot), offset (guest page), pages, flags (KvmMemFlag)
  kvm_get_dirty_log,      // target, number (slot)
  kvm_clear_dirty_log,    // target, number (slot), offset (which pages, as bits)
  kvm_pre_fault,          // target, offset (guest page), number (pages)
  guest_read,             // target, offset (guest page)
  guest_write,            // target, offset (guest page), number
  rcache_get,             // adapter, pages, flags (Protection; 0: both): gives an object
  rcache_put,             // target
  rcache_flush,           //
  xpmem_make,             // pages, number (mode), flags (bytes behind a page): gives an object
  xpmem_remove,           // target; or number: a segid that nobody has
  xpmem_get,              // target or number, flags (XPMEM_RDONLY: 1, XPMEM_RDWR: 2): gives one
  xpmem_release,          // target
  xpmem_attach,           // target, pages, second (the owner's)
  xpmem_detach,           // pages
  xpmem_fork_begin,       //
  xpmem_fork_end,         //
  reg_mr,
  dereg_mr,
  prefetch,
  prefetch_no_fault,
  dma_read,
  dma_write,
  connect,
  rdma_read,
  rdma_write,         // target, number; or local
  rdma_fetch_add,     // target, queue, number
  rdma_compare_swap,  // target, queue, number, offset: what must be there
  rdma_send,          // queue, number; or local
  post_recv,          // queue, target
  poll_recv,          // queue
  reg_mr_ex,          // adapter, pages (none: all of the process), flags (AccessFlag)
  rdma_flush,         // target, queue, flags (FlushLevel: 1: all of the region)
  create_ud_qp,       // adapter: gives an object
  create_srq,         // adapter: likewise
  ud_send,            // queue, number; or local
  xrc_send,           // queue, target (the shared receive queue), number; or local
  link_down,          // adapter, or link
  link_up,            // likewise
  partition,          // flags (hosts, as bits)
  heal,               //
  remove_device,      // adapter: it is pulled out, and its driver told
  export_handle,
  attach,
  detach,
  swap_out,          // pages
  reclaim,           // number
  oom_reap,          // mm
  process_mrelease,  // mm (the victim)
  kill_process,      // mm: SIGKILL
  swapoff,           //
  memory_reclaim,    // mm (that cgroup), number (pages)
  lru_gen_aging,     // mm
  numa_scan,         // mm: task_numa_work() over all of it
  compact,           //
  ksm_scan,          // mm: full scans until nothing changes
  ksm_unmerge,       //
  split_huge_pages,  // pages
  khugepaged,        // mm
  damon,             // pages, number (Advice that follows; none: only monitors)
  damon_paddr,       // pages, by their frames
  page_idle,         // pages
  kill,              // host
  mpi_put,
  mpi_get,
  mpi_send,
  mpi_recv,
};

// What a program does by itself, with an adapter that it may use: no kernel is called, and what was
// posted goes on without the program.
inline bool is_of_user_space(Verb verb) {
  switch (verb) {
    case Verb::rdma_read:
    case Verb::rdma_write:
    case Verb::rdma_fetch_add:
    case Verb::rdma_compare_swap:
    case Verb::rdma_send:
    case Verb::rdma_flush:
    case Verb::ud_send:
    case Verb::xrc_send:
    case Verb::poll_recv:
    case Verb::mpi_put:
    case Verb::mpi_get:
    case Verb::mpi_send:
    case Verb::mpi_recv:
      return true;
    default:
      return false;
  }
}

enum class Advice : std::uint8_t {
  normal,
  random,
  sequential,
  willneed,
  dontneed,
  dontneed_locked,
  free,
  cold,
  pageout,
  populate_read,
  populate_write,
  remove,
  dontfork,
  dofork,
  wipeonfork,
  keeponfork,
  dontdump,
  dodump,
  hugepage,
  nohugepage,
  collapse,
  mergeable,
  unmergeable,
  soft_offline,
  hwpoison,
  guard_install,
  guard_remove,
  none,  // DAMON: no advice follows.
};

namespace protection {
inline constexpr std::uint32_t read = 1;
inline constexpr std::uint32_t write = 2;
inline constexpr std::uint32_t exec = 4;
inline constexpr std::uint32_t as_declared = 8;  // mmap(): that of the region.
}  // namespace protection

namespace map_flag {
inline constexpr std::uint32_t shared = 1;
inline constexpr std::uint32_t private_ = 2;  // Neither: as the region was declared.
inline constexpr std::uint32_t populate = 4;
inline constexpr std::uint32_t fixed = 8;  // Over what is there; else that is an error.
inline constexpr std::uint32_t grows_down = 16;
inline constexpr std::uint32_t hugetlb = 32;
inline constexpr std::uint32_t locked = 64;
inline constexpr std::uint32_t anonymous = 128;  // Although the region is of a file.
inline constexpr std::uint32_t huge_2mb = 256;
inline constexpr std::uint32_t huge_1gb = 512;
}  // namespace map_flag

namespace remap_flag {
inline constexpr std::uint32_t maymove = 1;
inline constexpr std::uint32_t fixed = 2;
inline constexpr std::uint32_t dontunmap = 4;
}  // namespace remap_flag

namespace uffd_mode {
inline constexpr std::uint32_t missing = 1;
inline constexpr std::uint32_t wp = 2;
inline constexpr std::uint32_t minor = 4;
// Features of the userfaultfd. With the second one, pages that are not there can be protected.
inline constexpr std::uint32_t async = 8;  // UFFD_FEATURE_WP_ASYNC
inline constexpr std::uint32_t unpopulated = 16;
}  // namespace uffd_mode

namespace lock_all_flag {
inline constexpr std::uint32_t current = 1;  // MCL_CURRENT
inline constexpr std::uint32_t future = 2;   // MCL_FUTURE
inline constexpr std::uint32_t on_fault = 4;
}  // namespace lock_all_flag

// enum ibv_access_flags: what makes a difference here.
namespace access_flag {
inline constexpr std::uint32_t local_write = 1;
inline constexpr std::uint32_t remote_write = 2;  // Or atomic.
inline constexpr std::uint32_t on_demand = 4;
inline constexpr std::uint32_t flush_global = 8;
}  // namespace access_flag

namespace hmm_flag {
inline constexpr std::uint32_t fault = 1;  // HMM_PFN_REQ_FAULT; without it a snapshot.
inline constexpr std::uint32_t write = 2;  // HMM_PFN_REQ_WRITE
inline constexpr std::uint32_t owner = 4;  // dev_private_owner is that of the device memory.
}  // namespace hmm_flag

namespace migrate_flag {
inline constexpr std::uint32_t to_device = 1;    // To device-private memory; else to ordinary one.
inline constexpr std::uint32_t from_device = 2;  // MIGRATE_VMA_SELECT_DEVICE_PRIVATE
inline constexpr std::uint32_t owner = 4;        // pgmap_owner is given.
}  // namespace migrate_flag

// The ioctls of the test device of HMM: lib/test_hmm_uapi.h.
enum class MirrorCommand : std::uint8_t {
  read,
  write,
  migrate_to_dev,
  migrate_to_sys,
  snapshot,
  exclusive,
  check_exclusive,
  release,
  flags,
};

// What the snapshot says of a page: HMM_DMIRROR_PROT_*.
namespace mirror_prot {
inline constexpr std::uint32_t error = 0xff;
inline constexpr std::uint32_t none = 0;
inline constexpr std::uint32_t read = 0x01;
inline constexpr std::uint32_t write = 0x02;
inline constexpr std::uint32_t pmd = 0x04;
inline constexpr std::uint32_t pud = 0x08;
inline constexpr std::uint32_t zero = 0x10;
inline constexpr std::uint32_t private_local = 0x20;
inline constexpr std::uint32_t coherent_local = 0x40;
inline constexpr std::uint32_t coherent_remote = 0x50;
}  // namespace mirror_prot

// One entry of the array of IOMMU_HWPT_INVALIDATE: struct iommu_viommu_arm_smmuv3_invalidate.
enum class HwptCommand : std::uint8_t {
  none,
  tlbi_va,  // CMDQ_OP_TLBI_NH_VA
  tlbi_all,
  atc_inv,
  unknown,  // One that user space has no business with.
};

namespace kvm_mem {
inline constexpr std::uint32_t log_dirty = 1;    // KVM_MEM_LOG_DIRTY_PAGES
inline constexpr std::uint32_t read_only = 2;    // KVM_MEM_READONLY
inline constexpr std::uint32_t guest_memfd = 4;  // KVM_MEM_GUEST_MEMFD
}  // namespace kvm_mem

// Pages of an object whose id is known only when the scenario runs: mr[1], a2[0..7].
struct Target {
  VariableId variable{};
  PageRange offset{};  // Counted from the object's first page.
  PageRange pages{};   // Of a cached registration, which may have more than was asked for.
};

struct Call {
  Verb verb = Verb::memset;
  MmId mm{};           // The address space the call is about.
  PageRange pages{};   // Pages of `mm`.
  PageRange second{};  // More of them: where they are moved to.
  PageRange third{};
  Target target{};     // An object, or its pages.
  Target local{};      // Memory of the requester of an RDMA call.
  VariableId queue{};  // The queue pair of an RDMA call.
  AdapterId adapter{};
  HostId host{};
  MmId peer{};  // The other process of a message, or the one that is acted upon.
  FileId file{};
  LinkId link{};             // One that goes down or up; none: all of the host.
  SwitchId fabric_switch{};  // One that dies; none: a host.
  std::uint32_t offset = 0;  // In the file, in pages.
  std::uint32_t number = 0;  // A value, a Protection, an Advice.
  std::uint32_t flags = 0;
};

}  // namespace model
