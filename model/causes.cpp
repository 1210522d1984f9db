// SPDX-License-Identifier: Apache-2.0
#include "model/causes.hpp"

#include <algorithm>

namespace model {

bool is_invalidation(EventKind kind) {
  switch (kind) {
    case EventKind::range_start:
    case EventKind::released:
    case EventKind::pte_cleared:
    case EventKind::pte_protected:
    case EventKind::tlb_flush:
    case EventKind::tlb_flush_batch:
    case EventKind::secondary_tlb:
    case EventKind::invalidate_page:
    case EventKind::change_pte:
    case EventKind::interval_invalidate:
    case EventKind::cpu_flush:
    case EventKind::pfn_cleared:
    case EventKind::device_flush:
    case EventKind::iotlb_flush:
    case EventKind::shootdown:
    case EventKind::card_unmapped:
    case EventKind::rcache_invalidated:
      return true;
    default:
      return false;
  }
}

bool is_fault(EventKind kind) {
  switch (kind) {
    case EventKind::dev_fault:
    case EventKind::dev_retry:
    case EventKind::dma_refused:
    case EventKind::migrate_to_ram:
    case EventKind::activate:
    case EventKind::handle_failed:
    case EventKind::sigbus:
      return true;
    default:
      return false;
  }
}

void Causes::taken(sim::Lane lane) {
  taken_ = lane;
  changes_.clear();
}
void Causes::posted(sim::Lane lane, How how) {
  changes_.push_back({.kind = Change::Kind::post, .lane = lane, .how = how});
}
void Causes::cancelled(sim::Lane lane) {
  changes_.push_back({.kind = Change::Kind::cancel, .lane = lane});
}
void Causes::spawned(TaskId task) {
  changes_.push_back({.kind = Change::Kind::spawn, .lane = sim::Lane{4 * task.value}});
}

// The lanes of World: a task has each fourth one.
std::optional<TaskId> Causes::task_of(sim::Lane lane) {
  if (lane.value % 4 != 0) return std::nullopt;
  return TaskId{lane.value / 4};
}

Causes::Doing& Causes::doing(TaskId task) {
  if (tasks_.size() <= task.index()) tasks_.resize(task.index() + 1);
  return tasks_[task.index()];
}

Causes::Post Causes::take_post(sim::Lane lane) {
  auto& posts = lanes_[lane.value];
  if (posts.empty()) return {};  // It was there when the run started.
  const Post post = posts.front();
  posts.pop_front();
  return post;
}

void Causes::started(const World& world) {
  const Machine& machine = world.machine();
  tallies_.resize(machine.lines.size() + 1);
  for (std::uint32_t i = 0; i < machine.registrations.size(); ++i) {
    device_tables_.emplace(MrId{i}, [table = machine.registrations[i].table](Page page) {
      return table.at(page).populated();
    });
  }
  for (std::uint32_t i = 0; i < machine.spaces.size(); ++i) {
    page_tables_.emplace(MmId{i}, [table = machine.spaces[i].page_table](Page page) {
      return table.at(page).present();
    });
  }
  begin_stalls(world);
}

void Causes::stepped(const World& world, std::span<const Event> events) {
  now_ = world.now() + world.spent();
  const StepCause cause = cause_of(world, events);
  steps_.push_back(cause);
  if (cause.task.some()) {
    Doing& own = doing(cause.task);
    stalls_.insert(stalls_.end(), own.over.begin(), own.over.end());
    own.over.clear();
    own.last = steps();
    own.ready = now_;
    own.begun = cause.begun;
    own.operation = cause.operation;
  }
  stalls_end_.push_back(stalls_.size());
  for (const Change& change : changes_) apply(change, world);
  changes_.clear();
  begin_stalls(world);
  take_note(world, events);
}

StepCause Causes::cause_of(const World& world, std::span<const Event> events) {
  const Post post = take_post(taken_);
  const auto called = std::ranges::find(events, EventKind::call, &Event::kind);
  const LineId line = called == events.end() ? LineId{} : called->line;
  if (const auto task = task_of(taken_)) return cause_of_task(world, *task, post, line);
  StepCause cause{
      .by = post.step, .operation = steps_[post.step].operation, .begun = steps_.size()};
  if (post.step == 0) return cause;
  cause.kind = post.how == How::sent        ? CauseKind::message
               : post.how == How::interrupt ? CauseKind::interrupt
                                            : CauseKind::timer;
  return cause;
}

StepCause Causes::cause_of_task(const World& world, TaskId task, Post post, LineId called) {
  const std::uint64_t number = steps_.size();
  const Doing& own = doing(task);
  if (called.some()) {
    return {.kind = CauseKind::call, .task = task, .operation = called, .begun = number};
  }
  if (own.last == 0 && own.spawned_by != 0) {
    return {.kind = CauseKind::spawn,
            .by = own.spawned_by,
            .task = task,
            .operation = own.operation,
            .begun = number};
  }
  // A worker that serves one request after the other says for whom.
  const LineId line = world.machine().tasks[task.index()].line;
  StepCause cause{.kind = own.last == 0 ? CauseKind::start : CauseKind::order,
                  .by = own.last,
                  .task = task,
                  .operation = line.some() ? line : own.operation,
                  .begun = own.last == 0 ? number : own.begun};
  if (post.how != How::woken || post.step <= own.last) return cause;
  cause.kind = CauseKind::wake;
  cause.by = post.step;
  // kswapd sleeps until somebody takes too much: it works for whoever that is.
  const bool slept = own.over.empty();
  if (!slept) return cause;
  cause.operation = steps_[post.step].operation;
  cause.begun = number;
  return cause;
}

void Causes::apply(const Change& change, const World& world) {
  const auto task = task_of(change.lane);
  auto& posts = lanes_[change.lane.value];
  switch (change.kind) {
    case Change::Kind::post:
      posts.push_back({.step = steps(), .how = change.how});
      if (change.how == How::sent) ++tally(steps_.back().operation).messages;
      if (change.how == How::interrupt) ++tally(steps_.back().operation).interrupts;
      if (task && change.how == How::woken) end_stall(doing(*task), world);
      return;
    case Change::Kind::cancel:
      posts.clear();
      return;
    case Change::Kind::spawn:
      posts.clear();
      doing(*task) = {.spawned_by = steps(), .operation = steps_.back().operation};
      return;
  }
}

void Causes::begin_stalls(const World& world) {
  const std::vector<Blocked> all = world.blocked();
  for (std::uint32_t i = 0; i < tasks_.size(); ++i) {  // Who is dead waits for nothing.
    const bool waits = std::ranges::find(all, TaskId{i}, &Blocked::task) != all.end();
    if (!waits) tasks_[i].open.reset();
  }
  for (const Blocked& blocked : all) {
    Doing& waiting = doing(blocked.task);
    if (waiting.open) continue;
    waiting.open = Stall{.task = blocked.task,
                         .operation = waiting.operation,
                         .wait = blocked.wait,
                         .since = steps()};
    waiting.stalled_at = std::max(now_, waiting.ready);
  }
}

void Causes::end_stall(Doing& waiting, const World& world) {
  if (!waiting.open) return;
  Stall stall = *waiting.open;
  waiting.open.reset();
  stall.until = steps();
  const sim::Nanoseconds now = world.now() + world.spent();
  stall.length = now > waiting.stalled_at ? now - waiting.stalled_at : 0;
  waiting.over.push_back(stall);
  const auto add = [&](Tally::Waiting& to) {
    ++to.count;
    to.steps += stall.until - stall.since;
    to.time += stall.length;
  };
  const LineId by = steps_.back().operation;
  add(tally(stall.operation).waits);
  if (by != stall.operation) add(tally(by).stalls);
}

std::span<const Stall> Causes::stalls_before(std::uint64_t step) const {
  if (step == 0) return {};
  const std::span<const Stall> all(stalls_);
  return all.subspan(stalls_end_[step - 1], stalls_end_[step] - stalls_end_[step - 1]);
}

std::vector<Stall> Causes::open_stalls() const {
  std::vector<Stall> open;
  for (const Doing& task : tasks_) {
    if (task.open) open.push_back(*task.open);
  }
  return open;
}

void Causes::take_note(const World& world, std::span<const Event> events) {
  of_events_.clear();
  for (const Event& event : events) {
    std::optional<EventCause> cause;
    if (is_invalidation(event.kind) || is_fault(event.kind)) cause = cause_of_event(world, event);
    of_events_.push_back(cause);
    if (cause) count(event, *cause);
    note_table(event);
    note_pin(world, event);
  }
}

void Causes::note_table(const Event& event) {
  const std::uint64_t step = steps();
  switch (event.kind) {
    case EventKind::pfn_installed:
      return device_tables_[event.mr].added(event.pages, step);
    case EventKind::pfn_cleared:
      return device_tables_[event.mr].removed(event.pages, step);
    case EventKind::pte_set:
      return page_tables_[event.mm].added(event.pages, step);
    case EventKind::pte_cleared:
    case EventKind::pte_protected:
      return page_tables_[event.mm].removed(event.pages, step);
    case EventKind::range_start:
      ranges_[event.mm].emplace_back(event.pages, step);
      return;
    default:
      return;
  }
}

// The oldest pin of a frame is the first that ends: which one it is does not matter to their sum.
void Causes::note_pin(const World& world, const Event& event) {
  const sim::Nanoseconds now = world.now();
  if (event.kind == EventKind::page_pinned) {
    pins_[event.frame].push_back(
        {.operation = steps_.back().operation, .step = steps(), .at = now});
    ++tally(steps_.back().operation).pins.count;
  }
  if (event.kind != EventKind::page_unpinned) return;
  std::vector<Pin>& pins = pins_[event.frame];
  if (pins.empty()) return;  // Pinned by init.
  Tally::Waiting& pinned = tally(pins.front().operation).pins;
  pinned.steps += steps() - pins.front().step;
  pinned.time += now - pins.front().at;
  pins.erase(pins.begin());
}

// What is pinned still is so until now.
std::vector<Tally> Causes::tallies() const {
  std::vector<Tally> all = tallies_;
  for (const auto& [frame, pins] : pins_) {
    for (const Pin& pin : pins) {
      Tally& tally = pin.operation.some() ? all[pin.operation.index()] : all.back();
      tally.pins.steps += steps() - pin.step;
      tally.pins.time += now_ - pin.at;
    }
  }
  return all;
}

void Causes::count(const Event& event, const EventCause& cause) {
  switch (event.kind) {
    case EventKind::range_start: {
      Tally& own = tally(cause.operation);
      ++own.invalidations;
      own.pages += event.pages.count;
      return;
    }
    case EventKind::pfn_cleared:
    case EventKind::device_flush:
    case EventKind::iotlb_flush:
      ++tally(cause.operation).drops;
      return;
    case EventKind::dev_fault:
      ++tally(cause.operation).faults;
      return;
    default:
      return;
  }
}

// Where the task, or the message, has begun.
EventCause Causes::root_of(std::uint64_t step) const {
  const StepCause& first = steps_[steps_[step].begun];
  const bool itself = first.kind == CauseKind::call || first.by == 0;
  return {.kind = first.kind,
          .step = itself ? steps_[step].begun : first.by,
          .operation = steps_[step].operation};
}

EventCause Causes::cause_of_event(const World& world, const Event& event) const {
  if (event.kind == EventKind::dev_fault) {
    if (const auto step = remover_of(world, event)) {
      return {.kind = CauseKind::dropped, .step = *step, .operation = steps_[*step].operation};
    }
  }
  if (event.kind == EventKind::dev_retry) {
    if (const auto step = change_of(event)) {
      return {.kind = CauseKind::changed, .step = *step, .operation = steps_[*step].operation};
    }
  }
  return root_of(steps());
}

std::optional<std::uint64_t> Causes::remover_of(const World& world, const Event& fault) const {
  const Page page = fault.pages.first;
  if (world.machine().is(fault.adapter, AdapterSetup::Kind::sva)) {
    const auto table = page_tables_.find(fault.mm);
    return table == page_tables_.end() ? std::nullopt : table->second.remover(page);
  }
  const auto table = device_tables_.find(fault.mr);
  return table == device_tables_.end() ? std::nullopt : table->second.remover(page);
}

std::optional<std::uint64_t> Causes::change_of(const Event& retry) const {
  const auto ranges = ranges_.find(retry.mm);
  if (ranges == ranges_.end()) return std::nullopt;
  for (auto range = ranges->second.rbegin(); range != ranges->second.rend(); ++range) {
    if (range->first.overlaps(retry.pages)) return range->second;
  }
  return std::nullopt;
}

}  // namespace model
