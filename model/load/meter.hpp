// SPDX-License-Identifier: Apache-2.0
#pragma once

// Measures a load: it sees what happens and is no part of what it sees.

#include <boost/unordered/unordered_flat_map.hpp>
#include <span>
#include <vector>

#include "model/load/histogram.hpp"
#include "model/load/jobs.hpp"
#include "model/load/measure.hpp"
#include "model/setup.hpp"

namespace model {

struct Machine;

class Meter {
 public:
  explicit Meter(const Setup& setup);

  // What the init block has left: pins, and what adapters have of pages.
  void start(const Machine& machine);

  // A step at `now`, of that task or of none.
  void saw(std::span<const Event> events, std::span<const Spent> spent, TaskId task,
           sim::Nanoseconds now);
  // Whether what happens then is measured.
  bool counts(sim::Nanoseconds at) const { return at >= from_ && at <= until_; }
  // An access that needed no step: of a CPU, or a transfer by a device.
  void saw_access(EventKind kind, sim::Nanoseconds cost, sim::Nanoseconds at) {
    if (!counts(at)) return;
    for (const EventKind each : {EventKind::call, kind, EventKind::returned}) count(each);
    count(Cost::memory_access, cost);
  }
  // So many of them begin while it is measured, and so many end.
  void saw_transfers(EventKind kind, sim::Nanoseconds look, sim::Nanoseconds move,
                     std::uint64_t begun, std::uint64_t landed);
  // An operation of a workload is over. The slot says since when it has been due.
  void completed(const Jobs::Slot& slot, sim::Nanoseconds end, Result result) {
    if (!counts(end)) return;
    Load& load = loads_[slot.workload.index()];
    load.last_end = std::max(load.last_end, end);
    result.ok() ? load.latency.add(end - slot.since) : failed(result);
  }
  // Several that took the same, up to then. All count.
  void completed(const Jobs::Slot& slot, sim::Nanoseconds end, sim::Nanoseconds duration,
                 std::uint64_t times) {
    Load& load = loads_[slot.workload.index()];
    load.last_end = std::max(load.last_end, end);
    load.latency.add(duration, times);
  }

  // All that the scenario asks for, in its order. `now`: when the run has come to rest.
  std::vector<Measured> report(sim::Nanoseconds now) const;
  // How often each event happened that did.
  std::vector<Measured> counts() const;
  // One figure by its name, whether it was asked for or not. None: nothing is called so.
  std::optional<Measured> find(std::string_view name, sim::Nanoseconds now) const;
  // How long the operations of a workload have taken.
  const Histogram& latency(WorkloadId workload) const { return loads_[workload.index()].latency; }

 private:
  struct Load {
    Histogram latency;
    sim::Nanoseconds last_end = 0;
  };
  using Place = std::pair<std::uint32_t, std::uint32_t>;  // A registration and a page.
  struct Held {                                           // What an adapter has of it.
    bool stale = false;
    sim::Nanoseconds since = 0;
  };
  struct Open {  // A spell that has begun.
    Spell spell{};
    TaskId task{};
    MmId mm{};
    PageRange pages{};
    sim::Nanoseconds since = 0;
  };

  void count(EventKind kind, std::uint64_t times = 1) {
    events_[static_cast<std::size_t>(kind)] += times;
  }
  void count(Cost cost, sim::Nanoseconds duration, std::uint64_t times = 1) {
    costs_[static_cast<std::size_t>(cost)] += times;
    durations_[static_cast<std::size_t>(cost)] += duration * times;
  }
  void failed(Result result);
  void see(const Event& event, TaskId task, sim::Nanoseconds now);
  void begin(Spell spell, const Event& event, TaskId task, sim::Nanoseconds now);
  void end(Spell spell, const Event& event, TaskId task, sim::Nanoseconds now);
  void add(Spell spell, sim::Nanoseconds since, sim::Nanoseconds now);
  void add(Gauge gauge, std::uint64_t amount, sim::Nanoseconds now);
  void follow_pins(const Event& event, sim::Nanoseconds now);
  void follow_stale(const Event& event, sim::Nanoseconds now);
  void hold(MmId mm, MrId mr, Page page);
  void make_stale(const Event& event, sim::Nanoseconds now);
  void drop_stale(const Event& event, sim::Nanoseconds now);
  void drop_stale(const Place& place, sim::Nanoseconds now);
  std::uint32_t outside_of_ranges(PageRange pages) const;
  double still_pinned(sim::Nanoseconds now) const;
  sim::Nanoseconds measured_until(sim::Nanoseconds now) const;
  void report_on(const MeasureSetup& measure, sim::Nanoseconds now,
                 std::vector<Measured>& found) const;

  const Setup& setup_;
  sim::Nanoseconds from_ = 0;
  sim::Nanoseconds until_ = 0;
  std::vector<Load> loads_;
  std::array<std::uint64_t, static_cast<std::size_t>(EventKind::count)> events_{};
  std::array<std::uint64_t, static_cast<std::size_t>(Cost::count)> costs_{};
  std::array<sim::Nanoseconds, static_cast<std::size_t>(Cost::count)> durations_{};
  std::array<std::uint64_t, static_cast<std::size_t>(Gauge::count)> gauges_{};
  std::array<Histogram, static_cast<std::size_t>(Spell::count)> spells_{};
  std::vector<Open> open_;
  boost::unordered_flat_map<Place, Held> held_;
  boost::unordered_flat_map<std::uint32_t, std::vector<MrId>> mrs_of_;  // By their process.
  std::uint64_t pinned_ = 0;                                            // Pages, since
  sim::Nanoseconds pinned_since_ = 0;
};

}  // namespace model
