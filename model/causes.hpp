// SPDX-License-Identifier: Apache-2.0
#pragma once

// The causes of what happens in a run: for each step the one that made it possible, for each wait
// the one that ended it, for each invalidation and fault the call of the scenario to which it goes
// back. Found by looking on while the run is made again; no part of its state.
//
// Invariant: a cause is earlier than its effect, or is the call that begins in the same step. So
// every chain of causes ends: at a call, or at the start of the run.

#include <deque>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "model/lineage.hpp"
#include "model/removals.hpp"
#include "model/world.hpp"

namespace model {

enum class CauseKind : std::uint8_t {
  start,      // It was to come when the run started.
  call,       // The actor's program: a call begins.
  order,      // The step before, of the same task.
  spawn,      // A step has started this task.
  message,    // A step has sent what arrives.
  interrupt,  // A step has sent an IPI.
  timer,      // A step has set it.
  wake,       // A step has given what the task waited for.
  dropped,    // Of a fault: a step has taken the translation away.
  changed,    // Of a look-up that starts over: a step has begun to change the page table.
};

// A step, and the one that caused it. Steps count from 1; 0 is the start of the run.
struct StepCause {
  CauseKind kind = CauseKind::start;
  std::uint64_t by = 0;
  TaskId task{};            // None: a message arrives, a CPU is interrupted, a timer fires.
  LineId operation{};       // On whose behalf it is taken; none: on nobody's.
  std::uint64_t begun = 0;  // The task's first step for this operation.
};

// A task could not go on.
struct Stall {
  TaskId task{};
  LineId operation{};  // The one that is held up.
  Wait wait{};
  std::uint64_t since = 0;      // After this step,
  std::uint64_t until = 0;      // to this one, which is what ended it.
  sim::Nanoseconds length = 0;  // By time.
};

struct EventCause {
  CauseKind kind = CauseKind::start;
  std::uint64_t step = 0;
  LineId operation{};
};

// What one call has cost, itself and others.
struct Tally {
  std::uint64_t invalidations = 0;  // range_start
  std::uint64_t pages = 0;          // Of them.
  std::uint64_t drops = 0;          // Of translations, out of a device's table or a TLB of one.
  std::uint64_t faults = 0;         // Of devices.
  std::uint64_t interrupts = 0;
  std::uint64_t messages = 0;
  struct Waiting {
    std::uint64_t count = 0;
    std::uint64_t steps = 0;
    sim::Nanoseconds time = 0;
    bool operator==(const Waiting&) const = default;
  };
  Waiting stalls{};  // Of other operations, which this one has ended.
  Waiting waits{};   // Of its own.
  Waiting pins{};    // Of frames, from the pin to its end.

  bool operator==(const Tally&) const = default;
};

// Whether such an event takes translations away, or tells somebody to; whether it is a fault.
bool is_invalidation(EventKind kind);
bool is_fault(EventKind kind);

class Causes final : public Lineage {
 public:
  void started(const World& world);
  // After each step, with what happened in it.
  void stepped(const World& world, std::span<const Event> events);

  std::uint64_t steps() const { return steps_.size() - 1; }
  const StepCause& of_step(std::uint64_t step) const { return steps_[step]; }
  // The waits that were over when the step was taken.
  std::span<const Stall> stalls_before(std::uint64_t step) const;
  // The waits that nothing has ended yet.
  std::vector<Stall> open_stalls() const;
  // In the last step, for each event in its order: none if it is neither invalidation nor fault.
  const std::vector<std::optional<EventCause>>& of_events() const { return of_events_; }
  // What calls have cost so far, by line; the last one is for what goes back to no call.
  std::vector<Tally> tallies() const;

  void taken(sim::Lane lane) override;
  void posted(sim::Lane lane, How how) override;
  void cancelled(sim::Lane lane) override;
  void spawned(TaskId task) override;

 private:
  struct Post {
    std::uint64_t step = 0;
    How how = How::own;
  };
  struct Doing {  // Of a task.
    std::uint64_t last = 0;
    std::uint64_t begun = 0;
    std::uint64_t spawned_by = 0;
    LineId operation{};
    sim::Nanoseconds ready = 0;  // When its last step is over.
    std::optional<Stall> open{};
    sim::Nanoseconds stalled_at = 0;
    std::vector<Stall> over{};
  };
  struct Pin {
    LineId operation{};
    std::uint64_t step = 0;
    sim::Nanoseconds at = 0;
  };
  // What happens to the queue in a step, in its order.
  struct Change {
    enum class Kind : std::uint8_t { post, cancel, spawn } kind = Kind::post;
    sim::Lane lane{};
    How how = How::own;
  };

  static std::optional<TaskId> task_of(sim::Lane lane);
  Doing& doing(TaskId task);
  Post take_post(sim::Lane lane);
  StepCause cause_of(const World& world, std::span<const Event> events);
  StepCause cause_of_task(const World& world, TaskId task, Post post, LineId called);
  void apply(const Change& change, const World& world);
  void begin_stalls(const World& world);
  void end_stall(Doing& waiting, const World& world);
  void take_note(const World& world, std::span<const Event> events);
  void note_table(const Event& event);
  void note_pin(const World& world, const Event& event);
  void count(const Event& event, const EventCause& cause);
  EventCause root_of(std::uint64_t step) const;
  EventCause cause_of_event(const World& world, const Event& event) const;
  std::optional<std::uint64_t> remover_of(const World& world, const Event& fault) const;
  std::optional<std::uint64_t> change_of(const Event& retry) const;
  Tally& tally(LineId line) { return line.some() ? tallies_[line.index()] : tallies_.back(); }

  std::vector<StepCause> steps_{{}};
  std::vector<Stall> stalls_;
  std::vector<std::size_t> stalls_end_{0};  // By step: where in `stalls_` its own end.
  std::vector<std::optional<EventCause>> of_events_;
  std::vector<Tally> tallies_;
  std::map<std::uint32_t, std::deque<Post>> lanes_;
  std::vector<Doing> tasks_;
  std::map<MrId, Removals> device_tables_;
  std::map<MmId, Removals> page_tables_;
  std::map<MmId, std::vector<std::pair<PageRange, std::uint64_t>>> ranges_;
  std::map<FrameId, std::vector<Pin>> pins_;
  sim::Nanoseconds now_ = 0;  // The end of the last step.
  sim::Lane taken_{};
  std::vector<Change> changes_;
};

}  // namespace model
