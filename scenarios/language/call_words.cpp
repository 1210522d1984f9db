// SPDX-License-Identifier: Apache-2.0
// Which verb of the model a call is, and what the words among its arguments stand for.
#include "scenarios/language/call_words.hpp"

namespace language {
namespace {

using model::Advice;
using model::Verb;

struct VerbName {
  std::string_view name;
  Verb verb;
};
constexpr VerbName verbs[] = {
    {"memset", Verb::memset},
    {"READ_ONCE", Verb::read_once},
    {"WRITE_ONCE", Verb::write_once},
    {"mmap", Verb::mmap},
    {"munmap", Verb::munmap},
    {"madvise", Verb::madvise},
    {"process_madvise", Verb::madvise},
    {"mprotect", Verb::mprotect},
    {"pkey_mprotect", Verb::pkey_mprotect},
    {"mremap", Verb::mremap},
    {"brk", Verb::brk},
    {"mlock", Verb::mlock},
    {"mlock2", Verb::mlock},
    {"munlock", Verb::munlock},
    {"mlockall", Verb::mlockall},
    {"munlockall", Verb::munlockall},
    {"remap_file_pages", Verb::remap_file_pages},
    {"mincore", Verb::mincore},
    {"msync", Verb::msync},
    {"fork", Verb::fork},
    {"vfork", Verb::vfork},
    {"execve", Verb::exec},
    {"exit", Verb::exit},
    {"ftruncate", Verb::ftruncate},
    {"ttm_bo_evict", Verb::ttm_bo_evict},
    {"vfio_pci_dma_buf_move", Verb::vfio_dma_buf_move},
    {"fallocate", Verb::fallocate_punch},
    {"pwrite", Verb::pwrite},
    {"pread", Verb::pread},
    {"fdatasync", Verb::fdatasync},
    {"process_vm_readv", Verb::process_vm_readv},
    {"process_vm_writev", Verb::process_vm_writev},
    {"ptrace", Verb::ptrace_poke},
    {"proc_mem_write", Verb::proc_mem_write},
    {"io_uring_register_buffers", Verb::pin},
    {"io_uring_unregister_buffers", Verb::unpin},
    {"direct_read", Verb::direct_read},
    {"move_pages", Verb::move_pages},
    {"mbind", Verb::mbind},
    {"migrate_pages", Verb::migrate_pages},
    {"uffd_register", Verb::uffd_register},
    {"uffd_unregister", Verb::uffd_unregister},
    {"uffd_writeprotect", Verb::uffd_writeprotect},
    {"uffd_copy", Verb::uffd_copy},
    {"uffd_zeropage", Verb::uffd_zeropage},
    {"uffd_continue", Verb::uffd_continue},
    {"uffd_poison", Verb::uffd_poison},
    {"uffd_move", Verb::uffd_move},
    {"clear_refs", Verb::clear_refs},
    {"pagemap_scan", Verb::pagemap_scan},
    {"uprobe_enable", Verb::uprobe_enable},
    {"uprobe_disable", Verb::uprobe_disable},
    {"hmm_range_fault", Verb::hmm_range_fault},
    {"migrate_vma", Verb::migrate_vma},
    {"make_device_exclusive", Verb::make_device_exclusive},
    {"mmu_interval_notifier_insert", Verb::interval_insert},
    {"mmu_interval_notifier_remove", Verb::interval_remove},
    {"mmu_interval_read_begin", Verb::interval_read_begin},
    {"mmu_interval_read_retry", Verb::interval_read_retry},
    {"mmu_notifier_unregister", Verb::notifier_unregister},
    {"dma_map", Verb::dma_map},
    {"dma_unmap", Verb::dma_unmap},
    {"iommu_sva_bind_device", Verb::sva_bind},
    {"iommu_sva_unbind_device", Verb::sva_unbind},
    {"IOMMU_HWPT_INVALIDATE", Verb::hwpt_invalidate},
    {"hang", Verb::hang},
    {"hmm_open", Verb::hmm_open},
    {"hmm_close", Verb::hmm_close},
    {"hmm_dmirror_cmd", Verb::hmm_dmirror_cmd},
    {"KVM_CREATE_VM", Verb::kvm_create_vm},
    {"kvm_close", Verb::kvm_close},
    {"KVM_SET_USER_MEMORY_REGION", Verb::kvm_set_memory_region},
    {"KVM_GET_DIRTY_LOG", Verb::kvm_get_dirty_log},
    {"KVM_CLEAR_DIRTY_LOG", Verb::kvm_clear_dirty_log},
    {"KVM_PRE_FAULT_MEMORY", Verb::kvm_pre_fault},
    {"guest_read", Verb::guest_read},
    {"guest_write", Verb::guest_write},
    {"rcache_get", Verb::rcache_get},
    {"rcache_put", Verb::rcache_put},
    {"rcache_flush", Verb::rcache_flush},
    {"xpmem_make", Verb::xpmem_make},
    {"xpmem_remove", Verb::xpmem_remove},
    {"xpmem_get", Verb::xpmem_get},
    {"xpmem_release", Verb::xpmem_release},
    {"xpmem_attach", Verb::xpmem_attach},
    {"xpmem_detach", Verb::xpmem_detach},
    {"xpmem_fork_begin", Verb::xpmem_fork_begin},
    {"xpmem_fork_end", Verb::xpmem_fork_end},
    {"reg_mr", Verb::reg_mr},
    {"reg_mr_ex", Verb::reg_mr_ex},
    {"reg_dmabuf_mr", Verb::reg_mr},
    {"dereg_mr", Verb::dereg_mr},
    {"prefetch", Verb::prefetch},
    {"prefetch_no_fault", Verb::prefetch_no_fault},
    {"dma_read", Verb::dma_read},
    {"dma_write", Verb::dma_write},
    {"connect", Verb::connect},
    {"rdma_read", Verb::rdma_read},
    {"rdma_write", Verb::rdma_write},
    {"rdma_fetch_add", Verb::rdma_fetch_add},
    {"rdma_compare_swap", Verb::rdma_compare_swap},
    {"rdma_send", Verb::rdma_send},
    {"rdma_flush", Verb::rdma_flush},
    {"create_ud_qp", Verb::create_ud_qp},
    {"create_srq", Verb::create_srq},
    {"ud_send", Verb::ud_send},
    {"xrc_send", Verb::xrc_send},
    {"post_recv", Verb::post_recv},
    {"poll_recv", Verb::poll_recv},
    {"link_down", Verb::link_down},
    {"link_up", Verb::link_up},
    {"partition", Verb::partition},
    {"heal", Verb::heal},
    {"remove", Verb::remove_device},
    {"export", Verb::export_handle},
    {"attach", Verb::attach},
    {"detach", Verb::detach},
    {"swap_out", Verb::swap_out},
    {"reclaim", Verb::reclaim},
    {"oom_reap", Verb::oom_reap},
    {"process_mrelease", Verb::process_mrelease},
    {"kill_process", Verb::kill_process},
    {"kill", Verb::kill},
    {"swapoff", Verb::swapoff},
    {"memory_reclaim", Verb::memory_reclaim},
    {"lru_gen_aging", Verb::lru_gen_aging},
    {"numa_scan", Verb::numa_scan},
    {"compact_memory", Verb::compact},
    {"ksm_scan", Verb::ksm_scan},
    {"ksm_unmerge", Verb::ksm_unmerge},
    {"split_huge_pages", Verb::split_huge_pages},
    {"khugepaged", Verb::khugepaged},
    {"damon", Verb::damon},
    {"damon_paddr", Verb::damon_paddr},
    {"page_idle", Verb::page_idle},
    {"mpi_win", Verb::export_handle},
    {"mpi_put", Verb::mpi_put},
    {"mpi_get", Verb::mpi_get},
    {"mpi_send", Verb::mpi_send},
    {"mpi_recv", Verb::mpi_recv},
};

struct AdviceName {
  std::string_view name;
  Advice advice;
};
constexpr AdviceName advices[] = {
    {"MADV_NORMAL", Advice::normal},
    {"MADV_RANDOM", Advice::random},
    {"MADV_SEQUENTIAL", Advice::sequential},
    {"MADV_WILLNEED", Advice::willneed},
    {"MADV_DONTNEED", Advice::dontneed},
    {"MADV_DONTNEED_LOCKED", Advice::dontneed_locked},
    {"MADV_FREE", Advice::free},
    {"MADV_COLD", Advice::cold},
    {"MADV_PAGEOUT", Advice::pageout},
    {"MADV_POPULATE_READ", Advice::populate_read},
    {"MADV_POPULATE_WRITE", Advice::populate_write},
    {"MADV_REMOVE", Advice::remove},
    {"MADV_DONTFORK", Advice::dontfork},
    {"MADV_DOFORK", Advice::dofork},
    {"MADV_WIPEONFORK", Advice::wipeonfork},
    {"MADV_KEEPONFORK", Advice::keeponfork},
    {"MADV_DONTDUMP", Advice::dontdump},
    {"MADV_DODUMP", Advice::dodump},
    {"MADV_HUGEPAGE", Advice::hugepage},
    {"MADV_NOHUGEPAGE", Advice::nohugepage},
    {"MADV_COLLAPSE", Advice::collapse},
    {"MADV_MERGEABLE", Advice::mergeable},
    {"MADV_UNMERGEABLE", Advice::unmergeable},
    {"MADV_SOFT_OFFLINE", Advice::soft_offline},
    {"MADV_HWPOISON", Advice::hwpoison},
    {"MADV_GUARD_INSTALL", Advice::guard_install},
    {"MADV_GUARD_REMOVE", Advice::guard_remove},
    {"DAMOS_STAT", Advice::none},
    {"DAMOS_WILLNEED", Advice::willneed},
    {"DAMOS_COLD", Advice::cold},
    {"DAMOS_PAGEOUT", Advice::pageout},
    {"DAMOS_HUGEPAGE", Advice::hugepage},
    {"DAMOS_NOHUGEPAGE", Advice::nohugepage},
};

// What makes no difference to the model. MAP_FIXED_NOREPLACE is what it does without MAP_FIXED.
constexpr std::uint32_t no_difference = 1U << 31;

// Words that no call gives two meanings. Those that are 0 are not here: PROT_NONE, MS_ASYNC, off.
struct FlagName {
  std::string_view name;
  std::uint32_t value;
};
constexpr std::uint32_t hwpt(model::HwptCommand command) {
  return static_cast<std::uint32_t>(command);
}
constexpr std::uint32_t mirror(model::MirrorCommand command) {
  return static_cast<std::uint32_t>(command);
}
constexpr FlagName flag_names[] = {
    {"PROT_READ", model::protection::read},
    {"PROT_WRITE", model::protection::write},
    {"PROT_EXEC", model::protection::exec},
    {"MAP_SHARED", model::map_flag::shared},
    {"MAP_PRIVATE", model::map_flag::private_},
    {"MAP_POPULATE", model::map_flag::populate},
    {"MAP_FIXED", model::map_flag::fixed},
    {"MAP_GROWSDOWN", model::map_flag::grows_down},
    {"MAP_HUGETLB", model::map_flag::hugetlb},
    {"MAP_HUGE_2MB", model::map_flag::huge_2mb},
    {"MAP_HUGE_1GB", model::map_flag::huge_1gb},
    {"MAP_LOCKED", model::map_flag::locked},
    {"MAP_ANONYMOUS", model::map_flag::anonymous},
    {"MAP_FIXED_NOREPLACE", no_difference},
    {"MAP_NORESERVE", no_difference},
    {"MAP_STACK", no_difference},
    {"MREMAP_MAYMOVE", model::remap_flag::maymove},
    {"MREMAP_FIXED", model::remap_flag::fixed},
    {"MREMAP_DONTUNMAP", model::remap_flag::dontunmap},
    {"UFFDIO_REGISTER_MODE_MISSING", model::uffd_mode::missing},
    {"UFFDIO_REGISTER_MODE_WP", model::uffd_mode::wp},
    {"UFFDIO_REGISTER_MODE_MINOR", model::uffd_mode::minor},
    {"UFFD_FEATURE_WP_ASYNC", model::uffd_mode::async},
    {"UFFD_FEATURE_WP_UNPOPULATED", model::uffd_mode::unpopulated},
    {"UFFDIO_COPY_MODE_WP", 1},
    {"UFFDIO_CONTINUE_MODE_WP", 1},
    {"UFFDIO_MOVE_MODE_ALLOW_SRC_HOLES", 1},
    {"MLOCK_ONFAULT", 1},
    {"MCL_CURRENT", model::lock_all_flag::current},
    {"MCL_FUTURE", model::lock_all_flag::future},
    {"MCL_ONFAULT", model::lock_all_flag::on_fault},
    {"IBV_ACCESS_LOCAL_WRITE", model::access_flag::local_write},
    {"IBV_ACCESS_REMOTE_WRITE", model::access_flag::remote_write},
    {"IBV_ACCESS_REMOTE_ATOMIC", model::access_flag::remote_write},
    {"IBV_ACCESS_REMOTE_READ", no_difference},
    {"IBV_ACCESS_ON_DEMAND", model::access_flag::on_demand},
    {"IBV_ACCESS_HUGETLB", no_difference},
    {"IBV_ACCESS_FLUSH_GLOBAL", model::access_flag::flush_global},
    {"IBV_FLUSH_MR", 1},
    {"HMM_PFN_REQ_FAULT", model::hmm_flag::fault},
    {"HMM_PFN_REQ_WRITE", model::hmm_flag::fault | model::hmm_flag::write},
    {"dev_private_owner", model::hmm_flag::owner},
    {"to_device_private", model::migrate_flag::to_device},
    {"MIGRATE_VMA_SELECT_DEVICE_PRIVATE", model::migrate_flag::from_device},
    {"KVM_MEM_LOG_DIRTY_PAGES", model::kvm_mem::log_dirty},
    {"KVM_MEM_READONLY", model::kvm_mem::read_only},
    {"KVM_MEM_GUEST_MEMFD", model::kvm_mem::guest_memfd},
    {"HMM_DMIRROR_WRITE", mirror(model::MirrorCommand::write)},
    {"HMM_DMIRROR_MIGRATE_TO_DEV", mirror(model::MirrorCommand::migrate_to_dev)},
    {"HMM_DMIRROR_MIGRATE_TO_SYS", mirror(model::MirrorCommand::migrate_to_sys)},
    {"HMM_DMIRROR_SNAPSHOT", mirror(model::MirrorCommand::snapshot)},
    {"HMM_DMIRROR_EXCLUSIVE", mirror(model::MirrorCommand::exclusive)},
    {"HMM_DMIRROR_CHECK_EXCLUSIVE", mirror(model::MirrorCommand::check_exclusive)},
    {"HMM_DMIRROR_FLAGS", mirror(model::MirrorCommand::flags)},
    {"HMM_DMIRROR_RELEASE", mirror(model::MirrorCommand::release)},
    {"MPOL_MF_MOVE", 1},
    {"MS_SYNC", 1},
    {"PM_SCAN_WP_MATCHING", 1},
    {"two_pass", 1},
    {"pinned", 1},
    {"implicit", 2},
    {"XPMEM_RDONLY", 1},
    {"XPMEM_RDWR", 2},
    {"S_IRUSR", 0400},
    {"S_IWUSR", 0200},
    {"S_IRGRP", 0040},
    {"S_IWGRP", 0020},
    {"S_IROTH", 0004},
    {"S_IWOTH", 0002},
    {"S_ISVTX", 01000},
    {"on", 1},
    {"CMDQ_OP_TLBI_NH_VA", hwpt(model::HwptCommand::tlbi_va)},
    {"CMDQ_OP_TLBI_NH_ALL", hwpt(model::HwptCommand::tlbi_all)},
    {"CMDQ_OP_ATC_INV", hwpt(model::HwptCommand::atc_inv)},
    {"CMDQ_OP_CMD_SYNC", hwpt(model::HwptCommand::unknown)},
};

}  // namespace

std::optional<model::Verb> verb_of(std::string_view call) {
  for (const VerbName& entry : verbs) {
    if (entry.name == call) return entry.verb;
  }
  return std::nullopt;
}

std::uint32_t value_of_word(model::Verb verb, std::string_view word) {
  for (const AdviceName& entry : advices) {
    if (entry.name == word) return static_cast<std::uint32_t>(entry.advice);
  }
  for (const FlagName& entry : flag_names) {
    if (entry.name == word) return entry.value;
  }
  if (word != "pgmap_owner") return 0;
  return verb == Verb::migrate_vma ? model::migrate_flag::owner : 1;
}

}  // namespace language
