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
  runs_ahead_ = !jobs_.empty() && !always && setup().monitors.empty() && setup().points.empty() &&
                !observed.asks(Property::reordered_read) && !observed.asks(Property::missed_use) &&
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
  while (at < horizon && jobs_.is_simple(slot, load)) {
    const Ahead done = ahead(task, load, at, horizon, turn.trace);
    if (!done.done) break;
    at += done.duration;
    jobs_.returned(slot, load, false);
    if (meter_ != nullptr) meter_->completed(jobs_.slot(slot), at, Result::success());
    const auto next = jobs_.next(slot, setup().load, at, turn.chooser);
    if (!next) break;
    at = *next;
  }
  if (at == events_.now()) return false;
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

// Dma, if the adapter's TLB or its PFN table has the page.
World::Ahead World::transfer(TaskId task, const Call& call, std::uint32_t block,
                             sim::Nanoseconds at, sim::Nanoseconds horizon, sim::TraceSink& trace) {
  const Machine& machine = machine_;
  const sim::Nanoseconds look = setup().cost(Cost::device_tlb);
  const sim::Nanoseconds move = setup().cost(Cost::dma_page);
  const Result& object = machine.variables[call.target.variable.index()];
  if (object.kind != Result::Kind::object || at + look + move >= horizon) return {};
  const MrId mr{object.number};
  const Registration& region = machine.registrations[mr.index()];
  const AdapterSetup& card = setup().adapters[call.adapter.index()];
  const Adapter& device = machine.adapters[call.adapter.index()];
  const bool write = call.verb == Verb::dma_write;
  const bool plain = card.kind == AdapterSetup::Kind::rnic && !device.hung && !device.blocked &&
                     region.live && !region.stopped && (!write || region.write);
  if (!plain) return {};
  const Page page = region.pages.at(call.target.offset.first.value + block);
  const bool asks = write && card.check_write;
  const DeviceTlbEntry* hit = device.tlb.find(mr, page);
  PfnEntry target = hit == nullptr ? PfnEntry{} : hit->target;
  if (!target.populated() || (asks && !target.write)) {
    target = region.table.at(page);
    if (!target.populated() || (asks && !target.write)) return {};
    if (machine.frames[target.frame].generation != target.generation) return {};
    fill_ahead(call.adapter, mr, page, target);
  }
  Frame& frame = machine_.frames[target.frame];
  if (frame.generation != target.generation) return {};
  const EventKind kind = write ? EventKind::dma_write : EventKind::dma_read;
  if (meter_ != nullptr) meter_->saw_transfer(kind, look, move, at);
  if (judges_transfers_ || trace.wanted()) [[unlikely]] {
    tell_transfer(task,
                  {.kind = kind,
                   .detail = write,
                   .mm = region.mm,
                   .pages = one_page(page),
                   .mr = mr,
                   .adapter = call.adapter,
                   .frame = target.frame,
                   .generation = target.generation,
                   .value = write ? call.number : frame.value},
                  at, at + look + move, trace);
  }
  if (write) frame.value = call.number;
  return {.done = true, .duration = look + move};
}

// What Dma::translate() does after a look into the PFN table.
void World::fill_ahead(AdapterId adapter, MrId mr, Page page, PfnEntry target) {
  if (!target.young) {
    target.young = true;
    machine_.registrations[mr.index()].table.set(page, target);
  }
  Adapter& device = machine_.adapters[adapter.index()];
  if (device.tlb.find(mr, page) != nullptr) device.tlb.flush(mr, one_page(page));
  device.tlb.fill({.mr = mr, .page = page, .target = target},
                  setup().adapters[adapter.index()].tlb_entries);
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
