// SPDX-License-Identifier: Apache-2.0
#include "model/machine.hpp"

#include "sim/check.hpp"

namespace model {

namespace {

// The machine is written to exactly if it is not const: that is how a change is noticed.
template <class M>
auto& lock_of(M& machine, LockId id) {
  switch (id.kind) {
    case LockKind::mmap:
      return machine.spaces[id.index].mmap_lock;
    case LockKind::vma:
      return machine.spaces[id.index].vma_lock;
    case LockKind::page_table:
      return machine.spaces[id.index].page_table_lock;
    case LockKind::rmap:
      return machine.mappings[id.index].lock;
    case LockKind::exporter:
      return machine.mappings[id.index].exporter;
    case LockKind::driver:
      return machine.registrations[id.index].lock;
    case LockKind::rcache:
      return machine.caches[id.index].lock;
    case LockKind::slots:
      return machine.vms[id.index].slots_lock;
    case LockKind::segment:
      return machine.xpmem[0].segments[id.index].sema;
    case LockKind::attachment:
      return machine.xpmem[0].attachments[id.index].mutex;
    case LockKind::invalidate:
      return machine.xpmem[0].attachments[id.index].invalidate_mutex;
    case LockKind::folio:
      break;
  }
  check(false);
  return machine.spaces[0].mmap_lock;
}

}  // namespace

Lock& Machine::lock(LockId id) { return lock_of(*this, id); }

const Lock& Machine::lock(LockId id) const { return lock_of(*this, id); }

bool Machine::lock_available(LockId id, LockMode mode) const {
  if (id.kind == LockKind::folio) return !frames[FrameId{id.index}].locked_by.some();
  return lock(id).available(mode);
}

bool Machine::gate_open(const Gate& gate) const {
  using Status = LineState::Status;
  switch (gate.kind) {
    case Gate::Kind::none:
      return true;
    case Gate::Kind::started:
      return lines[gate.line.index()].status != Status::waiting;
    case Gate::Kind::done:
      return lines[gate.line.index()].status == Status::done;
    case Gate::Kind::point:
      return ((points >> gate.point) & 1) != 0;
  }
  return true;
}

bool Machine::in_progress(MrId mr) const {
  const Registration& region = registrations[mr.index()];
  return region.ranges != 0 && notifiers[region.mm.index()].listens(mr);
}

bool Machine::in_flight(MrId mr, PageRange pages) const {
  const Adapter& device = adapters[registrations[mr.index()].adapter.index()];
  if (!is_vm(mr)) return device.in_flight(mr, pages);
  return std::ranges::any_of(device.transfers, [&](const Transfer& transfer) {
    return registrations[transfer.mr.index()].vm == mr;
  });
}

VmId Machine::vm_of(MrId mr) const {
  const MrId wanted = registrations[mr.index()].vm;
  for (std::uint32_t i = 0; wanted.some() && i < vms.size(); ++i) {
    if (vms[i].mr == wanted) return VmId{i};
  }
  return {};
}

const Memslot* Machine::memslot(MrId wanted, std::uint32_t guest) const {
  for (const Memslot& slot : vm(wanted).slots) {
    const Registration& region = registrations[slot.mr.index()];
    if (guest >= region.iova && guest - region.iova < region.pages.count) return &slot;
  }
  return nullptr;
}

const XpmemAttachment* Machine::attached(MmId mm, Page page) const {
  if (xpmem.empty()) return nullptr;
  const Vma* vma = spaces[mm.index()].find_vma(page);
  if (vma == nullptr || !vma->xpmem) return nullptr;
  const auto found = xpmem[0].last_at(mm, page);
  return found ? &xpmem[0].attachments[*found] : nullptr;
}

// A request and its ITag: all completions have come, or none will in time.
bool Machine::answered_or_overdue(AdapterId adapter, std::uint32_t itag) const {
  const Adapter& device = adapters[adapter.index()];
  const InvalCompletion fate = setup->adapters[adapter.index()].inval_completion;
  return device.hung || device.blocked || device.invalidation(itag) == nullptr ||
         fate == InvalCompletion::lost || (fate == InvalCompletion::late && !device.was_late);
}

bool Machine::killed(TaskId task) const {
  if (!task.some() || task.index() >= setup->programs.size()) return false;
  const MmId mm = tasks[task.index()].mm;
  return mm.some() && ending(task, mm);
}

bool Machine::signal_pending(TaskId task) const {
  if (killed(task)) return true;
  const LineId line = task.some() ? tasks[task.index()].line : LineId{};
  return line.some() && lines[line.index()].signalled && task.index() < setup->programs.size();
}

bool Machine::fatal_signal_pending(TaskId task) const {
  if (killed(task)) return true;
  return signal_pending(task) &&
         setup->lines[tasks[task.index()].line.index()].injected.signal == Injection::fatal_signal;
}

bool Machine::in_system_call(TaskId task) const {
  const LineId line = tasks[task.index()].line;
  return tasks[task.index()].alive && line.some() &&
         !is_of_user_space(setup->lines[line.index()].call.verb);
}

// signal_pending_state()
bool Machine::interrupted(const Wait& wait, TaskId task) const {
  if (wait.signals == Wait::Signals::none) return false;
  return wait.by_any() ? signal_pending(task) : fatal_signal_pending(task);
}

bool Machine::available(const Wait& wait, TaskId task) const {
  switch (wait.kind) {
    case Wait::Kind::none:
      return true;
    case Wait::Kind::lock:
      return lock_available(wait.lock_id(), wait.mode);
    case Wait::Kind::quiet:
      return !in_flight(MrId{wait.index}, wait.pages);
    case Wait::Kind::srcu:
      return !vms[wait.index].read_before();
    case Wait::Kind::uncounted:
      return vms[wait.index].active == 0;
    case Wait::Kind::completed: {
      const AdapterId adapter = registrations[wait.index].adapter;
      const Adapter& device = adapters[adapter.index()];
      if (wait.sequence != 0) return answered_or_overdue(adapter, wait.sequence - 1);
      return device.hung || !setup->adapters[adapter.index()].completes_after_writes ||
             !device.in_flight(MrId{wait.index}, wait.pages);
    }
    case Wait::Kind::tagged: {
      const AdapterId adapter = registrations[wait.index].adapter;
      const Adapter& device = adapters[adapter.index()];
      const std::uint32_t depth = setup->adapters[adapter.index()].inval_queue;
      return device.hung || device.blocked ||
             device.invalidations.size() < (depth == 0 ? itags : std::min(depth, itags));
    }
    case Wait::Kind::pushed: {
      const AdapterId adapter = registrations[wait.index].adapter;
      const Adapter& device = adapters[adapter.index()];
      const AdapterSetup& card = setup->adapters[adapter.index()];
      return device.hung || device.blocked || !card.completes_after_writes ||
             std::ranges::none_of(device.transfers, [&](const Transfer& transfer) {
               return transfer.mr == MrId{wait.index} && wait.pages.contains(transfer.page) &&
                      transfer.page.value % card.traffic_classes == wait.sequence;
             });
    }
    case Wait::Kind::responded:
      return std::ranges::any_of(adapters, [&](const Adapter& device) {
        return std::ranges::any_of(device.requests, [&](const PageRequest& request) {
          return request.task == task && request.answered();
        });
      });
    case Wait::Kind::requested: {
      const Adapter& device = adapters[registrations[wait.index].adapter.index()];
      return std::ranges::none_of(device.requests, [&](const PageRequest& request) {
        return request.mr == MrId{wait.index} && !request.answered() && !request.with_user();
      });
    }
    case Wait::Kind::readable: {
      const MmId mm = registrations[wait.index].mm;
      return notifiers[mm.index()].intervals.readable(MrId{wait.index}, wait.sequence);
    }
    case Wait::Kind::settled:
      return std::ranges::all_of(notifiers[wait.index].open,
                                 [](const OpenRange& range) { return range.outside; });
    case Wait::Kind::unwatched: {
      const MmId mm = registrations[wait.index].mm;
      const IntervalNotifiers& intervals = notifiers[mm.index()].intervals;
      return !intervals.contains(MrId{wait.index}) ||
             (!setup->switches.remove_waits && !intervals.odd());
    }
    case Wait::Kind::idle:
      return !in_progress(MrId{wait.index});
    case Wait::Kind::updated:
      return registrations[wait.index].updates == 0;
    case Wait::Kind::running:
      return !registrations[wait.index].stopped;
    case Wait::Kind::answered:
      return std::ranges::none_of(posted,
                                  [&](const Posted& entry) { return entry.task == task; }) &&
             std::ranges::none_of(asked, [&](const Asked& entry) { return entry.task == task; });
    case Wait::Kind::flushed:
      return tasks[task.index()].ipis == 0;
    case Wait::Kind::recalled:
      return std::ranges::none_of(recalls,
                                  [&](const Recall& recall) { return recall.task == task; });
    case Wait::Kind::monitored:
      return std::ranges::none_of(caches, [&](const Rcache& cache) {
        return std::ranges::find(cache.unread, task) != cache.unread.end();
      });
    case Wait::Kind::drained:
      return std::ranges::none_of(posted, [&](const Posted& entry) {
        return entry.attachment == AttachmentId{wait.index} &&
               (wait.pages.count == 0 || entry.pages.overlaps(wait.pages));
      });
    case Wait::Kind::alone:
      for (std::uint32_t i = 0; i < setup->programs.size(); ++i) {
        const bool other = tasks[i].mm == MmId{wait.index} && TaskId{i} != task;
        if (other && in_system_call(TaskId{i})) return false;
      }
      return true;
    case Wait::Kind::unused:
      return spaces[wait.index].users == 0;
    case Wait::Kind::uncalled:
      return registrations[wait.index].calls == 0;
    case Wait::Kind::unpinned:
      return std::ranges::none_of(registrations, [&](const Registration& user) {
        return user.access_of == MrId{wait.index} && !user.live && !user.gone;
      });
    case Wait::Kind::pressure: {
      const FrameTable::Pool& pool = frames.pool(HostId{wait.index});
      const auto candidates = static_cast<std::uint32_t>(hosts[wait.index].lru.size());
      return pool.capacity - pool.allocated < pool.capacity / 128 &&
             candidates + 1 != wait.sequence;
    }
    case Wait::Kind::mail:
      return std::ranges::any_of(mail, [&](const Mail& item) {
        return item.receiver == MmId{wait.index} && item.sender == MmId{wait.sequence};
      });
    case Wait::Kind::arrived:
      return !queues[wait.index].rc.arrived.empty() || queues[wait.index].rc.refused ||
             adapters[queues[wait.index].peer.index()].hung;
    case Wait::Kind::visible:
      return queues[wait.index].rc.path_clear() || adapters[queues[wait.index].peer.index()].hung;
    case Wait::Kind::userfault: {
      const AddressSpace& space = spaces[wait.index];
      const Page page = wait.pages.first;
      const Vma* vma = space.find_vma(page);
      const Pte pte = space.page_table.at(page);
      // SIGKILL wakes whoever waits, and so does exec(); munmap() and mremap() do not.
      if (!space.alive || wait.sequence / 4 != space.generation) return true;
      if (vma != nullptr && !vma->uffd()) return true;
      if (wait.reason() == UserFault::wp) return !pte.uffd_wp;
      return pte.populated() && !(pte.kind == Pte::Kind::marker && pte.uffd_wp);
    }
    case Wait::Kind::recallable:
      return xpmem[0].groups[wait.index].blockers == 0;
    case Wait::Kind::unrecalled:
      return xpmem[0].groups[wait.index].recalls == 0;
    case Wait::Kind::gate: {
      const Line& line = setup->lines[wait.index];
      return (line.init || running) && gate_open(line.gate);
    }
  }
  return false;
}

const Policy& Machine::policy_of(MrId mr) const {
  static const Policy pinned = PinAllPolicy{};
  const Registration& region = registrations[mr.index()];
  const Policy& own = setup->adapters[region.adapter.index()].policy;
  return region.pins && !std::holds_alternative<PinAllPolicy>(own) ? pinned : own;
}

bool Machine::page_told(MrId mr) const {
  if (!registrations[mr.index()].adapter.some()) return false;
  return std::visit([](const auto& policy) { return policy.page_told; }, policy_of(mr));
}

bool Machine::mappable(MmId mm, Page page, bool write) const {
  const AddressSpace& space = spaces[mm.index()];
  const Vma* vma = space.find_vma(page);
  return space.alive && vma != nullptr && vma->allows(write) && !pfnmap(*vma);
}

bool Machine::pfnmap(const Vma& vma) const {
  return vma.file.some() && mappings[vma.file.index()].kind == Mapping::Kind::pfnmap;
}

// Files come first.
MappingId mapping_of(const Setup& setup, std::uint32_t region) {
  return MappingId{static_cast<std::uint32_t>(setup.files.size()) + region};
}

Vma vma_of(const Setup& setup, std::uint32_t number) {
  const RegionSetup& region = setup.regions[number];
  const MappingId own = mapping_of(setup, number);
  Vma vma{.pages = region.pages, .index = region.offset};
  vma.shared = region.shared;
  vma.read = region.read;
  vma.write = region.write;
  vma.exec = region.exec;
  vma.locked = region.locked;
  vma.huge = region.huge;
  vma.hugetlb = region.hugetlb;
  vma.gigantic = region.gigantic;
  vma.grows_down = region.grows_down;
  vma.xpmem = region.xpmem;
  if (region.file.some()) {
    vma.file = MappingId{region.file.value};
    const FileSetup& file = setup.files[region.file.index()];
    vma.disk = file.kind == FileSetup::Kind::disk;
    vma.hugetlb = file.kind == FileSetup::Kind::hugetlbfs;
    vma.gigantic = file.gigantic;
  } else if (region.shared) {
    vma.file = own;
  }
  if (!region.shared) vma.anon = own;
  return vma;
}

namespace {

Mapping::Kind kind_of(const FileSetup& file) {
  switch (file.kind) {
    case FileSetup::Kind::memfd:
      return Mapping::Kind::shmem;
    case FileSetup::Kind::disk:
      return Mapping::Kind::disk;
    case FileSetup::Kind::hugetlbfs:
      return Mapping::Kind::hugetlbfs;
    case FileSetup::Kind::pfnmap:
      return Mapping::Kind::pfnmap;
  }
  return Mapping::Kind::shmem;
}

void add_file(Machine& machine, const FileSetup& file) {
  const MappingId id{static_cast<std::uint32_t>(machine.mappings.size())};
  machine.mappings.push_back({.kind = kind_of(file),
                              .host = file.host,
                              .file = true,
                              .gigantic = file.gigantic,
                              .size = file.pages});
  if (!file.cached || file.kind == FileSetup::Kind::hugetlbfs) return;
  const bool huge = file.kind == FileSetup::Kind::memfd &&
                    machine.setup->hosts[file.host.index()].shmem_enabled == ShmemHuge::always;
  for (std::uint32_t i = 0; i < file.pages;) {
    const bool whole = huge && i + pmd_pages <= file.pages;
    const std::uint32_t pages = whole ? pmd_pages : 1;
    const std::optional<FrameId> frame =
        whole ? machine.frames.allocate(file.host, pages) : machine.frames.allocate(file.host);
    check(frame.has_value());
    machine.frames[*frame].mapping = id;
    machine.frames[*frame].index = i;
    machine.frames[*frame].references = pages;
    machine.frames[*frame].pfnmap = file.kind == FileSetup::Kind::pfnmap;
    machine.mappings[id.index()].set_cached(
        i, {.target = frame->value, .kind = Pte::Kind::present, .huge = whole});
    i += pages;
  }
}

}  // namespace

Machine build(const Setup& setup) {
  Machine machine;
  machine.setup = &setup;
  machine.observed = observed_of(setup);
  for (const HostSetup& host : setup.hosts) {
    const HostId id = machine.frames.add_host(host.alloc, host.frames);
    machine.hosts.push_back(
        {.swap = {.capacity = host.slots}, .zero = *machine.frames.allocate(id)});
    for (std::uint32_t i = 0; i < host.cpus; ++i) machine.cpus.push_back({.host = id});
  }
  for (const ProcessSetup& process : setup.processes) {
    machine.spaces.push_back({.host = process.host});
    machine.notifiers.push_back({});
  }
  const bool caches = std::ranges::any_of(
      setup.processes, [](const ProcessSetup& process) { return process.rcache.exists; });
  if (caches) machine.caches.resize(setup.processes.size());
  for (const AdapterSetup& adapter : setup.adapters) {
    machine.adapters.push_back({.host = adapter.host});
  }
  const bool module = std::ranges::any_of(setup.adapters, [](const AdapterSetup& adapter) {
    return adapter.kind == AdapterSetup::Kind::xpmem;
  });
  if (module) machine.xpmem.resize(1);
  const bool breaks =
      std::ranges::any_of(setup.lines, [](const Line& line) { return line.call.link.some(); });
  if (breaks || !setup.fabric_switches.empty()) machine.fabric.resize(1);
  for (const FileSetup& file : setup.files) add_file(machine, file);
  for (std::uint32_t i = 0; i < setup.regions.size(); ++i) {
    const RegionSetup& region = setup.regions[i];
    const bool shared = region.shared && !region.file.some();
    const Mapping::Kind of_shared =
        region.hugetlb ? Mapping::Kind::hugetlbfs : Mapping::Kind::shmem;
    machine.mappings.push_back({.kind = shared ? of_shared : Mapping::Kind::anonymous,
                                .host = machine.host_of(region.mm),
                                .gigantic = shared && region.gigantic,
                                .size = shared ? region.pages.count : 0});
    if (!region.lazy) machine.spaces[region.mm.index()].insert(vma_of(setup, i));
  }
  machine.variables.resize(setup.variables.size());
  machine.lines.resize(setup.lines.size());
  return machine;
}

}  // namespace model
