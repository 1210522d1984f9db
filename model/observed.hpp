// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a checker has to remember of an execution, and no kernel does. It is kept only where a
// claim asks, so that other searches have no more states for it.

#include <vector>

#include "model/lockdep.hpp"
#include "model/memory/ids.hpp"
#include "model/memory/small.hpp"
#include "model/rules.hpp"

namespace model {

struct Setup;

// A page that a device has used since its driver was asked for the last time.
struct Use {
  MrId mr{};
  Page page{};
  bool blurred = false;  // The adapter's TLB was not flushed then: further uses cannot be known.

  bool operator==(const Use&) const = default;
};

// The last write of a program to a page, and the place of that write among the program's.
struct Written {
  MmId mm{};
  Page page{};
  TaskId writer{};
  std::uint32_t place = 0;
  Value value = 0;

  bool operator==(const Written&) const = default;
};

// How far a program's device reads have seen the writes of another.
struct SeenUpTo {
  TaskId reader{};
  TaskId writer{};
  std::uint32_t place = 0;

  bool operator==(const SeenUpTo&) const = default;
};

// Pages whose entries in a page table that devices share were taken away or protected, before the
// flush of which is through.
struct LatePages {
  TaskId task{};  // None: until user space says so.
  MmId mm{};
  PageRange pages{};
  MrId mr{};  // By the bond of that one alone, then.

  bool operator==(const LatePages&) const = default;
  void encode(sim::Encoder& out) const {
    sim::encode(out, task);
    sim::encode(out, mm);
    sim::encode(out, pages);
    if (!task.some()) sim::encode(out, mr);
  }
};

struct Observed {
  PropertySet asked = 0;  // What is claimed. It never changes,
  bool shared = false;    // and neither does whether some device shares a page table.
  LockOrder locks{};
  Small<Use, 1> used{};
  Small<Written, 1> written{};
  Small<SeenUpTo, 1> seen{};
  std::vector<LatePages> unflushed{};

  bool operator==(const Observed&) const = default;
  bool asks(Property property) const { return (asked & bit(property)) != 0; }
  bool asks_for_waits() const {
    return asks(Property::sleep_in_atomic) || asks(Property::lock_cycle);
  }
  bool asks_for_late() const;
  // A device that shares the page table, by that bond, may still use what it has of the page.
  bool late(MrId bond, MmId mm, Page page) const;
  void encode(sim::Encoder& out) const;

  const Written* last_write(MmId mm, Page page) const;
  std::uint32_t seen_up_to(TaskId reader, TaskId writer) const;
};

Observed observed_of(const Setup& setup);

// Takes note of an event that happens; it has been judged already.
void observe(Machine& machine, const Event& event, TaskId task);

// The task has flushed the secondary TLBs, or (all pages) its operation is over.
void observe_flush(Machine& machine, TaskId task, MmId mm, PageRange pages);
void observe_end(Machine& machine, TaskId task);
// User space has had it flushed.
void observe_user_flush(Machine& machine, MrId bond, PageRange pages);

// The program that has the call, as its task. None: nobody's call.
TaskId program_of(const Setup& setup, LineId line);

}  // namespace model
