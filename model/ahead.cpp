// SPDX-License-Identifier: Apache-2.0
// The part of World that runs ahead: accesses of a load that hit a TLB, and that are over before
// anything else happens, are carried out one after the other, without an event for each. What comes
// of it is the same.
#include <array>
#include <limits>

#include "model/world.hpp"

namespace model {

namespace {

constexpr std::array judged_of_transfers{
    Property::use_after_free, Property::foreign_access, Property::stale_translation,
    Property::fork_leak,      Property::lost_update,    Property::write_without_permission,
    Property::unmarked_write};

// Accesses in one step: limits and interrupts are looked at between steps.
constexpr std::uint32_t most_ahead = 1U << 18;

bool is_speculative(const AdapterSetup& adapter) {
  return std::visit([](const auto& policy) { return policy.signature_page().has_value(); },
                    adapter.policy);
}

}  // namespace

// Nobody looks in between: the claims are such as only events can break, and nobody waits for one
// of these.
void World::decide_running_ahead() {
  const Observed& observed = machine_.observed;
  const bool always = std::ranges::any_of(
      setup().claims, [](const Claim& claim) { return claim.kind == Claim::Kind::always; });
  constexpr std::array costs{Cost::memory_access, Cost::device_tlb, Cost::dma_page};
  const bool drawn = std::ranges::any_of(setup().varying, [&](const Distribution& distribution) {
    return std::ranges::find(costs, distribution.cost) != costs.end();
  });
  runs_ahead_ = !drawn && !jobs_.empty() && !always && setup().monitors.empty() &&
                setup().points.empty() && !observed.asks(Property::reordered_read) &&
                !observed.asks(Property::missed_use) &&
                std::ranges::none_of(setup().adapters, is_speculative);
  judges_transfers_ = std::ranges::any_of(
      judged_of_transfers, [&](Property property) { return observed.asks(property); });
}

// False: the operation that the slot is about to begin needs a step as any other.
bool World::run_ahead(TaskId task, sim::Turn turn) {
  const std::uint32_t slot = slot_of(task);
  if (!std::as_const(actors_)[task.index()].stack.frames.empty() || machine_.killed(task)) {
    return false;
  }
  const WorkloadSetup& load = load_of(task);
  const sim::Nanoseconds horizon =
      events_.empty() ? std::numeric_limits<sim::Nanoseconds>::max() : events_.next_due();
  sim::Nanoseconds at = events_.now();
  const bool alike = load.operations.size() == 1 && jobs_.is_simple(slot, load) &&
                     setup().programs[task.index()].adapter.some();
  if (alike && !judges_transfers_ && !turn.trace.wanted()) {
    at = transfer_many(task, load, at, horizon, turn.chooser);
  } else {
    for (std::uint32_t made = 0; at < horizon && made < most_ahead; ++made) {
      if (!jobs_.is_simple(slot, load)) break;
      const Ahead done = ahead(task, load, at, horizon, turn.trace);
      if (!done.done) break;
      at += done.duration;
      jobs_.returned(slot, load, false);
      if (meter_ != nullptr) meter_->completed(jobs_.slot(slot), at, Result::success());
      const auto next = jobs_.next(slot, load, setup().load.run, at, turn.chooser);
      if (!next) break;
      at = *next;
    }
  }
  if (at == events_.now()) return jobs_.slot(slot).over;
  events_.post_at(lane_of(task), at, Resume{});
  return true;
}

World::Ahead World::ahead(TaskId task, const WorkloadSetup& load, sim::Nanoseconds at,
                          sim::Nanoseconds horizon, sim::TraceSink& trace) {
  const Jobs::Slot& slot = jobs_.slot(slot_of(task));
  const Call& call = load.operations[slot.operation].calls.front();
  switch (call.verb) {
    case Verb::read_once:
    case Verb::write_once:
      return load_or_store(task, call, call.pages.at(slot.block), at, trace);
    case Verb::dma_read:
    case Verb::dma_write:
      return transfer(task, call, slot.block, at, horizon, trace);
    default:
      return {};
  }
}

// Access::perform(), if the TLB of the CPU has the page.
World::Ahead World::load_or_store(TaskId task, const Call& call, Page page, sim::Nanoseconds at,
                                  sim::TraceSink& trace) {
  const Machine& machine = machine_;
  const bool write = call.verb == Verb::write_once;
  const TlbEntry* hit = machine.cpus[machine.tasks[task.index()].cpu.index()].find(call.mm, page);
  if (hit == nullptr || (write && !hit->write) || !machine.xpmem.empty()) return {};
  const FrameId id = hit->frame_of(page);
  Frame& frame = machine_.frames[id];
  if (frame.generation != hit->generation) return {};
  if (write) frame.value = call.number;
  const sim::Nanoseconds duration = setup().cost(Cost::memory_access);
  const EventKind kind = write ? EventKind::cpu_write : EventKind::cpu_read;
  if (meter_ != nullptr) meter_->saw_access(kind, duration, at);
  const Ahead done{.done = true, .duration = duration};
  if (!trace.wanted()) return done;
  show_ahead({.kind = EventKind::call, .mm = call.mm}, task, at, trace);
  show_ahead({.kind = kind,
              .detail = write,
              .mm = call.mm,
              .pages = one_page(page),
              .frame = id,
              .generation = hit->generation,
              .value = frame.value},
             task, at, trace);
  show_ahead({.kind = EventKind::returned,
              .detail = static_cast<std::uint8_t>(Result::Kind::value),
              .mm = call.mm,
              .value = write ? 0 : frame.value},
             task, at, trace);
  return done;
}

World::Transfers World::transfers_of(const Call& call) {
  const Machine& machine = machine_;
  const Result& object = machine.variables[call.target.variable.index()];
  if (object.kind != Result::Kind::object) return {};
  const AdapterSetup& card = setup().adapters[call.adapter.index()];
  const Adapter& device = machine.adapters[call.adapter.index()];
  const Registration& region = machine.registrations[object.number];
  const bool write = call.verb == Verb::dma_write;
  const bool plain = card.kind == AdapterSetup::Kind::rnic && !device.hung && !device.blocked &&
                     region.live && !region.stopped && (!write || region.write);
  return {.possible = plain,
          .write = write,
          .asks = write && card.check_write,
          .mr = MrId{object.number},
          .adapter = call.adapter,
          .first = region.pages.at(call.target.offset.first.value),
          .value = call.number,
          .look = setup().cost(Cost::device_tlb),
          .move = setup().cost(Cost::dma_page)};
}

// Dma, if the adapter's TLB or its PFN table has the page: where it leads to. None: otherwise.
[[gnu::always_inline]] inline FrameId World::translate_ahead(const Transfers& run,
                                                             const Adapter& device, Page page) {
  const DeviceTlbEntry* hit = device.tlb.find(TlbPlace{run.mr.value, page.value, TaskId{}.value});
  PfnEntry walked;
  const PfnEntry* target = &walked;
  if (hit != nullptr && (!run.asks || hit->target.write)) {
    target = &hit->target;
  } else {
    walked = walk_ahead(run, page, hit != nullptr);
    if (!walked.populated()) return {};
  }
  const Frame& frame = std::as_const(machine_).frames[target->frame];
  return frame.generation == target->generation ? target->frame : FrameId{};
}

World::Ahead World::transfer(TaskId task, const Call& call, std::uint32_t block,
                             sim::Nanoseconds at, sim::Nanoseconds horizon, sim::TraceSink& trace) {
  const Transfers run = transfers_of(call);
  const sim::Nanoseconds landed = at + run.look + run.move;
  if (!run.possible || landed >= horizon) return {};
  const Page page{run.first.value + block};
  const Adapter& device = std::as_const(machine_).adapters[run.adapter.index()];
  const FrameId target = translate_ahead(run, device, page);
  if (!target.some()) return {};
  Frame& frame = machine_.frames[target];
  const EventKind kind = run.write ? EventKind::dma_write : EventKind::dma_read;
  if (meter_ != nullptr) {
    meter_->saw_transfers(kind, run.look, run.move, meter_->counts(at) ? 1 : 0,
                          meter_->counts(landed) ? 1 : 0);
  }
  if (judges_transfers_ || trace.wanted()) {
    const Registration& region = std::as_const(machine_).registrations[run.mr.index()];
    tell_transfer(task,
                  {.kind = kind,
                   .detail = run.write,
                   .mm = region.mm,
                   .pages = one_page(page),
                   .mr = run.mr,
                   .adapter = run.adapter,
                   .frame = target,
                   .generation = frame.generation,
                   .value = run.write ? run.value : frame.value},
                  at, landed, trace);
  }
  if (run.write) frame.value = run.value;
  return {.done = true, .duration = landed - at};
}

// The same, one after the other, where nobody is told of a single one. Gives the time at which
// there was another operation to begin.
sim::Nanoseconds World::transfer_many(TaskId task, const WorkloadSetup& load, sim::Nanoseconds at,
                                      sim::Nanoseconds horizon, sim::Chooser& chooser) {
  const Transfers run = transfers_of(load.operations.front().calls.front());
  if (!run.possible) return at;
  Jobs::Alike alike = jobs_.alike(slot_of(task), load, setup().load.run, chooser);
  const Adapter& device = std::as_const(machine_).adapters[run.adapter.index()];
  const sim::Nanoseconds duration = run.look + run.move;
  std::uint64_t begun = 0;  // While it is measured; and those that end then, of which
  std::uint64_t landed = 0;
  std::uint64_t waited = 0;  // some were due earlier than they began.
  sim::Nanoseconds ended = 0;
  for (std::uint32_t made = 0; at + duration < horizon && made < most_ahead; ++made) {
    const FrameId target = translate_ahead(run, device, Page{run.first.value + alike.slot.block});
    if (!target.some()) break;
    if (run.write) machine_.frames[target].value = run.value;
    ended = at + duration;
    if (meter_ != nullptr) {
      begun += meter_->counts(at) ? 1 : 0;
      landed += meter_->counts(ended) ? 1 : 0;
      if (alike.slot.since != at) {
        waited += meter_->counts(ended) ? 1 : 0;
        meter_->completed(alike.slot, ended, Result::success());
      }
    }
    at = ended;
    if (!alike.next(at)) break;
    at = std::max(at, alike.slot.since);
  }
  if (meter_ != nullptr && begun + landed > 0) {
    const EventKind kind = run.write ? EventKind::dma_write : EventKind::dma_read;
    meter_->saw_transfers(kind, run.look, run.move, begun, landed);
    if (landed > waited) meter_->completed(alike.slot, ended, duration, landed - waited);
  }
  return at;
}

// What Dma::translate() does when the TLB has not got it.
PfnEntry World::walk_ahead(const Transfers& run, Page page, bool cached) {
  PfnEntry target = std::as_const(machine_).registrations[run.mr.index()].table.at(page);
  if (!target.populated() || (run.asks && !target.write)) return {};
  if (!target.young) {
    target.young = true;
    machine_.registrations[run.mr.index()].table.set(page, target);
  }
  Adapter& device = machine_.adapters[run.adapter.index()];
  if (cached) device.tlb.flush(run.mr, one_page(page));
  device.tlb.fill({.mr = run.mr, .page = page, .target = target},
                  setup().adapters[run.adapter.index()].tlb_entries);
  return target;
}

// The event is that of the landing.
void World::tell_transfer(TaskId task, Event event, sim::Nanoseconds at, sim::Nanoseconds landed,
                          sim::TraceSink& trace) {
  if (judges_transfers_) break_properties(judge(machine_, event, task));
  if (!trace.wanted()) return;
  show_ahead({.kind = EventKind::call, .mm = event.mm}, task, at, trace);
  Event start = event;
  start.kind = EventKind::dma_start;
  start.value = 0;
  show_ahead(start, task, at, trace);
  show_ahead(event, task, landed, trace);
  show_ahead({.kind = EventKind::half}, task, landed, trace);
  show_ahead({.kind = EventKind::returned,
              .detail = static_cast<std::uint8_t>(Result::Kind::value),
              .mm = event.mm,
              .value = event.detail != 0 ? 0 : event.value},
             task, landed, trace);
}

void World::show_ahead(Event event, TaskId task, sim::Nanoseconds at, sim::TraceSink& trace) const {
  event.line = setup().programs[task.index()].lines.front();
  sim::Record record = to_record(event, task);
  record.at = at;
  trace.write(record);
}

}  // namespace model
