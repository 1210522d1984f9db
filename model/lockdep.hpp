// SPDX-License-Identifier: Apache-2.0
#pragma once

// In which order tasks take locks, so that a circle is seen without a deadlock that closes it.
// Counterpart: kernel/locking/lockdep.c. As there, locks count by their class, and what is waited
// for otherwise counts as a lock that is held by those who can end the wait.

#include <array>
#include <cstdint>
#include <string_view>

#include "model/wait.hpp"

namespace model {

struct Machine;
struct FlowStack;

enum class LockClass : std::uint8_t {
  mmap,
  vma,
  page_table,
  rmap,
  folio,
  driver,
  rcache,
  slots,
  segment,
  attachment,
  invalidate,
  exporter,
  reclaim,     // fs_reclaim: whoever allocates may have to free memory first.
  callback,    // __mmu_notifier_invalidate_range_start_map: held while callbacks run.
  range,       // Held from range_start to range_end; mmu_interval_read_begin() waits for it.
  device,      // Held by transfers in flight in an adapter.
  transfer,    // Held by those who serve a remote transfer.
  activation,  // Held by those who make pages active for a user.
  recall,      // Held by those who give pages up for their owner.
  monitor,     // Held by who reads the events of a userfaultfd.
  srcu,        // Held by who reads memslots of a VM.
  count,
};

inline constexpr std::array<std::string_view, static_cast<std::size_t>(LockClass::count)>
    lock_class_names{"mmap_lock",       "vma lock",         "page table lock",
                     "rmap lock",       "folio lock",       "driver's lock",
                     "lock of a cache", "slots_lock",       "seg->sema",
                     "att->mutex",      "invalidate_mutex", "exporter's lock",
                     "reclaim",         "callback",         "end of a range",
                     "adapter",         "remote transfer",  "activation",
                     "recall",          "monitor",          "srcu"};

constexpr std::string_view name_of(LockClass one) {
  return one == LockClass::count ? "something else"
                                 : lock_class_names[static_cast<std::size_t>(one)];
}

using LockClasses = std::uint32_t;
constexpr LockClasses bit(LockClass one) { return LockClasses{1} << static_cast<unsigned>(one); }

// Which class was waited for while which was held.
class LockOrder {
 public:
  // False if it is known. A class within itself says nothing: two of one class have an order of
  // their own, that of the addresses for example.
  bool add(LockClass held, LockClass wanted);
  bool has(LockClass held, LockClass wanted) const {
    return (after_[static_cast<std::size_t>(held)] & bit(wanted)) != 0;
  }
  // Whether somebody who holds `from` waited, directly or by way of others, for `to`.
  bool leads(LockClass from, LockClass to) const;

  bool operator==(const LockOrder&) const = default;
  void encode(sim::Encoder& out) const;

 private:
  std::array<LockClasses, static_cast<std::size_t>(LockClass::count)> after_{};
};

// Reclaim takes locks in an order of its own, whether or not a scenario runs out of memory.
LockOrder order_of_reclaim();

// What the task holds.
LockClasses held_by(const Machine& machine, TaskId task, const FlowStack& stack);
// What such a wait of the task is for; none if nobody can be in the way for long.
LockClass class_of(const Machine& machine, const Wait& wait, TaskId task);

// Whether the task must not sleep: it holds a spinlock, or is called back by one who must not.
bool in_atomic(const Machine& machine, TaskId task);
// Whether that wait gives the CPU away.
bool sleeps(const Machine& machine, const Wait& wait);

}  // namespace model
