// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a scenario fixes before anything runs: the machines, the programs and what is claimed of
// them. It never changes, so all copies of a world share it.

#include <string>
#include <vector>

#include "model/cost.hpp"
#include "model/event.hpp"
#include "model/expression.hpp"
#include "model/memory/frame.hpp"
#include "model/policy/all.hpp"
#include "model/result.hpp"
#include "model/rules.hpp"

namespace model {

// Mechanisms in which kernels differ, or which a scenario takes away to show what they are for.
// The defaults are those of the newest recorded kernel.
struct KernelSwitches {
  bool fork_copies_pinned = true;    // copy_present_page(): since 5.11.
  bool reclaim_skips_pinned = true;  // folio_maybe_dma_pinned() in shrink_folio_list().
  bool end_after_refusal = true;     // c2655835fd8c: range_end also when a start was refused.
  bool heed_refusal = true;          // No page table change after -EAGAIN.
  bool flush_before_free = true;     // The CPUs' TLBs are flushed before frames are freed.
  bool peer_down_notice = true;      // The fabric reports dead hosts to the living.
};

struct HostSetup {
  std::string name{};
  std::uint32_t cpus = 1;
  std::uint32_t frames = 16384;
  std::uint32_t slots = 65536;
  AllocOrder alloc = AllocOrder::lifo;
};

struct AdapterSetup {
  std::string name{};  // With its host: A.rnic0
  HostId host{};
  std::uint32_t tlb_entries = 64;
  std::uint32_t pfn_table = 1024;
  bool odp = false;  // The adapter can fault: on-demand paging.
  Policy policy{};
};

struct ProcessSetup {
  std::string name{};
  HostId host{};
};

struct RegionSetup {
  std::string name{};
  MmId mm{};
  PageRange pages{};
  std::uint64_t address = 0;  // For people; 0: that of `pages`.
  bool shared = false;
  bool read = true;
  bool write = true;
  bool lazy = false;  // Not mapped before a call of mmap().
  bool locked = false;
};

struct LinkSetup {
  HostId left{};
  HostId right{};
  sim::Nanoseconds latency = 1000;
  std::uint64_t bits_per_second = 100'000'000'000;
};

// The calls of the scenario language, in the order of its call table.
enum class Verb : std::uint8_t {
  memset,
  read_once,
  write_once,
  mmap,
  munmap,
  madvise,
  mprotect,
  fork,
  exit,
  reg_mr,
  dereg_mr,
  prefetch,
  dma_read,
  dma_write,
  connect,
  rdma_read,
  rdma_write,
  export_handle,
  attach,
  detach,
  swap_out,
  reclaim,
  oom_reap,
  kill,
  mpi_put,
  mpi_get,
  mpi_send,
  mpi_recv,
};

enum class Advice : std::uint8_t { dontneed, pageout };

// Pages of an object whose id is known only when the scenario runs: mr[1], a2[0..7].
struct Target {
  VariableId variable{};
  PageRange offset{};  // Counted from the object's first page.
};

struct Call {
  Verb verb = Verb::memset;
  MmId mm{};           // The address space the call is about.
  PageRange pages{};   // Pages of `mm`.
  Target target{};     // An object, or its pages.
  VariableId queue{};  // The queue pair of an RDMA call.
  AdapterId adapter{};
  HostId host{};
  MmId peer{};               // The other process of a message.
  std::uint32_t number = 0;  // A value, a protection (bit 0 read, bit 1 write), an Advice.
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
  bool counted = false;  // A claim asks for its retries or faults.
  bool ordered = false;  // A claim asks what had returned when it started.
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
  std::array<sim::Nanoseconds, static_cast<std::size_t>(Cost::count)> costs{};
  std::vector<HostSetup> hosts{};
  std::vector<AdapterSetup> adapters{};
  std::vector<ProcessSetup> processes{};
  std::vector<RegionSetup> regions{};
  std::vector<LinkSetup> links{};
  std::vector<VariableSetup> variables{};
  std::vector<Program> programs{};
  std::vector<Line> lines{};
  std::vector<Point> points{};
  std::vector<Monitor> monitors{};
  std::vector<Claim> claims{};  // At most 64: the bits of broken() and witnessed().

  Setup();  // With the default costs.
  sim::Nanoseconds cost(Cost cost) const { return costs[static_cast<std::size_t>(cost)]; }
};

}  // namespace model
