// SPDX-License-Identifier: Apache-2.0
#pragma once

// Every flow, one line each, and how a flow is run whatever it is.

#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "model/flow/advise.hpp"
#include "model/flow/ats.hpp"
#include "model/flow/collapse_file.hpp"
#include "model/flow/connection.hpp"
#include "model/flow/device_memory.hpp"
#include "model/flow/dma.hpp"
#include "model/flow/exporter.hpp"
#include "model/flow/fault.hpp"
#include "model/flow/file.hpp"
#include "model/flow/fork.hpp"
#include "model/flow/huge.hpp"
#include "model/flow/hugetlb.hpp"
#include "model/flow/iommufd.hpp"
#include "model/flow/ksm.hpp"
#include "model/flow/map.hpp"
#include "model/flow/migrate.hpp"
#include "model/flow/mirror.hpp"
#include "model/flow/notify.hpp"
#include "model/flow/page_request.hpp"
#include "model/flow/pmd_sharing.hpp"
#include "model/flow/protect.hpp"
#include "model/flow/rcache.hpp"
#include "model/flow/receive.hpp"
#include "model/flow/reclaim.hpp"
#include "model/flow/remote.hpp"
#include "model/flow/tlb.hpp"
#include "model/flow/userfault.hpp"
#include "model/flow/vm.hpp"
#include "model/flow/watch.hpp"
#include "model/flow/xpmem.hpp"
#include "model/flow/zap.hpp"

namespace model {

// A flow is an operation in progress, as a value. One run() is one step; guard() says what the
// step needs before it may run.
struct Flow {
  std::variant<Access,  // fault.hpp: the program's loads and stores.
               GetPage, HandleFault, RemoteAccess, Pin,             //
               RangeStart, RangeEnd,                                // notify.hpp
               TlbFlush, SecondaryFlush, TlbFinish, BatchFlush,     // tlb.hpp
               Zap, SplitPmd, Unmap, OomReap,                       // zap.hpp
               Syscall, Mmap, Munmap, Brk, Mremap, MovePageTables,  // map.hpp
               Madvise, AgeRange, Populate, Mlock,                  // advise.hpp
               ChangeProtection, Mprotect,                          // protect.hpp
               Fork, Vfork, Exit, Die, Unregister,                  // fork.hpp
               UnmapFolio, ReclaimPage, ReclaimRange, ReclaimSome, SwapAhead, Swapoff,
               Kswapd,  // reclaim.hpp
               UnmapMapping, DropCache, PunchHole, Truncate, ReadAhead, FileAccess,
               Writeback,                                                   // file.hpp
               RevokeBuffer,                                                // exporter.hpp
               MigratePages, MovePages, Compact, MemoryFailure,             // migrate.hpp
               HugeFault, HugeWrite, SplitFolio, Collapse, SplitHugePages,  // huge.hpp
               CollapseFile,                                                //
               HugetlbFault, CopyHugetlb, ProtectHugetlb, MoveHugetlb,      // hugetlb.hpp
               UnsharePmds,                                                 // pmd_sharing.hpp
               ReplaceEntry, KsmScan, Unmerge, UnmergeAll, Uprobe,          // ksm.hpp
               UffdRegister, MarkRange, UffdFill, UffdMove,                 // userfault.hpp
               ClearRefs, Guard, PagemapScan, AgePages,                     //
               MigrateVma, MigrateToRam, MakeExclusive, RestoreExclusive,   // device_memory.hpp
               HmmRange,                                                    //
               MirrorCall, MirrorClose, MirrorCopy, MirrorMove, MirrorExclusive, MirrorTake,
               MirrorCheck,
               EvictDevice,                                // mirror.hpp
               Watch, Unwatch, ReadInterval,               // watch.hpp
               Dma, Prefetch, Register, Deregister, Hang,  // dma.hpp
               AtsInvalidate, HwptInvalidate,              // ats.hpp
               AskPages, PrqEventThread, ServePages,       // page_request.hpp
               IommufdCall, NotifyUnmap,                   // iommufd.hpp
               KvmCall, KvmClose, GuestAccess, PreFault, SetMemoryRegion, TakeDirtyLog,  // vm.hpp
               RcacheGet, RcachePut, RcacheFlush, RcacheDereg, RcacheTold, RcacheEvent,
               RcacheMonitor,  // rcache.hpp
               XpmemCall, XpmemAttach, XpmemFault, XpmemClear, XpmemWalk, XpmemRemove, XpmemRecall,
               XpmemDetach, XpmemRelease, XpmemTeardown,  // xpmem.hpp
               Respond, PostReceive, PollReceive,         // connection.hpp, receive.hpp
               Connect, LocalTransfer, Attach, Detach, Rdma, Serve, Window, Send, Receive, Unplug,
               Partition, Kill, Rewire,                  // remote.hpp
               PostedWrites, CreateQueue, TakeDatagram,  // connection.hpp, receive.hpp
               PolicyCall>                               // policy/policy.hpp; the last one
      body;

  // Defined where every flow is known: other files need not know how each is compared.
  bool operator==(const Flow& other) const;
  void encode(sim::Encoder& out) const;
};

// A flow that needs a list keeps it in the task's `collected`: worlds are copied all the time, and
// each file that knows flows would have to know how to copy and destroy every one of them.
static_assert(std::is_trivially_copyable_v<Flow>);

// The flow that runs is the last one; the others wait for its result.
struct FlowStack {
  Small<Flow, 3> frames{};

  bool operator==(const FlowStack&) const = default;
};

// What a step does beyond the machine.
struct Effects {
  struct Sent {
    HostId from;
    HostId to;
    Message message;
  };
  struct Interrupt {
    CpuId cpu;
    MmId mm;
    PageRange pages;
    TaskId waiting;
    sim::Nanoseconds after;  // From the start of the step.
  };
  struct Spawned {
    Flow flow;
    HostId host;
    LineId line;
  };
  struct Timer {  // Of a revocation, a requester, or a signal. It begins anew, or (none) stops.
    std::variant<AttachmentId, QpId, LineId> of;
    std::optional<sim::Nanoseconds> after{};
  };

  std::vector<Event> events{};
  std::vector<WakeKey> changed{};
  std::vector<Sent> sent{};
  std::vector<Interrupt> interrupts{};
  std::vector<Spawned> spawned{};
  std::vector<Timer> timers{};
  std::vector<HostId> killed{};
  std::vector<AdapterId> stopped{};
  MmId ended{};                // Whose threads make no further call.
  std::vector<Spent> spent{};  // What `duration` is made of, where somebody asks.
  std::vector<Event> fates{};  // Of packets: what the fabric does with them.
  PropertySet broken = 0;
  sim::Nanoseconds duration = 0;
  Witness* witness = nullptr;   // Sees events as they happen.
  bool itemized = false;        // Somebody asks for `spent`.
  sim::Chooser* lot = nullptr;  // Draws costs; null where time plays no part.

  void clear();
};

Next run(Flow& flow, Context& context);
Wait guard(const Flow& flow, const Machine& machine);

// Whether the objects that a call names exist. If not, it fails with EINVAL.
bool callable(const Call& call, const Machine& machine);

// The flow that a call of the scenario starts.
Flow begin(const Call& call, const Machine& machine);

// A step as one number, for a trace, and its name: "munmap.detach", "interval_notifier.fault.lock".
std::uint32_t step_number(const Flow& flow, const Machine& machine);
std::string step_name(std::uint32_t number);

// The numbers of all steps whose name, or the last part of it, is that one; ascending.
std::vector<std::uint32_t> steps_named(std::string_view name);

// What the numbers of all steps of one flow, or of one hook of a policy, have in common.
constexpr std::uint32_t flow_of(std::uint32_t step_number) { return step_number & ~255U; }
// Its steps, in their order.
std::vector<std::uint32_t> steps_of(std::uint32_t flow);

// All steps there are, as `list steps` prints them.
std::vector<std::string> all_steps();

}  // namespace model
