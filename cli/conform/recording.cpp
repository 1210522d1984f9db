// SPDX-License-Identifier: Apache-2.0
#include "cli/conform/recording.hpp"

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <map>
#include <set>

#include "cli/conform/functions.hpp"
#include "cli/names.hpp"
#include "cli/window.hpp"
#include "model/world.hpp"

namespace cli::conform {
namespace {

using model::EventKind;
using model::Machine;

constexpr std::uint32_t all_pages = 0xf0000000;  // So many and more are everything.

std::optional<Callback> callback_of(EventKind kind) {
  switch (kind) {
    case EventKind::range_start:
      return Callback::start;
    case EventKind::range_end:
      return Callback::end;
    case EventKind::secondary_tlb:
      return Callback::sec_tlb;
    case EventKind::change_pte:
      return Callback::change_pte;
    case EventKind::clear_flush_young:
      return Callback::clear_flush_young;
    case EventKind::clear_young:
      return Callback::clear_young;
    case EventKind::test_young:
      return Callback::test_young;
    case EventKind::released:
      return Callback::release;
    case EventKind::interval_invalidate:
      return Callback::interval;
    case EventKind::interval_finish:
      return Callback::interval_finish;
    case EventKind::tlb_flush:
      return Callback::cpu_flush;
    case EventKind::tlb_flush_batch:
      return Callback::cpu_flush_batch;
    case EventKind::frame_freed:
      return Callback::page_free;
    case EventKind::migrate_to_ram:
      return Callback::migrate_to_ram;
    default:
      return std::nullopt;
  }
}

bool has_range_kind(Callback what) {
  return what == Callback::start || what == Callback::end || what == Callback::interval ||
         what == Callback::interval_finish;
}

char lock_of(const model::CallContext& context) {
  using MmapLock = model::CallContext::MmapLock;
  if (context.mmap_lock == MmapLock::write) return 'w';
  return context.mmap_lock == MmapLock::read ? 'r' : '-';
}

// Numbers pages when they are first seen in a window; one that is freed loses its number.
class PageNumbers {
 public:
  std::uint32_t number_of(PageIdentity page) {
    const auto [found, is_new] = numbers_.try_emplace(page, next_);
    if (is_new) ++next_;
    return found->second;
  }
  // The number of the page that was in the frame, if it was seen.
  std::optional<std::uint32_t> forget(model::FrameId frame) {
    const auto first = numbers_.lower_bound({.frame = frame, .generation = 0});
    std::optional<std::uint32_t> number;
    auto last = first;
    for (; last != numbers_.end() && last->first.frame == frame; ++last) number = last->second;
    numbers_.erase(first, last);
    return number;
  }

 private:
  std::map<PageIdentity, std::uint32_t> numbers_;
  std::uint32_t next_ = 0;
};

class Recorder final : public model::Witness, public sim::TraceSink {
 public:
  explicit Recorder(const Case& what) : case_(what), setup_(what.setup()) {
    for (std::uint32_t i = 0; i < what.cell->steps.size(); ++i) {
      for (const model::LineId line : what.cell->steps[i].lines) step_of_line_[line] = i;
    }
  }

  // Between two steps of the world. A call of which nothing was seen has begun in the last one,
  // and found what was there before it.
  void look(const Machine& machine) {
    for (const auto& [line, step] : step_of_line_) {
      using Status = model::LineState::Status;
      if (step >= begun_ && machine.lines[line.index()].status != Status::waiting) begin(step);
    }
    now_ = view(machine, main_mm());
  }
  void finish(const Machine& machine) {
    look(machine);
    begin(case_.cell->steps.size());
  }
  Operation take() { return std::move(operation_); }

  void saw(const Machine& machine, const model::Event& event, model::TaskId) override {
    if (const auto step = step_of_line_.find(event.line); step != step_of_line_.end()) {
      if (step->second >= begun_) begin(step->second);
    }
    if (event.kind == EventKind::range_returned) return release_start();
    const auto what = callback_of(event.kind);
    if (!what || operation_.steps.empty()) return;
    const bool of_interval = *what == Callback::interval || *what == Callback::interval_finish;
    if (!of_interval) release_start();
    if (*what == Callback::page_free) return free_pages(event);
    auto seen = seen_event(machine, event, *what);
    if (!seen) return;
    seen->within = function_of(event.context);
    // The callbacks of interval notifiers come first, and the first one sees what is new.
    if (of_interval && held_ && held_->view) std::swap(seen->view, held_->view);
    if (*what == Callback::start) {
      held_ = *seen;
    } else {
      operation_.steps.back().events.push_back(*seen);
    }
  }

  void write(const sim::Record& record) override {
    const model::Event event = model::from_record(record);
    if (event.kind != EventKind::returned) return;
    const auto found = step_of_line_.find(event.line);
    if (found == step_of_line_.end() || found->second >= operation_.steps.size()) return;
    Step& step = operation_.steps[found->second];
    using Kind = model::Result::Kind;
    if (event.detail == static_cast<std::uint8_t>(Kind::error)) step.error = event.value;
    if (event.detail == static_cast<std::uint8_t>(Kind::signal)) {
      step.signal = signal_name(event.value);
    }
  }

 private:
  // Each page of the folio that was seen.
  void free_pages(const model::Event& event) {
    for (std::uint32_t i = 0; i < std::uint32_t{1} << event.value; ++i) {
      const auto number = pages_.forget(model::FrameId{event.frame.value + i});
      if (!number) continue;
      operation_.steps.back().events.push_back(
          {.what = Callback::page_free, .page = *number, .order = event.value});
    }
  }

  model::MmId main_mm() const {
    return setup_.windows.empty() ? model::MmId{} : setup_.windows.front().mm;
  }

  // Steps up to that one have begun; the last of them goes on.
  void begin(std::size_t step) {
    release_start();
    if (!operation_.steps.empty()) operation_.steps.back().after = now_;
    for (; begun_ <= step && begun_ < case_.cell->steps.size(); ++begun_) {
      Step next{.text = case_.cell->steps[begun_].text, .error = 0, .signal = {}};
      next.before = now_;
      if (begun_ < step) next.after = now_;
      operation_.steps.push_back(std::move(next));
      last_ = now_;
    }
  }

  void release_start() {
    if (held_ && !operation_.steps.empty()) operation_.steps.back().events.push_back(*held_);
    held_.reset();
  }

  // 1: the windows' process. 2, 3: those that are seen as well. None: nobody looks.
  std::optional<std::uint32_t> number_of(model::MmId mm) const {
    if (mm == main_mm()) return 1;
    for (std::uint32_t i = 0; i < case_.cell->also_seen.size(); ++i) {
      if (case_.cell->also_seen[i] == mm) return 2;
    }
    return std::nullopt;
  }

  View view(const Machine& machine, model::MmId mm) {
    View all;
    for (const model::WindowSetup& window : setup_.windows) {
      std::vector<Entry>& entries = all.emplace_back();
      for (std::uint32_t i = 0; i < window.count; ++i) {
        const model::Page page{window.first.value + i * window.stride};
        const WindowEntry entry = window_entry(machine, mm, page);
        std::optional<std::uint32_t> number;
        if (entry.page) number = pages_.number_of(*entry.page);
        entries.push_back({.before = entry.before, .page = number, .after = entry.after});
      }
    }
    return all;
  }

  // Memory of the program that is not looked at: records leave it out.
  bool is_far(model::PageRange pages) const {
    constexpr std::int64_t far = 1 << 18;  // Pages: 1 GiB.
    if (pages.count == 0 || pages.count >= all_pages) return false;
    return std::ranges::none_of(setup_.windows, [&](const model::WindowSetup& window) {
      const std::int64_t first = window.first.value;
      return std::int64_t{pages.first.value} < first + far &&
             std::int64_t{pages.end().value} > first - far;
    });
  }

  // Ranges are said relative to the window that they are nearest to.
  Extent extent_of(model::PageRange pages) const {
    if (pages.count >= all_pages) return {.of = Extent::Of::all};
    const std::int64_t start = pages.first.value;
    std::size_t nearest = 0;
    std::int64_t best = std::numeric_limits<std::int64_t>::max();
    for (std::size_t i = 0; i < setup_.windows.size(); ++i) {
      const std::int64_t distance = std::abs(start - std::int64_t{setup_.windows[i].first.value});
      if (distance >= best) continue;
      best = distance;
      nearest = i;
    }
    const std::int64_t base = setup_.windows.empty() ? 0 : setup_.windows[nearest].first.value;
    return {.of = nearest == 0 ? Extent::Of::first : Extent::Of::second,
            .start = start - base,
            .end = start - base + pages.count};
  }

  std::optional<Event> seen_event(const Machine& machine, const model::Event& event,
                                  Callback what) {
    Event seen{.what = what};
    if (what == Callback::cpu_flush_batch) return seen;
    const auto mm = number_of(event.mm);
    if (!mm) return std::nullopt;
    // Whoever was released hears no more; interval notifiers and flushes go on.
    const bool hears = what == Callback::interval || what == Callback::interval_finish ||
                       what == Callback::cpu_flush || what == Callback::release;
    if (machine.notifiers[event.mm.index()].released && !hears) return std::nullopt;
    if (deaf_.contains(event.mm)) return std::nullopt;
    if (what == Callback::release && machine.spaces[event.mm.index()].alive) deaf_.insert(event.mm);
    if (is_far(event.pages)) return std::nullopt;
    seen.mm = *mm;
    seen.pages = extent_of(event.pages);
    if (has_range_kind(what)) seen.kind = notifier_event_name(event.detail);
    seen.blockable = !event.context.nonblock;
    seen.owner = event.context.owner;
    seen.atomic = event.context.atomic;
    seen.lock = lock_of(event.context);
    seen.freed_tables = event.context.freed_tables;
    if (what == Callback::cpu_flush) seen.shift = event.value;
    if (what == Callback::migrate_to_ram) seen.mm = 1;  // The driver does not say whose.
    seen.interval = event.mr.value;
    if (what == Callback::interval) seen.sequence = event.value;
    View view_now = view(machine, event.mm);
    if (what == Callback::migrate_to_ram) return seen;  // It has no mm to look at.
    if (event.mm != main_mm()) {                        // Of others every view is told.
      seen.view = std::move(view_now);
    } else if (view_now != last_) {
      last_ = view_now;
      seen.view = std::move(view_now);
    }
    return seen;
  }

  const Case& case_;
  const model::Setup& setup_;
  std::map<model::LineId, std::size_t> step_of_line_;
  PageNumbers pages_;
  Operation operation_;
  std::size_t begun_ = 0;       // So many steps have.
  View now_;                    // Between two steps of the world.
  View last_;                   // That was written down.
  std::set<model::MmId> deaf_;  // Nobody is registered any more, though they live.
  std::optional<Event> held_;   // A start, until the callbacks of interval notifiers are over.
};

}  // namespace

Recording record_model(const Case& what, std::uint64_t seed, std::uint64_t steps_max) {
  Recorder recorder(what);
  model::World world(what.setup(), sim::Order::by_time);
  world.set_witness(&recorder);
  sim::SeededChooser chooser(seed);
  Recording recording;
  for (std::uint64_t steps = 0; steps_max == 0 || steps < steps_max; ++steps) {
    recorder.look(world.machine());
    if (world.step({.chooser = chooser, .trace = recorder})) continue;
    recording.at_rest = true;
    break;
  }
  recorder.finish(world.machine());
  recording.operation = recorder.take();
  recording.operation.name = what.setup().name;
  return recording;
}

}  // namespace cli::conform
