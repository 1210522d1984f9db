// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a flow's next step needs before it may run: its guard.

#include "model/memory/lock.hpp"

namespace model {

// What a fault that waits for userfaultfd is about.
enum class UserFault : std::uint8_t { missing, wp, minor };

struct Wait {
  enum class Kind : std::uint8_t {
    none,        // May run at once.
    lock,        // The lock `index` of `lock_kind` is available in `mode`.
    quiet,       // No transfer in flight on `pages` of the registration `index`.
    completed,   // Its adapter has answered an invalidation of them, or has failed to in time. One
                 // with an ITag, which is `sequence` - 1, has its completions.
    tagged,      // An ITag of its adapter is free, and so is a place in its invalidate queue.
    pushed,      // No transfer on `pages` of it is in flight in the traffic class `sequence`.
    responded,   // The page requests of this task have their response.
    requested,   // No page request for the registration `index` is without one, but those that
                 // were given to user space.
    readable,    // The interval `index` is not in the odd epoch `sequence` any more.
    updated,     // The adapter has made all posted changes of the tables of registration `index`.
    settled,     // No range of address space `index` is open: mm_take_all_locks().
    unwatched,   // The interval subscription of `index` is gone.
    idle,        // No invalidation is counted in registration `index`.
    answered,    // The owner, or the peer's card, has answered this task.
    flushed,     // All CPUs that this task has interrupted have flushed.
    recalled,    // All users that this task has recalled have answered.
    running,     // Transfers may start on the registration `index`.
    monitored,   // The event that this task has sent to a userfaultfd was read.
    drained,     // No transfer outstanding on attachment `index`.
    alone,       // No other thread of address space `index` is in a system call.
    unused,      // Nobody else keeps address space `index` alive.
    uncalled,    // No command to the device that was opened as `index` is in progress.
    unpinned,    // No user of the mapping `index` is about to unpin its pages.
    pressure,    // Host `index` is below its low watermark.
    srcu,        // Nobody reads memslots of VM `index` that were replaced: synchronize_srcu().
    uncounted,   // VM `index` counts no invalidation: its memslots may be replaced.
    mail,        // A message from process `sequence` waits for process `index`.
    arrived,     // A receive on queue pair `index` has completed.
    visible,     // What the next packet of connection `index` must find in memory is there.
    userfault,   // The page of address space `index` is not left to userfaultfd any more. What it
                 // is about, and in which life of the address space, is in `sequence`.
    recallable,  // No fault into memory of the XPMEM group `index` is in progress.
    unrecalled,  // Nor is a recall of it.
    gate,        // The line `index` may start.
  };

  // Which signal ends it: signal_pending_state().
  enum class Signals : std::uint8_t {
    none,       // TASK_UNINTERRUPTIBLE
    fatal,      // TASK_KILLABLE. The flow is over with EINTR, and has nothing to undo.
    any,        // TASK_INTERRUPTIBLE; likewise.
    fatal_own,  // Killable, and
    any_own,    // interruptible: the flow's step runs, and looks for itself whether it has waited.
  };

  Kind kind = Kind::none;
  LockKind lock_kind = LockKind::mmap;
  LockMode mode = LockMode::read;
  Signals signals = Signals::none;
  std::uint32_t index = 0;
  std::uint32_t sequence = 0;
  PageRange pages{};

  bool operator==(const Wait&) const = default;

  static Wait lock(LockId id, LockMode mode) {
    return {.kind = Kind::lock, .lock_kind = id.kind, .mode = mode, .index = id.index};
  }
  static Wait userfault(MmId mm, Page page, UserFault reason, std::uint8_t generation) {
    return {.kind = Kind::userfault,
            .index = mm.value,
            .sequence = 4U * generation + static_cast<std::uint32_t>(reason),
            .pages = one_page(page)};
  }
  UserFault reason() const { return static_cast<UserFault>(sequence % 4); }
  // Waits whose `index` is the task itself.
  bool of_task() const {
    return kind == Kind::answered || kind == Kind::flushed || kind == Kind::recalled ||
           kind == Kind::monitored || kind == Kind::responded;
  }
  bool gives_up() const { return signals == Signals::fatal || signals == Signals::any; }
  bool by_any() const { return signals == Signals::any || signals == Signals::any_own; }
  Wait ended_by(Signals these) const {
    Wait wait = *this;
    wait.signals = these;
    return wait;
  }
  LockId lock_id() const { return {.kind = lock_kind, .index = index}; }
};

// What may have changed: tasks whose guards depend on it are looked at again.
struct WakeKey {
  Wait::Kind kind = Wait::Kind::none;
  LockKind lock_kind = LockKind::mmap;
  std::uint32_t index = 0;

  auto operator<=>(const WakeKey&) const = default;
};

inline WakeKey key_of(const Wait& wait) {
  const bool one_key = wait.kind == Wait::Kind::gate;  // Any call may open any gate.
  return {.kind = wait.kind, .lock_kind = wait.lock_kind, .index = one_key ? 0 : wait.index};
}

// A task that is in the middle of an operation and waits, and those for whom it waits.
struct Blocked {
  TaskId task{};
  Wait wait{};
  Small<TaskId, 2> holders{};  // None: a message, an answer or an end that no task owes.

  bool operator==(const Blocked&) const = default;
};

}  // namespace model
