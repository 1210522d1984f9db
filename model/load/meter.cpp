// SPDX-License-Identifier: Apache-2.0
#include "model/load/meter.hpp"

#include <algorithm>
#include <limits>

#include "model/machine.hpp"

namespace model {
namespace {

template <class Word>
constexpr std::size_t index_of(Word word) {
  return static_cast<std::size_t>(word);
}

}  // namespace

Meter::Meter(const Setup& setup)
    : setup_(setup),
      from_(setup.load.run.ramp),
      until_(setup.load.run.runtime != 0 ? setup.load.run.end()
                                         : std::numeric_limits<sim::Nanoseconds>::max()),
      loads_(setup.load.workloads.size()) {}

void Meter::start(const Machine& machine) {
  machine.frames.for_each([this](FrameId, const Frame& frame) {
    if (frame.allocated) pinned_ += frame.pins;
  });
  for (std::uint32_t i = 0; i < machine.registrations.size(); ++i) {
    const Registration& region = machine.registrations[i];
    region.table.for_each(region.pages,
                          [&](Page page, const PfnEntry&) { hold(region.mm, MrId{i}, page); });
  }
}

void Meter::hold(MmId mm, MrId mr, Page page) {
  std::vector<MrId>& mrs = mrs_of_[mm.value];
  if (std::ranges::find(mrs, mr) == mrs.end()) mrs.push_back(mr);
  held_[Place{mr.value, page.value}] = {};
}

void Meter::saw(std::span<const Event> events, std::span<const Spent> spent, TaskId task,
                sim::Nanoseconds now) {
  for (const Event& event : events) see(event, task, now);
  if (!counts(now)) return;
  for (const Spent& each : spent) {
    costs_[index_of(each.cost)] += each.times;
    durations_[index_of(each.cost)] += each.duration;
  }
}

void Meter::see(const Event& event, TaskId task, sim::Nanoseconds now) {
  if (counts(now)) ++events_[index_of(event.kind)];
  switch (event.kind) {
    case EventKind::range_start:
      add(Gauge::pages_told, event.pages.count, now);
      begin(Spell::invalidate, event, task, now);
      begin(Spell::range_start, event, task, now);
      return;
    case EventKind::range_returned:
    case EventKind::range_refused:
      end(Spell::range_start, event, task, now);
      if (event.kind == EventKind::range_refused) end(Spell::invalidate, event, task, now);
      return;
    case EventKind::range_end:
      return end(Spell::invalidate, event, task, now);
    case EventKind::dev_fault:
      return begin(Spell::dev_fault, event, task, now);
    case EventKind::dma_start:
    case EventKind::dma_refused:
      return end(Spell::dev_fault, event, task, now);
    case EventKind::page_pinned:
    case EventKind::page_unpinned:
      return follow_pins(event, now);
    case EventKind::pfn_cleared:
      add(Gauge::pages_over_invalidated, outside_of_ranges(event.pages), now);
      return;
    case EventKind::pfn_installed:
    case EventKind::pte_cleared:
    case EventKind::device_flush:
    case EventKind::iotlb_flush:
      return follow_stale(event, now);
    default:
      return;
  }
}

void Meter::begin(Spell spell, const Event& event, TaskId task, sim::Nanoseconds now) {
  open_.push_back(
      {.spell = spell, .task = task, .mm = event.mm, .pages = event.pages, .since = now});
}

// The innermost one of that task.
void Meter::end(Spell spell, const Event& event, TaskId task, sim::Nanoseconds now) {
  for (std::size_t i = open_.size(); i-- > 0;) {
    const Open& open = open_[i];
    if (open.spell != spell || open.task != task) continue;
    if (event.mm.some() && open.mm.some() && event.mm != open.mm) continue;
    add(spell, open.since, now);
    open_.erase(open_.begin() + static_cast<std::ptrdiff_t>(i));
    return;
  }
}

void Meter::add(Spell spell, sim::Nanoseconds since, sim::Nanoseconds now) {
  if (counts(now)) spells_[index_of(spell)].add(now - since);
}

void Meter::add(Gauge gauge, std::uint64_t amount, sim::Nanoseconds now) {
  if (counts(now)) gauges_[index_of(gauge)] += amount;
}

void Meter::follow_pins(const Event& event, sim::Nanoseconds now) {
  gauges_[index_of(Gauge::pinned_time)] += static_cast<std::uint64_t>(still_pinned(now));
  pinned_since_ = now;
  if (event.kind == EventKind::page_pinned) {
    ++pinned_;
  } else if (pinned_ > 0) {
    --pinned_;
  }
}

// What an adapter has of a page is stale while the process has it no more.
void Meter::follow_stale(const Event& event, sim::Nanoseconds now) {
  switch (event.kind) {
    case EventKind::pte_cleared:
      return make_stale(event, now);
    case EventKind::pfn_installed: {
      drop_stale(Place{event.mr.value, event.pages.first.value}, now);
      return hold(event.mm, event.mr, event.pages.first);
    }
    default:
      return drop_stale(event, now);
  }
}

// Of long ranges little is held.
void Meter::drop_stale(const Event& event, sim::Nanoseconds now) {
  if (event.pages.count <= held_.size()) {
    for (std::uint32_t i = 0; i < event.pages.count; ++i) {
      drop_stale(Place{event.mr.value, event.pages.at(i).value}, now);
    }
    return;
  }
  std::vector<Place> places;
  for (const auto& [place, held] : held_) {
    const bool meant = place.first == event.mr.value && event.pages.contains(Page{place.second});
    if (meant) places.push_back(place);
  }
  for (const Place& place : places) drop_stale(place, now);
}

void Meter::make_stale(const Event& event, sim::Nanoseconds now) {
  const auto mrs = mrs_of_.find(event.mm.value);
  if (mrs == mrs_of_.end()) return;
  for (const MrId mr : mrs->second) {
    for (std::uint32_t i = 0; i < event.pages.count; ++i) {
      const auto held = held_.find({mr.value, event.pages.at(i).value});
      if (held != held_.end() && !held->second.stale) {
        held->second = {.stale = true, .since = now};
      }
    }
  }
}

void Meter::drop_stale(const Place& place, sim::Nanoseconds now) {
  const auto held = held_.find(place);
  if (held == held_.end()) return;
  if (held->second.stale) add(Spell::stale, held->second.since, now);
  held_.erase(held);
}

std::uint32_t Meter::outside_of_ranges(PageRange pages) const {
  std::uint32_t inside = 0;
  for (const Open& open : open_) {
    if (open.spell == Spell::invalidate) inside += open.pages.intersect(pages).count;
  }
  return pages.count - std::min(inside, pages.count);
}

void Meter::saw_transfers(EventKind kind, sim::Nanoseconds look, sim::Nanoseconds move,
                          std::uint64_t begun, std::uint64_t landed) {
  for (const EventKind each : {EventKind::call, EventKind::dma_start}) count(each, begun);
  for (const EventKind each : {kind, EventKind::half, EventKind::returned}) count(each, landed);
  count(Cost::device_tlb, look, begun);
  count(Cost::dma_page, move, begun);
}

void Meter::failed(Result result) {
  ++gauges_[index_of(Gauge::failed)];
  if (result == Result::error(ENOMEM)) ++gauges_[index_of(Gauge::oom)];
  if (result.kind == Result::Kind::signal) ++gauges_[index_of(Gauge::killed)];
}

sim::Nanoseconds Meter::measured_until(sim::Nanoseconds now) const {
  return setup_.load.run.runtime == 0 ? now : std::min(now, setup_.load.run.end());
}

// At rest nothing changes any more until the end of what is measured.
std::vector<Measured> Meter::report(sim::Nanoseconds now) const {
  std::vector<Measured> found;
  now = std::max(now, setup_.load.run.end());
  for (const MeasureSetup& measure : setup_.load.measures) report_on(measure, now, found);
  return found;
}

std::vector<Measured> Meter::counts() const {
  std::vector<Measured> found;
  for (std::size_t i = 0; i < events_.size(); ++i) {
    if (events_[i] == 0) continue;
    found.push_back({.name = "count(" + std::string(event_table[i].name) + ")",
                     .value = static_cast<double>(events_[i])});
  }
  return found;
}

std::optional<Measured> Meter::find(std::string_view name, sim::Nanoseconds now) const {
  const std::size_t open = name.find('(');
  if (open == std::string_view::npos || !name.ends_with(')')) return std::nullopt;
  const auto measure = measure_named(setup_.load, name.substr(0, open),
                                     name.substr(open + 1, name.size() - open - 2));
  std::vector<Measured> found;
  if (measure) report_on(*measure, std::max(now, setup_.load.run.end()), found);
  return found.size() == 1 ? std::optional(found.front()) : std::nullopt;
}

namespace {

double value_of(const Histogram& histogram, const Statistic& statistic) {
  switch (statistic.kind) {
    case Statistic::Kind::mean:
      return histogram.mean();
    case Statistic::Kind::min:
      return static_cast<double>(histogram.min());
    case Statistic::Kind::max:
      return static_cast<double>(histogram.max());
    case Statistic::Kind::percentile:
      return static_cast<double>(histogram.percentile(statistic.percent));
  }
  return 0;
}

void add_statistics(const MeasureSetup& measure, const Histogram& histogram,
                    std::vector<Measured>& found) {
  for (const Statistic& statistic : measure.statistics) {
    found.push_back({.name = statistic.name + "(" + measure.subject + ")",
                     .unit = "ns",
                     .value = value_of(histogram, statistic)});
  }
}

}  // namespace

void Meter::report_on(const MeasureSetup& measure, sim::Nanoseconds now,
                      std::vector<Measured>& found) const {
  switch (measure.kind) {
    case MeasureSetup::Kind::latency:
      if (latency(measure.workload).count() == 0) return;  // There is no such figure.
      return add_statistics(measure, latency(measure.workload), found);
    case MeasureSetup::Kind::throughput: {
      const Load& load = loads_[measure.workload.index()];
      const sim::Nanoseconds end =
          setup_.load.run.runtime == 0 ? load.last_end : setup_.load.run.end();
      const auto seconds = static_cast<double>(end - std::min(end, setup_.load.run.ramp)) / 1e9;
      const auto operations = static_cast<double>(load.latency.count());
      found.push_back({.name = "throughput(" + measure.subject + ")",
                       .unit = "1/s",
                       .value = seconds > 0 ? operations / seconds : 0});
      return;
    }
    case MeasureSetup::Kind::count: {
      Measured count{.name = "count(" + measure.subject + ")"};
      if (measure.event) count.value = static_cast<double>(events_[index_of(*measure.event)]);
      if (measure.cost) count.value = static_cast<double>(costs_[index_of(*measure.cost)]);
      if (measure.gauge) {
        count.value = static_cast<double>(gauges_[index_of(*measure.gauge)]);
        count.unit = gauges[index_of(*measure.gauge)].unit;
        if (*measure.gauge == Gauge::pinned_time) count.value += still_pinned(now);
      }
      found.push_back(std::move(count));
      return;
    }
    case MeasureSetup::Kind::time_in: {
      Measured sum{.name = "time_in(" + measure.subject + ")", .unit = "ns"};
      if (!measure.spell) {
        sum.value = static_cast<double>(durations_[index_of(*measure.cost)]);
        return found.push_back(std::move(sum));
      }
      Histogram histogram = spells_[index_of(*measure.spell)];
      if (*measure.spell == Spell::stale) {  // What is still there has no end yet.
        const sim::Nanoseconds until = measured_until(now);
        for (const auto& [place, held] : held_) {
          if (held.stale && held.since < until) histogram.add(until - held.since);
        }
      }
      sum.value = static_cast<double>(histogram.sum());
      if (measure.statistics.empty()) return found.push_back(std::move(sum));
      return add_statistics(measure, histogram, found);
    }
  }
}

double Meter::still_pinned(sim::Nanoseconds now) const {
  const sim::Nanoseconds from = std::max(pinned_since_, setup_.load.run.ramp);
  const sim::Nanoseconds until = measured_until(now);
  return until > from ? static_cast<double>(pinned_) * static_cast<double>(until - from) : 0;
}

}  // namespace model
