// SPDX-License-Identifier: Apache-2.0
#pragma once

// The jobs of all workloads, as they are at a moment of a run: what each does next, and when.
//
// A job has as many slots as it has operations in flight, and a slot is a program of the setup that
// makes one call after another. Where a rate is given, arrivals do not wait for the slots: an
// operation counts from its arrival, also if no slot was free then.

#include <algorithm>
#include <limits>
#include <optional>
#include <vector>

#include "model/load/measure.hpp"

namespace model {

class Jobs {
 public:
  struct Slot {
    WorkloadId workload{};
    std::uint32_t job = 0;        // Of all jobs of all workloads.
    std::uint32_t operation = 0;  // Of the mix; the one in progress.
    std::uint32_t call = 0;       // Of its calls: the next one.
    std::uint32_t block = 0;
    bool over = false;
    sim::Nanoseconds since = 0;  // Its arrival.

    bool operator==(const Slot&) const = default;
  };

  struct Job {
    sim::Nanoseconds arrival = 0;  // Of its next operation, if it has a rate.
    std::uint64_t drawn = 0;       // Operations.

    bool operator==(const Job&) const = default;
  };
  // Goes from one operation of a slot to the next. Does not outlive the jobs, nor a new one.
  struct Alike {
    Slot& slot;
    Job& job;
    std::uint64_t& begun;  // Of the workload.
    const WorkloadSetup& setup;
    sim::Nanoseconds end;      // None is begun from here on;
    std::uint64_t operations;  // nor are there more than that.
    sim::Bits bits;

    // The next one is due at slot.since, about slot.block. False: there is none.
    bool next(sim::Nanoseconds now) {
      const bool first = job.drawn == 0 && now == 0;
      slot.since = setup.has_rate ? arrive() : first ? 0 : now + setup.interval;
      if (std::max(now, slot.since) >= end || begun == operations) {
        slot.over = true;
        return false;
      }
      ++begun;
      slot.block = setup.pattern.draw(bits, job.drawn++);
      return true;
    }

   private:
    sim::Nanoseconds arrive();
  };
  Alike alike(std::uint32_t number, const WorkloadSetup& setup, const RunSetup& run,
              sim::Chooser& chooser) {
    constexpr std::uint64_t any = std::numeric_limits<std::uint64_t>::max();
    Slot& slot = slots_[number];
    return {.slot = slot,
            .job = jobs_[slot.job],
            .begun = begun_[slot.workload.index()],
            .setup = setup,
            .end = run.runtime == 0 ? any : run.end(),
            .operations = run.operations == 0 ? any : run.operations,
            .bits = {chooser, first_stream + slot.workload.value}};
  }

  // The next slots, of one job.
  void add_job(WorkloadId workload, std::uint32_t depth);
  bool empty() const { return slots_.empty(); }
  std::uint32_t slots() const { return static_cast<std::uint32_t>(slots_.size()); }
  const Slot& slot(std::uint32_t number) const { return slots_[number]; }

  // When the slot starts its next call, not before `now`. None: there is no further one.
  std::optional<sim::Nanoseconds> next(std::uint32_t number, const WorkloadSetup& setup,
                                       const RunSetup& run, sim::Nanoseconds now,
                                       sim::Chooser& chooser) {
    Slot& slot = slots_[number];
    if (slot.over) return std::nullopt;
    if (slot.call > 0) return now;
    Alike alike = this->alike(number, setup, run, chooser);
    if (!alike.next(now)) return std::nullopt;
    if (setup.operations.size() > 1) slot.operation = draw_operation(setup, alike.bits);
    return std::max(now, slot.since);
  }
  // A single call, and nothing of it has been done.
  bool is_simple(std::uint32_t number, const WorkloadSetup& setup) const {
    return setup.operations[slots_[number].operation].calls.size() == 1 && setup.block_pages == 1;
  }
  // That call, which starts now.
  Call call(std::uint32_t number, const WorkloadSetup& setup) const;
  // It has returned. True: with it the operation is over.
  bool returned(std::uint32_t number, const WorkloadSetup& setup, bool failed) {
    Slot& slot = slots_[number];
    const std::size_t calls = setup.operations[slot.operation].calls.size();
    if (!failed && ++slot.call < calls) return false;
    slot.call = 0;
    return true;
  }
  void stop(std::uint32_t slot) { slots_[slot].over = true; }

  bool operator==(const Jobs&) const = default;

 private:
  static constexpr std::uint32_t first_stream = 256;  // Behind those of costs.

  static std::uint32_t draw_operation(const WorkloadSetup& setup, sim::Bits bits);

  std::vector<Slot> slots_;
  std::vector<Job> jobs_;
  std::vector<std::uint64_t> begun_;  // Operations of each workload.
};

}  // namespace model
