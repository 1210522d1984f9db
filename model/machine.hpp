// SPDX-License-Identifier: Apache-2.0
#pragma once

// The state of all hardware and of all kernels of a scenario, as one value: copy it and you have a
// snapshot. Flows and policies change it; rules and expressions look at it.
//
// Invariant: a frame's `references` are its maps, its pins, one for the swap or page cache, and one
// for each flow that has it in hand.

#include <vector>

#include "model/device/adapter.hpp"
#include "model/device/attachment.hpp"
#include "model/device/rcache.hpp"
#include "model/device/vm.hpp"
#include "model/device/xpmem.hpp"
#include "model/fabric/message.hpp"
#include "model/fabric/route.hpp"
#include "model/memory/cpu.hpp"
#include "model/memory/gather.hpp"
#include "model/memory/mapping.hpp"
#include "model/memory/swap.hpp"
#include "model/notifier/subscriptions.hpp"
#include "model/observed.hpp"
#include "model/setup.hpp"
#include "model/wait.hpp"
#include "sim/fixed.hpp"
#include "sim/tracked.hpp"

namespace model {

struct Host {
  SwapDevice swap{};
  FrameId zero{};           // The zero page.
  FrameId huge_zero{};      // The first frame of the huge zero page, once there is one.
  Small<FrameId, 4> lru{};  // Candidates for reclaim, the longest unused first.
  bool dead = false;
  bool unplugged = false;   // Its links carry nothing.
  std::uint16_t cut = 0;    // Hosts that it does not reach, as bits: a partition.
  Small<HostId, 1> down{};  // Hosts that this one knows to be dead.

  bool operator==(const Host&) const = default;
};

// Lists that an operation has made, whose length no flow could hold.
struct Collected {
  Small<FrameId, 2> folios{};
  Small<FrameId, 2> targets{};  // Where each of them goes.
  Small<FrameId, 2> rest{};     // Those that are left for later.
  Small<Page, 2> pages{};       // Where each of the folios was.
  Small<MappingId, 1> files{};
  Small<Page, 1> filled{};     // Holes that migration has filled.
  Small<PfnEntry, 1> found{};  // What a driver has looked up and not yet installed.

  bool operator==(const Collected&) const = default;
};

// What the machine knows of a task: struct task_struct.
struct Task {
  HostId host{};
  MmId mm{};  // None: a kernel thread or an adapter's engine.
  CpuId cpu{};
  LineId line{};                 // The call on whose behalf it works.
  std::uint16_t ipis = 0;        // Interrupts of other CPUs that are still to be served.
  Result result{};               // Of the flow that finished last, or of a completion.
  PfnEntry found{};              // What the last look-up found, until the driver takes it.
  bool lookup_failed = false;    // The kernel itself has said that a page cannot be had.
  Small<MmId, 1> unflushed{};    // Whose flushes it has put off: current->tlb_ubc.
  bool unflushed_dirty = false;  // Among them pages that a CPU may still write to.
  Wait awaited{};                // What a fault must wait for before it can be tried again.
  MmuGather gather{};            // struct mmu_gather of the operation it is in.
  // Of the operations that it is in, the innermost last. Each takes its own away at its end.
  std::vector<Collected> collected{};
  bool alive = false;

  bool operator==(const Task&) const = default;
};

struct Mail {  // A two-sided message that was received and not yet taken.
  MmId receiver{};
  MmId sender{};
  Value value = 0;

  bool operator==(const Mail&) const = default;
};

// A transfer that a requester's card has posted and that has not completed.
struct Posted {
  TaskId task{};
  AttachmentId attachment{};  // None: through a queue pair.
  QpId qp{};                  // A reliable connection.
  HostId peer{};
  std::uint8_t epoch = 0;  // Of the attachment.
  PageRange pages{};

  bool operator==(const Posted&) const = default;
};

// A user that has asked for an activation and has no answer.
struct Asked {
  TaskId task{};
  AttachmentId attachment{};

  bool operator==(const Asked&) const = default;
};

// A user that was told of a revocation and has not answered.
struct Recall {
  TaskId task{};
  AttachmentId attachment{};
  PageRange pages{};
  std::uint8_t number = 0;  // Of this recall, and
  std::uint8_t resent = 0;  // how often it was sent again, where messages may be lost.

  bool operator==(const Recall&) const = default;
};

struct LineState {
  enum class Status : std::uint8_t { waiting, started, done } status = Status::waiting;
  std::uint16_t retries = 0;      // Counted where a claim asks.
  std::uint16_t faults = 0;       // Likewise.
  std::uint16_t copied = 0;       // Pages that a device has read or written. Likewise.
  bool hit = false;               // A registration cache had what it asked for. Likewise.
  bool signalled = false;         // A signal has come while it runs.
  bool alloc_failed = false;      // An allocation has failed that was told to, and nobody knows.
  std::uint16_t allocations = 0;  // Up to the one that is to fail.
  std::uint64_t done_before = 0;  // The calls that had returned when this one started. Likewise.

  bool operator==(const LineState&) const = default;
};

struct Machine {
  sim::Fixed<Setup> setup{};
  FrameTable frames{};
  Tracked<Host, 2> hosts{};
  Tracked<Mapping, 2> mappings{};
  Tracked<AddressSpace, 2> spaces{};
  Tracked<Subscriptions, 2> notifiers{};  // One for each address space.
  Tracked<Cpu, 4> cpus{};
  Tracked<Adapter, 2> adapters{};
  Tracked<Registration, 2> registrations{};
  Tracked<Attachment, 2> attachments{};
  Tracked<Rcache, 1> caches{};  // One for each address space, if any process has one.
  Tracked<Vm, 1> vms{};
  Tracked<Xpmem, 1> xpmem{};  // One, if any host has the module.
  Tracked<QueuePair, 1> queues{};
  Tracked<Fabric, 1> fabric{};  // One, if there are switches or single links break.
  Small<Posted, 2> posted{};
  Small<Asked, 1> asked{};
  Small<Recall, 2> recalls{};
  Tracked<Task, 6> tasks{};
  Small<Mail, 1> mail{};
  Tracked<Result, 4> variables{};
  Tracked<LineState, 8> lines{};
  bool running = false;      // The init block is over.
  std::uint64_t points = 0;  // Break-points reached, by their number in the setup.
  Observed observed{};

  bool operator==(const Machine&) const = default;

  // For a search: what may differ from state to state. The setup never does, and `running` only
  // before the first.
  auto parts() {
    using sim::each;
    return std::tuple_cat(
        std::tie(frames),
        std::tuple(each(hosts), each(mappings), each(spaces), each(notifiers), each(cpus),
                   each(adapters), each(registrations), each(attachments), each(caches), each(vms),
                   each(xpmem), each(fabric), each(tasks), each(lines)),
        std::tie(queues, posted, asked, recalls, mail, variables, points, observed));
  }

  Lock& lock(LockId id);
  const Lock& lock(LockId id) const;
  bool lock_available(LockId id, LockMode mode) const;

  // The zero page, or one of the huge zero page.
  bool is_zero(FrameId frame) const {
    const Host& host = hosts[frames[frame].host.index()];
    return host.zero == frame || (host.huge_zero.some() && frames.head(frame) == host.huge_zero);
  }
  enum class Faults : std::uint8_t { counted, ignored };
  Topology topology(Faults faults = Faults::counted) const {
    return {.links = setup->links,
            .hosts = static_cast<std::uint32_t>(hosts.size()),
            .fabric = fabric.empty() || faults == Faults::ignored ? nullptr : &fabric[0]};
  }
  HostId host_of(MmId mm) const { return spaces[mm.index()].host; }
  bool is(AdapterId adapter, AdapterSetup::Kind kind) const {
    return adapter.some() && setup->adapters[adapter.index()].kind == kind;
  }
  // Packets with numbers, acknowledgements and time-outs, which a fabric may lose.
  bool is_reliable(QpId qp) const {
    return qp.some() && queues[qp.index()].kind == QueuePair::Kind::connected &&
           setup->adapters[queues[qp.index()].card.index()].rc.exists;
  }
  bool is_datagram(QpId qp) const {
    return qp.some() && queues[qp.index()].kind == QueuePair::Kind::datagram;
  }
  // Whether an invalidation is counted as running. Who unsubscribes gets no range_end any more,
  // and what it has counted until then is nobody's business.
  bool in_progress(MrId mr) const;
  // A piece of a transfer for these pages; of a VM, whatever guest page it is for.
  bool in_flight(MrId mr, PageRange pages) const;
  // The attachment of XPMEM through which a program uses the page. None: it is its own.
  const XpmemAttachment* attached(MmId mm, Page page) const;
  bool answered_or_overdue(AdapterId adapter, std::uint32_t itag) const;
  // The step may be taken: what it waits for is there, or a signal has ended the wait.
  bool satisfied(const Wait& wait, TaskId task) const {
    return available(wait, task) || interrupted(wait, task);
  }
  bool available(const Wait& wait, TaskId task) const;
  bool interrupted(const Wait& wait, TaskId task) const;
  // Another thread than this one ends the process: exit(), execve(), or it was killed.
  bool ending(TaskId task, MmId mm) const { return spaces[mm.index()].ends_but(task); }
  // A signal has come to the call that the task makes, and one that kills.
  bool signal_pending(TaskId task) const;
  bool fatal_signal_pending(TaskId task) const;
  bool killed(TaskId task) const;  // With its process, by another.
  bool in_system_call(TaskId task) const;
  bool gate_open(const Gate& gate) const;

  // The entry is of a page in that device's private memory, which no CPU can reach.
  bool private_of(DeviceOwner owner, const Pte& pte) const {
    return pte.kind == Pte::Kind::device_private && frames[pte.frame()].node == owner;
  }

  // Of a VM, or of one of its memslots.
  bool is_vm(MrId mr) const { return registrations[mr.index()].vm == mr; }
  VmId vm_of(MrId mr) const;
  const Vm& vm(MrId mr) const { return vms[vm_of(mr).index()]; }
  // The active memslot that has the guest page; null if there is none.
  const Memslot* memslot(MrId vm, std::uint32_t guest) const;

  // That of its adapter, unless it is pinned.
  const Policy& policy_of(MrId mr) const;
  bool page_told(MrId mr) const;  // Its driver has invalidate_page().

  // Whether the page could be mapped now for such an access: what a fault would find.
  bool mappable(MmId mm, Page page, bool write) const;
  bool pfnmap(const Vma& vma) const;  // VM_PFNMAP: nobody but a CPU gets its pages.
};

// What memory of a region belongs to, and the VMA that a region asks for.
MappingId mapping_of(const Setup& setup, std::uint32_t region);
Vma vma_of(const Setup& setup, std::uint32_t region);

// The machine before anything runs: regions that are not lazy are mapped and empty.
Machine build(const Setup& setup);

}  // namespace model
