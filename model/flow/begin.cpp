// SPDX-License-Identifier: Apache-2.0
#include "model/flow/all.hpp"
#include "model/flow/begin_device.hpp"
#include "sim/check.hpp"

namespace model {
namespace {

// pgmap_owner of a driver without a device.
DeviceOwner nameless(bool owner) { return owner ? nameless_owner : DeviceOwner{0}; }

Mprotect mprotect(const Call& call, std::uint8_t pkey) {
  return {.read = (call.number & protection::read) != 0,
          .write = (call.number & protection::write) != 0,
          .exec = (call.number & protection::exec) != 0,
          .pkey = pkey,
          .mm = call.mm,
          .pages = call.pages};
}

// A call that fails.
Flow failure(int error) { return {Syscall{.error = error}}; }

// process_madvise_remote_valid(): advice that one process may give another.
bool for_others(Advice advice) {
  return advice == Advice::cold || advice == Advice::pageout || advice == Advice::willneed ||
         advice == Advice::collapse;
}

Flow madvise(const Call& call, const Machine& machine) {
  const KernelSwitches& kernel = machine.setup->switches;
  const MmId mm = call.peer.some() ? call.peer : call.mm;
  const auto advice = static_cast<Advice>(call.number);
  const bool guards = advice == Advice::guard_install || advice == Advice::guard_remove;
  const bool own = !call.peer.some() || (call.peer == call.mm && kernel.self_advice);
  if ((guards && !kernel.guard_regions) || (!own && !for_others(advice))) {
    return failure(EINVAL);
  }
  return {Madvise{.hold = Madvise::wanted(machine, mm, call.pages, advice, call.peer.some()),
                  .advice = advice,
                  .mm = mm,
                  .pages = call.pages}};
}

Flow mlockall(const Call& call) {
  const bool on = call.verb == Verb::mlockall;
  if (on && (call.flags & ~lock_all_flag::on_fault) == 0) return failure(EINVAL);
  const bool later = (call.flags & lock_all_flag::future) != 0;
  const auto future = later ? call.flags & ~lock_all_flag::current : 0U;
  const bool current = !on || (call.flags & lock_all_flag::current) != 0;
  return {Mlock{.on = on,
                .all = true,
                .on_fault = (call.flags & lock_all_flag::on_fault) != 0,
                .future = static_cast<std::uint8_t>(future),
                .mm = call.mm,
                .pages = current ? all_pages : PageRange{}}};
}

// do_mmap() over the mapping that is there.
Flow remap_file_pages(const Call& call, const Machine& machine) {
  const Vma* vma = machine.spaces[call.mm.index()].find_vma(call.pages.first);
  if (vma == nullptr || !vma->shared || call.pages.end() > vma->pages.end()) {
    return failure(EINVAL);
  }
  const std::uint32_t protection = (vma->read ? protection::read : 0) |
                                   (vma->write ? protection::write : 0) |
                                   (vma->exec ? protection::exec : 0);
  return {Mmap{.mm = call.mm,
               .pages = call.pages,
               .file = FileId{vma->file.value},
               .offset = call.number,
               .protection = protection,
               .flags = map_flag::shared | map_flag::fixed | map_flag::populate}};
}

MappingId mapping_of(FileId file) { return MappingId{file.value}; }

// Calls that change where memory is, or what may be done with it.
std::optional<Flow> begin_mapping(const Call& call, const Machine& machine) {
  switch (call.verb) {
    case Verb::mmap:
      return Flow{Mmap{.mm = call.mm,
                       .pages = call.pages,
                       .file = call.file,
                       .offset = call.offset,
                       .protection = call.number,
                       .flags = call.flags}};
    case Verb::munmap:
      return Flow{Munmap{.mm = call.mm, .pages = call.pages}};
    case Verb::mremap:
      return Flow{
          Mremap{.mm = call.mm, .from = call.pages, .to = call.second, .flags = call.flags}};
    case Verb::brk:
      return Flow{Brk{.mm = call.mm, .heap = call.pages, .size = call.number}};
    case Verb::mprotect:
      return Flow{mprotect(call, 0)};
    case Verb::pkey_mprotect:
      return Flow{mprotect(call, 1)};
    case Verb::madvise:
      return madvise(call, machine);
    case Verb::mlock:
    case Verb::munlock:
      return Flow{Mlock{.on = call.verb == Verb::mlock,
                        .on_fault = call.flags != 0,
                        .mm = call.mm,
                        .pages = call.pages}};
    case Verb::mlockall:
    case Verb::munlockall:
      return mlockall(call);
    case Verb::remap_file_pages:
      return remap_file_pages(call, machine);
    case Verb::fork:
      return Flow{Fork{.parent = call.mm, .child = MmId{call.number}}};
    case Verb::vfork:
      return Flow{Vfork{.parent = call.mm, .child = MmId{call.number}}};
    case Verb::exec:
      return Flow{Exit{.renew = true, .mm = call.mm}};
    case Verb::exit:
      return Flow{Exit{.mm = call.mm}};
    case Verb::uffd_register:
    case Verb::uffd_unregister:
      return Flow{UffdRegister{.on = call.verb == Verb::uffd_register,
                               .modes = static_cast<std::uint8_t>(call.flags),
                               .mm = call.mm,
                               .pages = call.pages}};
    default:
      return std::nullopt;
  }
}

Flow truncate(const Call& call, const Machine& machine) {
  const MappingId file = mapping_of(call.file);
  const Mapping& cache = machine.mappings[file.index()];
  const bool pool = cache.kind == Mapping::Kind::hugetlbfs;
  if (pool && (call.number > 0 || call.offset % cache.pagesize() != 0)) return failure(EINVAL);
  if (cache.kind == Mapping::Kind::pfnmap && is_shared(machine, file)) {
    return {RevokeBuffer{.buffer = file}};
  }
  return {Truncate{.file = file, .pages = call.offset + (call.number > 0 ? 1 : 0)}};
}

// Calls that use memory.
std::optional<Flow> begin_memory(const Call& call, const Machine& machine) {
  const auto fill = [&](UffdFill::With with) {
    return Flow{UffdFill{.with = with,
                         .by_vma = machine.setup->switches.vma_lock,
                         .protect = call.flags != 0,
                         .mm = call.mm,
                         .pages = call.pages,
                         .value = call.number}};
  };
  switch (call.verb) {
    case Verb::memset:
    case Verb::write_once:
      return Flow{Access{.write = true, .mm = call.mm, .pages = call.pages, .value = call.number}};
    case Verb::read_once:
      return Flow{Access{.mm = call.mm, .pages = call.pages}};
    case Verb::mincore:
      return Flow{Syscall{.mm = call.mm, .pages = call.pages}};
    case Verb::msync:
      if (call.flags == 0) return Flow{Syscall{}};
      return Flow{Writeback{.mm = call.mm, .pages = call.pages}};
    case Verb::fdatasync:
      return Flow{Writeback{.file = mapping_of(call.file),
                            .last = machine.mappings[call.file.index()].size}};
    case Verb::ttm_bo_evict:
      return Flow{RevokeBuffer{.what = RevokeBuffer::What::moves, .buffer = mapping_of(call.file)}};
    case Verb::vfio_dma_buf_move:
      return Flow{RevokeBuffer{
          .what = call.number != 0 ? RevokeBuffer::What::revokes : RevokeBuffer::What::restores,
          .buffer = mapping_of(call.file)}};
    case Verb::ftruncate:
      return truncate(call, machine);
    case Verb::fallocate_punch:
      return Flow{
          PunchHole{.file = mapping_of(call.file), .first = call.offset, .count = call.number}};
    case Verb::pwrite:
    case Verb::pread:
      return Flow{FileAccess{.write = call.verb == Verb::pwrite,
                             .file = mapping_of(call.file),
                             .index = call.offset,
                             .value = call.number}};
    case Verb::process_vm_readv:
    case Verb::process_vm_writev:
      return Flow{RemoteAccess{.write = call.verb == Verb::process_vm_writev,
                               .mm = call.peer,
                               .pages = call.pages,
                               .value = call.number}};
    case Verb::ptrace_poke:
    case Verb::proc_mem_write:
      return Flow{RemoteAccess{.write = true,
                               .force = true,
                               .by_file = call.verb == Verb::proc_mem_write,
                               .each = Cost::memory_access,
                               .mm = call.peer.some() ? call.peer : call.mm,
                               .pages = call.pages,
                               .value = call.number}};
    case Verb::direct_read:
      return Flow{RemoteAccess{.write = true,
                               .each = Cost::dma_page,
                               .mm = call.mm,
                               .pages = call.pages,
                               .value = call.number}};
    case Verb::pin:
      return Flow{Pin{.mm = call.mm, .pages = call.pages}};
    case Verb::unpin:
      return Flow{Pin{.on = false, .mm = call.mm, .pages = call.pages}};
    case Verb::uffd_writeprotect:
      return Flow{MarkRange{.what = call.number != 0 ? ChangeProtection::What::uffd_wp
                                                     : ChangeProtection::What::uffd_resolve,
                            .mm = call.peer.some() ? call.peer : call.mm,
                            .pages = call.pages}};
    case Verb::uffd_copy:
      return fill(UffdFill::With::copy);
    case Verb::uffd_zeropage:
      return fill(UffdFill::With::zero);
    case Verb::uffd_continue:
      return fill(UffdFill::With::cached);
    case Verb::uffd_poison:
      if (!machine.setup->switches.uffd_moves) return failure(EINVAL);
      return fill(UffdFill::With::poison);
    case Verb::uffd_move:
      if (!machine.setup->switches.uffd_moves) return failure(EINVAL);
      return Flow{UffdMove{.by_vma = machine.setup->switches.vma_lock,
                           .holes = call.flags != 0,
                           .mm = call.mm,
                           .from = call.second,
                           .to = call.pages.first}};
    case Verb::clear_refs:
      return Flow{ClearRefs{.kind = static_cast<std::uint8_t>(call.number), .mm = call.mm}};
    case Verb::pagemap_scan:
      if (!machine.setup->switches.uffd_moves) return failure(ENOTTY);
      return Flow{
          PagemapScan{.step = call.flags != 0 && !machine.setup->switches.scan_notifies_locked
                                  ? PagemapScan::Step::start
                                  : PagemapScan::Step::lock,
                      .protects = call.flags != 0,
                      .mm = call.mm,
                      .pages = call.pages}};
    default:
      return std::nullopt;
  }
}

// What kernels do on their own account, or are told to do for a test.
std::optional<Flow> begin_kernel_work(const Call& call, const Machine& machine) {
  const bool batch = machine.setup->switches.batch_migration;
  const auto node = static_cast<std::uint8_t>(call.number);
  switch (call.verb) {
    case Verb::move_pages:
      return Flow{MovePages{.node = node, .mm = call.mm, .pages = call.pages}};
    case Verb::mbind:
      if (cuts_hugetlb(machine.spaces[call.mm.index()], call.pages)) return failure(EINVAL);
      if (call.flags == 0) return Flow{Syscall{}};
      return Flow{MovePages{
          .holds = !batch, .writes = !batch, .node = node, .mm = call.mm, .pages = call.pages}};
    case Verb::migrate_pages:
      return Flow{MovePages{.holds = !batch,
                            .all = true,
                            .from = node,
                            .node = static_cast<std::uint8_t>(call.flags),
                            .mm = call.peer.some() ? call.peer : call.mm,
                            .pages = all_pages}};
    case Verb::compact:
      return Flow{Compact{.host = call.host}};
    case Verb::uprobe_enable:
    case Verb::uprobe_disable:
      return Flow{Uprobe{
          .enable = call.verb == Verb::uprobe_enable, .mm = call.mm, .page = call.pages.first}};
    case Verb::swap_out:
      return Flow{ReclaimRange{.mm = call.mm, .pages = call.pages}};
    case Verb::reclaim:
      return Flow{ReclaimSome{.host = call.host, .wanted = call.number}};
    case Verb::memory_reclaim:
      if (call.number == 0) return Flow{Syscall{}};
      return Flow{ReclaimRange{.wanted = call.number, .mm = call.mm, .pages = all_pages}};
    case Verb::lru_gen_aging:
      return Flow{AgePages{.by = AgePages::By::generation, .mm = call.mm, .pages = all_pages}};
    case Verb::oom_reap:
    case Verb::process_mrelease:
      return Flow{OomReap{.mm = call.mm}};
    case Verb::kill_process:
      return Flow{Exit{.mm = call.mm}};
    case Verb::swapoff:
      return Flow{Swapoff{.host = call.host}};
    case Verb::numa_scan:
      return Flow{
          MarkRange{.what = ChangeProtection::What::numa, .mm = call.mm, .pages = all_pages}};
    case Verb::ksm_scan:
      return Flow{KsmScan{.mm = call.mm}};
    case Verb::ksm_unmerge:
      return Flow{UnmergeAll{.host = call.host}};
    case Verb::split_huge_pages:
      return Flow{SplitHugePages{.mm = call.mm, .pages = call.pages}};
    case Verb::khugepaged:
      return Flow{Collapse{.mm = call.mm, .pages = all_pages}};
    case Verb::damon:
      return Flow{
          AgePages{.then = static_cast<Advice>(call.number), .mm = call.mm, .pages = call.pages}};
    case Verb::damon_paddr:
    case Verb::page_idle:
      return Flow{AgePages{.by = AgePages::By::frame, .mm = call.mm, .pages = call.pages}};
    case Verb::hmm_range_fault:
      return Flow{HmmRange{.fault = (call.flags & (hmm_flag::fault | hmm_flag::write)) != 0,
                           .write = (call.flags & hmm_flag::write) != 0,
                           .owner = nameless((call.flags & hmm_flag::owner) != 0),
                           .mm = call.mm,
                           .pages = call.pages}};
    case Verb::migrate_vma:
      return Flow{MigrateVma{.owner = nameless((call.flags & migrate_flag::owner) != 0),
                             .to_device = (call.flags & migrate_flag::to_device) != 0,
                             .from_device = (call.flags & migrate_flag::from_device) != 0,
                             .mm = call.mm,
                             .pages = call.pages}};
    case Verb::make_device_exclusive:
      return Flow{
          MakeExclusive{.owner = nameless(call.flags != 0), .mm = call.mm, .pages = call.pages}};
    case Verb::notifier_unregister:
      return Flow{Unregister{.mm = call.mm}};
    case Verb::kill:
      if (call.fabric_switch.some()) return Flow{Rewire{.dead = call.fabric_switch}};
      return Flow{Kill{.victim = call.host}};
    case Verb::hang:
      return Flow{Hang{.adapter = call.adapter}};
    case Verb::remove_device:
      return Flow{Hang{.adapter = call.adapter, .removed = true}};
    case Verb::partition:
    case Verb::heal:
      return Flow{Partition{.side = static_cast<std::uint16_t>(call.flags)}};
    case Verb::link_down:
    case Verb::link_up: {
      const auto change = call.verb == Verb::link_down ? Unplug::Change::down : Unplug::Change::up;
      if (call.link.some()) return Flow{Rewire{.link = call.link, .change = change}};
      return Flow{Unplug{.host = machine.adapters[call.adapter.index()].host, .change = change}};
    }
    default:
      return std::nullopt;
  }
}

}  // namespace

bool callable(const Call& call, const Machine& machine) {
  const auto exists = [&](VariableId variable) {
    return !variable.some() || machine.variables[variable.index()].kind == Result::Kind::object;
  };
  return exists(call.target.variable) && exists(call.queue) && exists(call.local.variable);
}

Flow begin(const Call& said, const Machine& machine) {
  Call call = said;
  // After vfork() a process runs in another's address space until it has one of its own.
  const bool leaves =
      said.verb == Verb::exec || said.verb == Verb::exit || said.verb == Verb::kill_process;
  if (said.mm.some() && !leaves && machine.spaces[said.mm.index()].lender.some()) {
    call.mm = machine.spaces[said.mm.index()].lender;
  }
  if (const auto flow = begin_mapping(call, machine)) return *flow;
  if (const auto flow = begin_memory(call, machine)) return *flow;
  if (const auto flow = begin_kernel_work(call, machine)) return *flow;
  if (const auto flow = begin_rcache(call, machine)) return *flow;
  return begin_device(call, machine);
}

}  // namespace model
