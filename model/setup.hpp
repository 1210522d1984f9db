// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a scenario fixes before anything runs: the machines, the programs and what is claimed of
// them. It never changes, so all copies of a world share it.

#include <string>
#include <vector>

#include "model/call.hpp"
#include "model/cost.hpp"
#include "model/event.hpp"
#include "model/expression.hpp"
#include "model/fabric/link.hpp"
#include "model/fabric/message.hpp"
#include "model/injection.hpp"
#include "model/kernel.hpp"
#include "model/load/measure.hpp"
#include "model/memory/frame.hpp"
#include "model/policy/all.hpp"
#include "model/result.hpp"
#include "model/rules.hpp"

namespace model {

// /sys/kernel/mm/transparent_hugepage/shmem_enabled
enum class ShmemHuge : std::uint8_t { never, advise, always };

struct HostSetup {
  std::string name{};
  std::uint32_t cpus = 1;
  std::uint32_t nodes = 1;  // Of memory: NUMA.
  std::uint32_t frames = 16384;
  std::uint32_t slots = 65536;
  AllocOrder alloc = AllocOrder::lifo;
  std::uint32_t lru_batch = 0;  // Pages that a CPU holds back before they are listed for reclaim.
  bool lru_gen = false;         // The multi-generational LRU is enabled.
  ShmemHuge shmem_enabled = ShmemHuge::never;
};

// Memory of a device of its own: of which CPUs know nothing but where it is, or that they may use.
enum class DeviceMemory : std::uint8_t { none, private_memory, coherent };

// The transport of an RDMA adapter: struct ibv_qp_attr of all of its queue pairs.
struct RcSetup {
  bool exists = false;
  std::uint8_t timeout = 14;        // An acknowledgement is due in 4.096 us * 2^timeout.
  std::uint8_t retry_cnt = 7;       // How often what is not acknowledged is sent again.
  std::uint8_t rnr_retry = 7;       // Likewise after an RNR NAK; 7: without an end.
  std::uint8_t min_rnr_timer = 12;  // Of the requester's wait after one: a code, see rnr_timer().
  bool nak_fault = true;   // A page fault is answered by an RNR NAK; else it is waited for.
  bool check_psn = true;   // A packet that comes again is not executed again.
  bool ack_landed = true;  // A write is acknowledged when it is visible; else when it was received.
  bool flush = false;      // It knows RDMA FLUSH: IB_DEVICE_FLUSH_GLOBAL.
};

// KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2: without it KVM_GET_DIRTY_LOG clears what it tells.
enum class DirtyLog : std::uint8_t { by_get, manual, initially_set };

// What becomes of a device's answers to invalidations of its ATC.
enum class InvalCompletion : std::uint8_t {
  sent,     // They come.
  lost,     // No invalidation reaches it, and no answer comes.
  late,     // One comes after its requester has waited in vain.
  doubled,  // Each comes twice.
};

struct AdapterSetup {
  enum class Kind : std::uint8_t {
    rnic,    // An RDMA adapter: hardware with a TLB.
    mirror,  // The test device of HMM (lib/test_hmm.c): its driver copies under its lock.
    sva,     // Shares the page table of a process: PASID, ATS and PRI.
    pci,     // Behind an IOMMU, by the DMA API: its TLB is the IOMMU's.
    kvm,     // /dev/kvm: its translations are the VMs' page tables, its TLB that of their vCPUs.
    xpmem,   // No hardware: /dev/xpmem, the module of that name.
  };
  std::string name{};  // With its host: A.rnic0
  HostId host{};
  std::uint32_t tlb_entries = 64;
  std::uint32_t pfn_table = 1024;
  bool odp = false;               // The adapter can fault: on-demand paging.
  std::uint32_t fault_batch = 1;  // How many pages of a message a fault report asks for at most.
  bool check_write = true;        // A write wants a translation that allows it.
  Kind kind = Kind::rnic;
  DeviceMemory memory = DeviceMemory::none;
  bool checks_exclusive = false;       // Of a mirror: see MakeExclusive::checked.
  bool ats = true;                     // Of sva: it has a TLB of its own, the ATC,
  bool pri = true;                     // can ask for pages that are missing,
  bool completes_after_writes = true;  // and answers an invalidation behind its writes.
  std::uint32_t prq = 0;          // Page requests that the IOMMU queues; 0: a transfer is served
                                  // by whoever has made it.
  std::uint32_t inval_queue = 0;  // Invalidations that it can take; 0: 32, the number of ITags.
  std::uint32_t traffic_classes = 1;  // Completions of each, one behind the writes of each class.
  InvalCompletion inval_completion = InvalCompletion::sent;
  std::uint32_t memslots = 32764;         // Of kvm: how many a VM may have, and
  DirtyLog dirty_log = DirtyLog::by_get;  // what takes note of a page's bit.
  RcSetup rc{};
  bool ud_drop = true;  // A datagram for a page that is missing is lost; else it waits for it.
  Policy policy{};

  // Invalidations are messages, with ITags; else one is sent and taken up in the same step.
  bool tags_invalidations() const {
    return inval_queue != 0 || traffic_classes > 1 || inval_completion != InvalCompletion::sent;
  }
};

// In the order of AdapterSetup::Kind.
struct AdapterKindInfo {
  std::string_view name;
  std::string_view usual_policy;  // Where a scenario names none.
};
inline constexpr std::array<AdapterKindInfo, 6> adapter_kinds{{{"rnic", "interval_notifier"},
                                                               {"mirror", "interval_notifier"},
                                                               {"sva", "sva"},
                                                               {"pci", "iommu_strict"},
                                                               {"kvm", "kvm"},
                                                               {"xpmem", "xpmem_module"}}};
constexpr const AdapterKindInfo& info_of(AdapterSetup::Kind kind) {
  return adapter_kinds[static_cast<std::size_t>(kind)];
}

// The registration cache of a process: a library's settings. Those that are wrong say so.
struct RcacheSetup {
  enum class Hooks : std::uint8_t { all, munmap, none };
  enum class Events : std::uint8_t { hooks, kernel, userfaultfd };
  bool exists = false;
  Hooks hooks = Hooks::all;        // Which functions are intercepted.
  Events events = Events::hooks;   // Who tells of an unmapping.
  bool find_overlap = false;       // Wrong: a look-up is content with some of the pages.
  bool drop_within = false;        // Wrong: an unmapping ends only what lies within it.
  bool check_valid = true;         // No is wrong: what was unmapped in use is found.
  bool merge = true;               // Regions that overlap become one.
  bool defer = true;               // No is wrong: a hook waits for the lock.
  bool frees_locked = false;       // Wrong: memory that is watched is freed under the lock.
  bool monitor = true;             // No is wrong: the thread that reads events has died.
  bool interval_tree = false;      // Unmappings that meet are one in the queue.
  std::uint32_t alignment = 1;     // Of regions, in pages.
  std::uint32_t limit = 0;         // Of regions; 0: none.
  std::uint32_t limit_pages = 0;   // Of their pages; 0: none.
  std::uint32_t queue = no_bound;  // Unmappings that may wait.

  static constexpr std::uint32_t no_bound = 0xffffffff;
};

struct ProcessSetup {
  std::string name{};
  HostId host{};
  RcacheSetup rcache{};
};

// A file that can be mapped.
struct FileSetup {
  enum class Kind : std::uint8_t {
    memfd,      // Lives in memory and swap: shmem.
    disk,       // Has a file system under it, which writes back and wants page_mkwrite().
    hugetlbfs,  // Of huge pages.
    pfnmap,     // A driver's buffer, which it maps by VM_PFNMAP.
  };
  std::string name{};
  HostId host{};
  Kind kind = Kind::memfd;
  bool gigantic = false;    // Of hugetlbfs that was mounted with pagesize=1G.
  std::uint32_t pages = 0;  // i_size.
  bool cached = true;       // Its pages are in the page cache from the start; else it is a hole.
};

// Where memory is mapped and how, unless a call of mmap() says otherwise.
struct RegionSetup {
  std::string name{};
  MmId mm{};
  PageRange pages{};
  std::uint64_t address = 0;  // For people; 0: that of `pages`.
  FileId file{};              // None: anonymous memory.
  std::uint32_t offset = 0;   // Of the first page in the file.
  bool shared = false;
  bool read = true;
  bool write = true;
  bool exec = false;
  bool lazy = false;  // Not mapped before a call of mmap().
  bool locked = false;
  bool huge = false;      // MADV_HUGEPAGE
  bool hugetlb = false;   // MAP_HUGETLB
  bool gigantic = false;  // And MAP_HUGE_1GB.
  bool grows_down = false;
  bool xpmem = false;  // Addresses at which memory of others is attached.
};

// Pages of an address space that a conformance run looks at: every `stride`th from `first` on.
struct WindowSetup {
  MmId mm{};
  Page first{};
  std::uint32_t count = 0;
  std::uint32_t stride = 1;
};

inline constexpr std::uint32_t no_claim = 0xffffffff;
inline constexpr std::uint32_t no_point = 0xffffffff;

// When a call may start.
struct Gate {
  enum class Kind : std::uint8_t { none, started, done, point } kind = Kind::none;
  LineId line{};            // The other call.
  std::uint32_t point = 0;  // Of `points`.
  sim::Nanoseconds delay = 0;
  sim::Nanoseconds window = 0;  // Anywhere in so much time after the delay.
  bool absolute = false;        // `delay` counts from the start of the run.
};

// A break-point: the call `line` has taken one of the steps, or caused the event, of that name.
struct Point {
  LineId line{};
  std::string name{};
  std::vector<std::uint32_t> steps;    // step_number() of flow/all.hpp.
  EventKind event = EventKind::count;  // None: no event has that name.
};

struct Line {
  Call call{};
  Gate gate{};
  VariableId result{};             // Where the result goes.
  std::vector<Result> expected{};  // Empty: anything.
  bool any_error = false;          // `err` is among the expected.
  bool any_success = false;        // `ok` is.
  std::uint32_t claim = no_claim;
  bool init = false;
  bool repeats = false;  // When it has returned, it may be called again, any number of times.
  bool counted = false;  // A claim asks for its retries or faults.
  bool ordered = false;  // A claim asks what had returned when it started.
  Injected injected{};
  std::string label{};
  std::string text{};
  std::uint32_t source = 0;  // An index into the scenario's table of places.
};

// A sequence of calls by one actor.
struct Program {
  std::string name{};  // app.t0, A.rnic0, A.kernel
  HostId host{};
  MmId mm{};
  AdapterId adapter{};
  CpuId cpu{};
  std::vector<LineId> lines{};
  // A slot of a job: it makes calls of this workload, in the name of its one line, until the load
  // is over. Such programs come last.
  WorkloadId workload{};
};

// What a `>` line looks for.
struct Pattern {
  EventKind kind = EventKind::step;
  VariableId variable{};    // The registration, handle or attachment; none: any.
  bool attachment = false;  // `variable` is an attachment.
  MmId mm{};                // With `pages`; none: any.
  PageRange pages{};
  AdapterId adapter{};  // none: any
  LineId line{};        // Caused by this call; none: any.
};

// `> what`, `!> what`, with `after` or `before`.
struct Monitor {
  bool forbidden = false;
  Pattern what{};
  enum class Order : std::uint8_t { none, after, before } order = Order::none;
  Pattern other{};
  std::uint32_t point = no_point;  // In place of `other`: a break-point.
  LineId armed_by{};               // Counts from the start of this call.
  sim::Nanoseconds within = 0;     // 0: no limit. Only by_time.
  std::uint32_t claim = 0;
};

struct Claim {
  enum class Kind : std::uint8_t {
    never,
    always,
    eventually,
    exists,
    not_exists,
    forall,
    result,    // A call returns what the scenario says.
    emitted,   // A `>` line.
    question,  // Not a claim: whether some final state is so.
  };
  Kind kind = Kind::never;
  bool expect_fail = false;
  Property property = Property::count;
  Expression expression{};
  std::string text{};
  std::uint32_t source = 0;
};

struct VariableSetup {
  std::string name{};  // With its owner: app.mr, peer.t1:r1
};

struct Setup {
  std::string name{};
  std::string kernel = "7.3";
  KernelSwitches switches{};
  std::array<sim::Nanoseconds, cost_count> costs{};
  std::vector<Distribution> varying{};  // Of costs that vary; at most one for each.
  std::vector<HostSetup> hosts{};
  std::vector<AdapterSetup> adapters{};
  std::vector<ProcessSetup> processes{};
  std::vector<FileSetup> files{};
  std::vector<RegionSetup> regions{};
  std::vector<WindowSetup> windows{};  // Of a conformance run: the first mapping, and the second.
  std::vector<SwitchSetup> fabric_switches{};
  std::vector<LinkSetup> links{};
  std::vector<VariableSetup> variables{};
  std::vector<Program> programs{};
  std::vector<Line> lines{};
  LoadSetup load{};  // Only by time.
  std::vector<Point> points{};
  std::vector<Monitor> monitors{};
  std::vector<Claim> claims{};  // At most 64: the bits of broken() and witnessed().

  Setup();  // With the default costs.
  sim::Nanoseconds cost(Cost cost) const { return costs[static_cast<std::size_t>(cost)]; }
  // For so many of them. Those that vary are drawn, if there is somebody to draw.
  sim::Nanoseconds price(Cost cost, std::uint64_t times, sim::Chooser* lot) const;
};

}  // namespace model
