// SPDX-License-Identifier: Apache-2.0
#pragma once

// What one atomic step of a flow may see and do. The machine changes at once; what reaches beyond
// it (messages, interrupts, new tasks, time) is collected in Effects and carried out by the world
// when the step is over.

#include <optional>

#include "model/event.hpp"
#include "model/machine.hpp"
#include "model/next.hpp"
#include "model/witness.hpp"
#include "sim/chooser.hpp"

namespace model {

struct Flow;
struct FlowStack;
struct Effects;

class Context {
 public:
  // `cause` is the call on whose behalf the step is taken.
  Context(Machine& state, FlowStack& stack, Effects& effects, TaskId task, LineId cause)
      : machine(state),
        setup(*state.setup),
        self(task),
        line(cause),
        stack_(stack),
        effects_(effects) {}

  Machine& machine;
  const Setup& setup;
  const TaskId self;  // None in an interrupt: a message arrives, a timer fires.
  const LineId line;

  // ---- Shorthand for parts of the machine.
  Task& task() { return machine.tasks[self.index()]; }
  AddressSpace& mm(MmId mm) { return machine.spaces[mm.index()]; }
  Subscriptions& notifier(MmId mm) { return machine.notifiers[mm.index()]; }
  Mapping& mapping(MappingId mapping) { return machine.mappings[mapping.index()]; }
  Host& host(HostId host) { return machine.hosts[host.index()]; }
  Frame& frame(FrameId frame) { return machine.frames[frame]; }
  Collected& collected() { return task().collected.back(); }  // Of the innermost flow with lists.
  Adapter& adapter(AdapterId adapter) { return machine.adapters[adapter.index()]; }
  Registration& registration(MrId mr) { return machine.registrations[mr.index()]; }
  Attachment& attachment(AttachmentId attachment) {
    return machine.attachments[attachment.index()];
  }
  QueuePair& queue(QpId qp) { return machine.queues[qp.index()]; }

  // ---- Ends of a step.
  Next call(const Flow& flow);  // Puts a flow on top. Its result is in task().result afterwards.
  Next done(Result result = Result::success());
  Next give(Result result = Result::success());

  // ---- Locks. The guard of the step has seen to it that take() succeeds.
  void take(LockId id, LockMode mode);
  void release(LockId id);
  void downgrade(LockId id);
  void lock_folio(FrameId frame);

  // The step has waited for this, or would have: what it means for who holds what.
  void might_wait(const Wait& wait);

  // ---- Effects.
  void emit(Event event);
  void spend(Cost cost, std::uint64_t times = 1);
  sim::Nanoseconds price(Cost cost, std::uint64_t times = 1);  // Not spent yet.
  void pause(sim::Nanoseconds duration);                       // The step takes so much longer.
  void changed(Wait::Kind kind, std::uint32_t index = 0);
  void send(HostId from, HostId to, Message message);
  // An IPI, answered after so long; its answer counts for this task.
  void interrupt(CpuId cpu, MmId mm, PageRange pages, sim::Nanoseconds answered);
  void spawn(const Flow& flow, HostId host);
  void set_timer(AttachmentId attachment, sim::Nanoseconds after);
  void cancel_timer(AttachmentId attachment);
  void set_timer(QpId qp, sim::Nanoseconds after);
  void cancel_timer(QpId qp);
  void kill_tasks(HostId host);
  void end_threads(MmId mm);              // All but this one: at the end of their calls.
  void stop_tasks(AdapterId adapter);     // Of a device: what it was doing is left as it is.
  void count_hit();                       // In a registration cache: hit().
  void count_pages(std::uint32_t pages);  // That a device or its driver has handled: cmd.cpages.

  // ---- Frames.
  std::optional<FrameId> allocate(HostId host, std::uint32_t pages = 1);  // Of a folio: its head.
  // Whether an allocation is the one that the call wants to fail. Its kind does not matter.
  bool fails_alloc();
  // Whether the last allocation has failed because the call wanted it. Forgets it.
  bool forget_failed_alloc();
  bool signal_pending() const { return machine.signal_pending(self); }
  bool fatal_signal_pending() const { return machine.fatal_signal_pending(self); }
  void handle_signal();  // Its handler runs.
  // There was none: whether to reclaim and try again, MAX_RECLAIM_RETRIES times (Linux: 16).
  bool reclaims(std::uint8_t& passes) const { return !failed_alloc_ && passes++ < 4; }
  void might_alloc();  // Memory is asked for, and reclaim may be what it takes.
  void get(FrameId frame) { machine.frames.get(frame); }
  void put(FrameId frame);

 private:
  void note_order(LockClass wanted);
  std::array<std::uint32_t, 3> callers() const;

  FlowStack& stack_;
  Effects& effects_;
  bool failed_alloc_ = false;  // In this step.
};

inline LockId mmap_lock(MmId mm) { return {.kind = LockKind::mmap, .index = mm.value}; }
inline LockId vma_lock(MmId mm) { return {.kind = LockKind::vma, .index = mm.value}; }
inline LockId page_table_lock(MmId mm) { return {.kind = LockKind::page_table, .index = mm.value}; }
inline LockId rmap_lock(MappingId mapping) {
  return {.kind = LockKind::rmap, .index = mapping.value};
}
inline LockId exporter_lock(MappingId buffer) {
  return {.kind = LockKind::exporter, .index = buffer.value};
}
inline LockId folio_lock(FrameId frame) { return {.kind = LockKind::folio, .index = frame.value}; }
inline LockId driver_lock(MrId mr) { return {.kind = LockKind::driver, .index = mr.value}; }

// mmap_write_lock() and vma_start_write(): the caller's step waits for write_lock_wait(), and tries
// again while this says no.
Wait write_lock_wait(MmId mm, bool has_mmap_lock);
Wait killable_write_lock_wait(MmId mm, bool has_mmap_lock);  // mmap_write_lock_killable()
bool lock_for_write(Context& c, MmId mm, bool& has_mmap_lock);
// vma_end_write_all(), and mmap_write_unlock().
void end_vma_writes(Context& c, MmId mm);
void unlock_write(Context& c, MmId mm);

}  // namespace model
