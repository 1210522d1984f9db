// SPDX-License-Identifier: Apache-2.0
#include "model/rules.hpp"

#include <optional>

#include "model/event.hpp"
#include "model/machine.hpp"
#include "model/rules_iommu.hpp"
#include "model/rules_notified.hpp"
#include "model/rules_vm.hpp"

namespace model {
namespace {

constexpr bool is_write(const Event& event) { return event.detail != 0; }

// A private page of another address space is in this frame.
bool private_elsewhere(const Machine& machine, MmId mm, FrameId frame) {
  for (std::uint32_t other = 0; other < machine.spaces.size(); ++other) {
    if (MmId{other} == mm) continue;
    bool found = false;
    for (const Vma& vma : machine.spaces[other].vmas) {
      if (vma.shared) continue;
      machine.spaces[other].page_table.for_each(
          vma.pages, [&](Page, const Pte& pte) { found = found || pte.maps(frame); });
    }
    if (found) return true;
  }
  return false;
}

// A program uses memory of another process: its page table is the owner's secondary MMU.
PropertySet judge_attached(const Machine& machine, const Event& event, const XpmemAttachment& use) {
  const MmId owner = machine.registrations[use.mr.index()].mm;
  const Pte pte = machine.spaces[owner.index()].page_table.at(use.source_of(event.pages.first));
  if (is_write(event) && !machine.is_zero(event.frame) &&
      private_elsewhere(machine, owner, event.frame)) {
    return bit(Property::fork_leak);
  }
  if (!pte.maps(event.frame)) return bit(Property::stale_translation);
  return is_write(event) && !pte.write ? bit(Property::write_without_permission) : 0;
}

// A CPU's access through its TLB. Only the frame's owner is judged: the CPU's own translation may
// be older than the page table until the flush that the kernel waits for.
PropertySet judge_cpu(const Machine& machine, const Event& event) {
  const bool alive = machine.frames[event.frame].generation == event.generation;
  if (!alive) return bit(Property::use_after_free);
  const XpmemAttachment* use = machine.attached(event.mm, event.pages.first);
  return use == nullptr ? 0 : judge_attached(machine, event, *use);
}

// From a frame that its page does not map any more, the reader gets what was there before a write,
// and has seen what the same program wrote later.
bool reordered(const Machine& machine, const Event& event) {
  const Observed& seen = machine.observed;
  const Written* written = seen.last_write(event.mm, event.pages.first);
  if (written == nullptr || written->value == event.value) return false;
  const TaskId reader = program_of(*machine.setup, event.line);
  return seen.seen_up_to(reader, written->writer) > written->place;
}

// The entry names the frame, and as one that the accessing device may use: memory of all, of its
// own, or what it has for itself. A page that its own driver moves is the same until it is moved.
bool reaches(const Machine& machine, const Pte& pte, const Event& event) {
  if (pte.maps(event.frame)) return true;
  if (!pte.has_frame() || pte.frame() != event.frame) return false;
  if (pte.kind == Pte::Kind::device_exclusive) return true;
  if (pte.migrating()) {  // Others who move it have told first.
    return machine.is(event.adapter, AdapterSetup::Kind::mirror);
  }
  return machine.frames[event.frame].node == owner_of(event.adapter);
}

// The content of the frame is in another one by now, to which its entries are about to go.
bool copied_away(const Machine& machine, FrameId frame) {
  for (const Task& task : machine.tasks) {
    for (const Collected& lists : task.collected) {
      const std::size_t known = std::min(lists.folios.size(), lists.targets.size());
      for (std::size_t i = 0; i < known; ++i) {
        const FrameId target = lists.targets[i];
        if (lists.folios[i] == frame && target.some() && machine.frames[target].mapping.some()) {
          return true;
        }
      }
    }
  }
  return false;
}

// A transfer takes effect: the most telling of S1, S22, S9, S10, S2, S8, S3 and S6.
PropertySet judge_dma(const Machine& machine, const Event& event) {
  const Frame& frame = machine.frames[event.frame];
  if (frame.generation != event.generation) return bit(Property::use_after_free);
  if (machine.registrations[event.mr.index()].gone) return bit(Property::foreign_access);
  const Page page = event.pages.first;
  const Pte pte = machine.spaces[event.mm.index()].page_table.at(page);
  // Memory of another device is that device's: page tables do not matter.
  if (const MappingId buffer = machine.registrations[event.mr.index()].import.buffer;
      buffer.some()) {
    const bool usable = frame.mapping == buffer && !taken_back(machine, buffer);
    return usable ? 0 : bit(Property::stale_translation);
  }
  // One that shares the page table is as a CPU: it is late until its flush, which all wait for.
  if (machine.observed.late(event.mr, event.mm, page)) {
    return !reaches(machine, pte, event) && !is_write(event) && reordered(machine, event)
               ? bit(Property::reordered_read)
               : 0;
  }
  if (is_write(event) && !machine.is_zero(event.frame) &&
      private_elsewhere(machine, event.mm, event.frame)) {
    return bit(Property::fork_leak);
  }
  if (!reaches(machine, pte, event)) {
    const bool late = !is_write(event) && reordered(machine, event);
    return bit(late ? Property::reordered_read : Property::stale_translation);
  }
  if (is_write(event) && pte.migrating() && copied_away(machine, event.frame)) {
    return bit(Property::lost_update);
  }
  const Registration& region = machine.registrations[event.mr.index()];
  const bool read_only = region.vm.some() && !region.write;  // KVM_MEM_READONLY
  const bool may_write = !read_only && (pte.write || pte.kind == Pte::Kind::device_exclusive);
  if (is_write(event) && !may_write) return bit(Property::write_without_permission);
  return is_write(event) && written_unseen(machine, pte, event) ? bit(Property::unmarked_write) : 0;
}

PropertySet judge_install(const Machine& machine, const Event& event, TaskId task) {
  const Subscriptions& notifier = machine.notifiers[event.mm.index()];
  const Page page = event.pages.first;
  if (machine.registrations[event.mr.index()].import.buffer.some()) return 0;
  if (notifier.released) return bit(Property::use_after_release);
  // Who has invalidate_page() is told of an entry when it is gone.
  const bool by_page = machine.page_told(event.mr);
  if (by_page ? notifier.invalidating_range(page) : notifier.invalidating(page)) {
    const bool pinned = machine.frames[event.frame].pins > 0;
    return pinned ? 0 : bit(Property::install_in_range);
  }
  const Lookup* lookup = notifier.find_lookup(task, page);
  const bool stale = lookup != nullptr && (lookup->spoiled || (lookup->entry_told && !by_page));
  return stale ? bit(Property::stale_install) : 0;
}

// Release has returned: nothing of the address space may be left in any adapter.
PropertySet judge_release(const Machine& machine, const Event& event) {
  for (std::uint32_t i = 0; i < machine.registrations.size(); ++i) {
    const Registration& region = machine.registrations[i];
    const bool of_it = region.mm == event.mm && !region.import.buffer.some();
    if (!of_it || !region.live || !region.adapter.some()) continue;
    const auto& tlb = machine.adapters[region.adapter.index()].tlb;
    const auto caches = [&](const DeviceTlbEntry& entry) {
      return entry.mr == MrId{i} && entry.target.populated();
    };
    const auto& iotlb = machine.adapters[region.adapter.index()].iotlb;
    const bool cached = std::ranges::any_of(tlb, caches) || std::ranges::any_of(iotlb, caches);
    if (cached || region.table.any(region.pages)) return bit(Property::use_after_release);
  }
  return 0;
}

bool dirty(const Machine& machine, FrameId frame) {
  if (machine.frames[machine.frames.head(frame)].dirty) return true;
  for (const AddressSpace& space : machine.spaces) {
    for (const Vma& vma : space.vmas) {
      bool found = false;
      space.page_table.for_each(vma.pages, [&](Page, const Pte& pte) {
        found = found || (pte.maps(frame) && pte.dirty && !pte.special);
      });
      if (found) return true;
    }
  }
  return false;
}

// What swap or the disk has of a page; nothing if they have none.
std::optional<Value> kept(const Machine& machine, FrameId id) {
  const Frame& frame = machine.frames[id];
  if (frame.slot.some()) {
    const SwapSlot& slot = machine.hosts[frame.host.index()].swap[frame.slot];
    return slot.written ? std::optional(slot.value) : std::nullopt;
  }
  if (!frame.mapping.some()) return std::nullopt;
  const Mapping& mapping = machine.mappings[frame.mapping.index()];
  if (mapping.kind != Mapping::Kind::disk) return std::nullopt;
  return mapping.read(frame.index);
}

// Who has pinned a page, marks it dirty at the end.
bool counts_as_kept(const Machine& machine, FrameId frame) {
  if (machine.frames[machine.frames.head(frame)].pins > 0) return false;
  const std::optional<Value> copy = kept(machine, frame);
  return copy && *copy != machine.frames[frame].value && !dirty(machine, frame);
}

// A driver gives translations up: what was written through them must be known to be dirty.
PropertySet judge_given_up(const Machine& machine, const Event& event) {
  const PageRange pages = event.pages.intersect(machine.registrations[event.mr.index()].pages);
  if (!machine.observed.asks(Property::unmarked_write)) return 0;
  bool lost = false;
  machine.spaces[event.mm.index()].page_table.for_each(pages, [&](Page, const Pte& pte) {
    lost = lost || (pte.present() && counts_as_kept(machine, pte.frame()));
  });
  return lost ? bit(Property::unmarked_write) : 0;
}

// A page counts as clean while a device may write to it.
PropertySet judge_cleaned(const Machine& machine, const Event& event) {
  if (!machine.observed.asks(Property::unmarked_write)) return 0;
  const Frame& folio = machine.frames[event.frame];
  if (folio.pins > 0 || folio.dirty) return 0;
  const auto writes = [&](const PfnEntry& entry) {
    return entry.write && machine.frames.head(entry.frame) == event.frame &&
           entry.generation == machine.frames[entry.frame].generation;
  };
  bool writable = false;
  for (const Registration& region : machine.registrations) {
    region.table.for_each(region.pages, [&](Page, const PfnEntry& entry) {
      writable = writable || (region.live && writes(entry));
    });
  }
  // One that shares the page table is late until its flush, which is still to come where the event
  // names the address space: see written_unseen().
  const auto may_write = [&](const auto& entry) {
    const Registration& region = machine.registrations[entry.mr.index()];
    const bool shares = machine.is(region.adapter, AdapterSetup::Kind::sva);
    const bool late =
        (shares && region.mm == event.mm) || machine.observed.late(entry.mr, region.mm, entry.page);
    return writes(entry.target) && !late;
  };
  for (const Adapter& adapter : machine.adapters) {
    writable = writable || std::ranges::any_of(adapter.tlb, may_write) ||
               std::ranges::any_of(adapter.iotlb, may_write);
    for (const Transfer& transfer : adapter.transfers) {
      writable = writable || (transfer.write && may_write(transfer));
    }
  }
  return writable ? bit(Property::unmarked_write) : 0;
}

PropertySet judge_order(const Machine& machine, const Event& event) {
  const auto held = static_cast<LockClass>(event.detail);
  const auto wanted = static_cast<LockClass>(event.value);
  return machine.observed.locks.leads(wanted, held) ? bit(Property::lock_cycle) : 0;
}

// A clean page is dropped: swap must have its content.
PropertySet judge_clean_drop(const Machine& machine, const Event& event) {
  const Frame& frame = machine.frames[event.frame];
  const SwapSlot& slot = machine.hosts[frame.host.index()].swap[frame.slot];
  return slot.value == frame.value ? 0 : bit(Property::lost_update);
}

bool handle_complete(const Machine& machine, MrId mr) {
  const Registration& region = machine.registrations[mr.index()];
  for (std::uint32_t i = 0; i < region.pages.count; ++i) {
    if (!region.table.at(region.pages.at(i)).populated()) return false;
  }
  return true;
}

bool all_or_nothing(const Machine& machine, MrId mr) {
  return std::visit([](const auto& policy) { return policy.all_or_nothing(); },
                    machine.policy_of(mr));
}

// A user may post: every page of the handle is in the owner's card. Where the promise is for the
// whole process, every handle of it.
PropertySet judge_post(const Machine& machine, const Event& event) {
  if (!event.attachment.some() || !all_or_nothing(machine, event.mr)) return 0;
  const Attachment& use = machine.attachments[event.attachment.index()];
  if (use.epoch != use.owner_epoch) return 0;  // Cut off: the owner's card refuses what it posts.
  if (!handle_complete(machine, event.mr)) return bit(Property::partial_activation);
  const MmId user = use.user;
  if (!machine.spaces[user.index()].card_mapped) return 0;
  for (const Attachment& other : machine.attachments) {
    if (other.user != user || !other.attached || other.epoch != other.owner_epoch) continue;
    if (!all_or_nothing(machine, other.handle)) continue;
    if (!handle_complete(machine, other.handle)) return bit(Property::partial_activation);
  }
  return 0;
}

bool all_mappable(const Machine& machine, const Event& event) {
  for (std::uint32_t i = 0; i < event.pages.count; ++i) {
    if (!machine.mappable(event.mm, event.pages.at(i), is_write(event))) return false;
  }
  return true;
}

// The adapter refuses an access, or a kernel answers that pages cannot be mapped.
PropertySet judge_refusal(const Machine& machine, const Event& event, TaskId task) {
  const Registration& region = machine.registrations[event.mr.index()];
  if (task.some() && machine.tasks[task.index()].lookup_failed) return 0;  // The kernel said so.
  if (!region.live || (is_write(event) && !region.write)) return 0;
  if (event.kind == EventKind::dma_refused && event.value != TaskId::none) {
    const bool wanted = std::ranges::any_of(
        machine.posted, [&](const Posted& entry) { return entry.task == TaskId{event.value}; });
    if (!wanted) return 0;  // The transfer was terminated: nobody sees the error.
  }
  return all_mappable(machine, event) ? bit(Property::false_error) : 0;
}

// What a transfer has read in the signature page is no page's, and what it has written there is
// lost.
PropertySet judge_belief(const Event& event) {
  return bit(is_write(event) ? Property::lost_update : Property::stale_translation);
}

// Unmappings wait in a registration cache, whatever keeps its owner from acting upon them.
PropertySet judge_queue(const Machine& machine, const Event& event) {
  const std::uint32_t bound = machine.setup->processes[event.mm.index()].rcache.queue;
  return event.value > bound ? bit(Property::unbounded_queue) : 0;
}

}  // namespace

PropertySet judge(const Machine& machine, const Event& event, TaskId task) {
  switch (event.kind) {
    case EventKind::iova_mapped:
      return judge_iova(machine, event);
    case EventKind::pasid_bound:
      return judge_pasid(machine, event);
    case EventKind::page_request:
      return judge_page_request(machine, event);
    case EventKind::cpu_read:
    case EventKind::cpu_write:
      return judge_cpu(machine, event);
    case EventKind::dma_read:
    case EventKind::dma_write:
      return judge_dma(machine, event);
    case EventKind::pfn_installed:
      return judge_install(machine, event, task);
    case EventKind::released:
      return judge_release(machine, event);
    case EventKind::clean_drop:
      return judge_clean_drop(machine, event);
    case EventKind::unpaired_end:
      return bit(Property::unbalanced_notifier);
    case EventKind::late_removal:
      return bit(Property::use_after_release);
    case EventKind::dropped_twice:
      return bit(Property::leaked_reference);
    case EventKind::range_heeded:
      return judge_heeded(machine, event);
    case EventKind::range_ignored:
      return judge_ignored(machine, event);
    case EventKind::pte_cleared:
    case EventKind::pte_protected:
      return judge_change(machine, event);
    case EventKind::pfn_cleared:
      return judge_given_up(machine, event);
    case EventKind::page_cleaned:
      return judge_cleaned(machine, event);
    case EventKind::dirty_logged:
      return judge_dirty_log(machine, event);
    case EventKind::clear_flush_young:
    case EventKind::clear_young:
    case EventKind::test_young:
      return judge_young(machine, event);
    case EventKind::signature_believed:
      return judge_belief(event);
    case EventKind::rcache_queued:
      return judge_queue(machine, event);
    case EventKind::lock_order:
      return judge_order(machine, event);
    case EventKind::sleeps:
      return bit(Property::sleep_in_atomic);
    case EventKind::rdma_post:
      return judge_post(machine, event);
    case EventKind::dma_refused:
    case EventKind::handle_failed:
    case EventKind::sigbus:
      return judge_refusal(machine, event, task);
    default:
      return 0;
  }
}

PropertySet exercised_by(const Machine& machine, const Event& event) {
  using enum Property;
  switch (event.kind) {
    case EventKind::iova_mapped:
    case EventKind::pasid_bound:
      return bit(iova_reuse);
    case EventKind::page_request:
      return bit(foreign_access);
    case EventKind::call:
      return bit(deadlock) | bit(lock_cycle) | bit(sleep_in_atomic);
    case EventKind::cpu_read:
    case EventKind::cpu_write:
      if (machine.attached(event.mm, event.pages.first) == nullptr) return bit(use_after_free);
      return bit(use_after_free) | bit(stale_translation) |
             (is_write(event) ? bit(write_without_permission) | bit(fork_leak) : 0);
    case EventKind::dma_read:
      return bit(use_after_free) | bit(stale_translation) | bit(reordered_read) |
             bit(foreign_access);
    case EventKind::dma_write:
      return bit(use_after_free) | bit(stale_translation) | bit(write_without_permission) |
             bit(fork_leak) | bit(foreign_access) | bit(lost_update);
    case EventKind::signature_reached:
    case EventKind::signature_believed:
      return bit(lost_update) | bit(stale_translation);
    case EventKind::pfn_installed:
      return bit(install_in_range) | bit(stale_install) | bit(use_after_release);
    case EventKind::released:
    case EventKind::deregistered:
    case EventKind::late_removal:
      return bit(use_after_release);
    case EventKind::swap_out:
    case EventKind::clean_drop:
      return bit(lost_update);
    case EventKind::dev_fault:
      return bit(fault_stuck);
    case EventKind::dev_retry:
      return bit(livelock) | bit(starvation);
    case EventKind::range_start:
    case EventKind::range_end:
    case EventKind::unpaired_end:
      return bit(unbalanced_notifier);
    case EventKind::pte_cleared:
      return bit(leaked_reference) | bit(coverage_gap);
    case EventKind::pte_protected:
      return bit(coverage_gap);
    case EventKind::range_heeded:
      return bit(coverage_gap) | bit(ignored_event);
    case EventKind::range_ignored:
      return bit(ignored_event);
    case EventKind::rcache_queued:
      return bit(unbounded_queue);
    case EventKind::lock_order:
      return bit(lock_cycle);
    case EventKind::sleeps:
      return bit(sleep_in_atomic);
    case EventKind::pfn_cleared:
    case EventKind::page_cleaned:
    case EventKind::dirty_logged:
      return bit(unmarked_write);
    case EventKind::clear_flush_young:
    case EventKind::clear_young:
    case EventKind::test_young:
      return bit(missed_use);
    case EventKind::frame_allocated:
    case EventKind::page_pinned:
    case EventKind::page_unpinned:
      return bit(leaked_reference);
    case EventKind::rdma_post:
      return event.attachment.some() && all_or_nothing(machine, event.mr) ? bit(partial_activation)
                                                                          : 0;
    case EventKind::dma_refused:
    case EventKind::handle_failed:
    case EventKind::sigbus:
      return bit(false_error);
    case EventKind::shootdown:
      return bit(quiesce_stuck);
    default:
      return 0;
  }
}

}  // namespace model
