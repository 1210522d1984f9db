// SPDX-License-Identifier: Apache-2.0
#include "model/flow/context.hpp"

#include "model/flow/all.hpp"
#include "model/flow/paging.hpp"
#include "sim/check.hpp"

namespace model {

Next Context::call(const Flow& flow) {
  task().result = Result::success();
  stack_.frames.push_back(flow);
  return Next::call;
}

Next Context::done(Result result) {
  task().result = result;
  return Next::done;
}

Next Context::give(Result result) {
  task().result = result;
  return Next::give;
}

void Context::take(LockId id, LockMode mode) {
  Lock& lock = machine.lock(id);
  check(lock.available(mode));
  lock.take(mode, self);
  effects_.changed.push_back({Wait::Kind::lock, id.kind, id.index});
}

void Context::release(LockId id) {
  if (id.kind == LockKind::folio) {
    check(frame(FrameId{id.index}).locked_by == self);
    frame(FrameId{id.index}).locked_by = TaskId{};
  } else {
    check(machine.lock(id).held_by(self));
    machine.lock(id).release(self);
  }
  effects_.changed.push_back({Wait::Kind::lock, id.kind, id.index});
}

void Context::lock_folio(FrameId id) {
  check(!frame(id).locked_by.some());
  frame(id).locked_by = self;
  effects_.changed.push_back({Wait::Kind::lock, LockKind::folio, id.value});
}

void Context::downgrade(LockId id) {
  machine.lock(id).downgrade(self);
  effects_.changed.push_back({Wait::Kind::lock, id.kind, id.index});
}

void Context::emit(Event event) {
  event.line = line;
  effects_.broken |= judge(machine, event, self);
  observe(machine, event, self);
  effects_.events.push_back(event);
  if (effects_.witness == nullptr) return;
  if (event.mm.some()) {
    const AddressSpace& space = machine.spaces[event.mm.index()];
    using MmapLock = CallContext::MmapLock;
    event.context.mmap_lock = space.mmap_lock.writer.some()      ? MmapLock::write
                              : !space.mmap_lock.readers.empty() ? MmapLock::read
                                                                 : MmapLock::none;
    event.context.atomic =
        event.context.atomic || (self.some() && space.page_table_lock.held_by(self));
  }
  event.context.within = callers();
  effects_.witness->saw(machine, event, self);
}

// Brackets and flushes say less than who asked for them.
std::array<std::uint32_t, 3> Context::callers() const {
  std::array<std::uint32_t, 3> within{};
  std::size_t count = 0;
  for (auto flow = stack_.frames.rbegin(); flow != stack_.frames.rend(); ++flow) {
    const bool bracket = std::holds_alternative<RangeStart>(flow->body) ||
                         std::holds_alternative<RangeEnd>(flow->body) ||
                         std::holds_alternative<TlbFlush>(flow->body) ||
                         std::holds_alternative<PolicyCall>(flow->body);
    if (bracket) continue;
    within[count++] = flow_of(step_number(*flow, machine)) + 1;
    if (count == within.size()) break;
  }
  return within;
}

void Context::spend(Cost cost, std::uint64_t times) { effects_.duration += price(cost, times); }

sim::Nanoseconds Context::price(Cost cost, std::uint64_t times) {
  const sim::Nanoseconds duration = setup.price(cost, times, effects_.lot);
  if (effects_.itemized) {
    effects_.spent.push_back({.cost = cost, .times = times, .duration = duration});
  }
  return duration;
}

void Context::pause(sim::Nanoseconds duration) { effects_.duration += duration; }

void Context::changed(Wait::Kind kind, std::uint32_t index) {
  effects_.changed.push_back({.kind = kind, .index = index});
}

void Context::send(HostId from, HostId to, Message message) {
  effects_.sent.push_back({.from = from, .to = to, .message = message});
}

void Context::interrupt(CpuId cpu, MmId mm, PageRange pages, sim::Nanoseconds answered) {
  ++task().ipis;
  effects_.interrupts.push_back({.cpu = cpu,
                                 .mm = mm,
                                 .pages = pages,
                                 .waiting = self,
                                 .after = effects_.duration + answered});
}

void Context::spawn(const Flow& flow, HostId host) {
  effects_.spawned.push_back({.flow = flow, .host = host, .line = line});
}

void Context::set_timer(AttachmentId attachment, sim::Nanoseconds after) {
  effects_.timers.push_back({.of = attachment, .after = after});
}

void Context::cancel_timer(AttachmentId attachment) {
  effects_.timers.push_back({.of = attachment});
}

void Context::set_timer(QpId qp, sim::Nanoseconds after) {
  effects_.timers.push_back({.of = qp, .after = after});
}

void Context::cancel_timer(QpId qp) { effects_.timers.push_back({.of = qp}); }

void Context::stop_tasks(AdapterId adapter) { effects_.stopped.push_back(adapter); }

void Context::end_threads(MmId mm) { effects_.ended = mm; }

void Context::count_pages(std::uint32_t pages) {
  if (!line.some() || !setup.lines[line.index()].counted) return;
  LineState& state = machine.lines[line.index()];
  state.copied = static_cast<std::uint16_t>(state.copied + pages);
}

void Context::count_hit() {
  if (!line.some() || !setup.lines[line.index()].counted) return;
  machine.lines[line.index()].hit = true;
}

void Context::kill_tasks(HostId host) { effects_.killed.push_back(host); }

// Each order once: what is new to it may close a circle.
void Context::note_order(LockClass wanted) {
  const LockClasses held = held_by(machine, self, stack_);
  for (std::uint32_t i = 0; i < lock_class_names.size(); ++i) {
    const auto one = static_cast<LockClass>(i);
    if ((held & bit(one)) == 0 || !machine.observed.locks.add(one, wanted)) continue;
    emit({.kind = EventKind::lock_order,
          .detail = static_cast<std::uint8_t>(one),
          .value = static_cast<std::uint32_t>(wanted)});
  }
}

void Context::might_wait(const Wait& wait) {
  const Observed& observed = std::as_const(machine).observed;
  if (!observed.asks_for_waits()) return;
  const LockClass wanted = class_of(machine, wait, self);
  if (observed.asks(Property::sleep_in_atomic) && sleeps(machine, wait) &&
      in_atomic(machine, self)) {
    emit({.kind = EventKind::sleeps, .value = static_cast<std::uint32_t>(wanted)});
  }
  if (observed.asks(Property::lock_cycle) && wanted != LockClass::count) note_order(wanted);
}

void Context::might_alloc() {
  const Observed& observed = std::as_const(machine).observed;
  if (!self.some()) return;
  if (observed.asks(Property::sleep_in_atomic) && in_atomic(machine, self)) {
    emit({.kind = EventKind::sleeps, .value = static_cast<std::uint32_t>(LockClass::reclaim)});
  }
  if (observed.asks(Property::lock_cycle)) note_order(LockClass::reclaim);
}

bool Context::fails_alloc() {
  // /proc/self/fail-nth is the caller's: a worker on its behalf does not fail.
  if (!line.some() || !self.some() || self.index() >= setup.programs.size()) return false;
  const std::uint16_t wanted = setup.lines[line.index()].injected.fail_nth;
  if (wanted == 0 || machine.lines[line.index()].allocations == wanted) return false;
  LineState& state = machine.lines[line.index()];
  if (++state.allocations < wanted) return false;
  state.alloc_failed = failed_alloc_ = true;
  emit({.kind = EventKind::alloc_failed, .value = wanted});
  return true;
}

bool Context::forget_failed_alloc() {
  if (!line.some() || !std::as_const(machine).lines[line.index()].alloc_failed) return false;
  machine.lines[line.index()].alloc_failed = false;
  return true;
}

void Context::handle_signal() { machine.lines[line.index()].signalled = false; }

std::optional<FrameId> Context::allocate(HostId host, std::uint32_t pages) {
  might_alloc();
  if (fails_alloc()) return std::nullopt;
  const std::optional<FrameId> head =
      pages == 1 ? machine.frames.allocate(host) : machine.frames.allocate(host, pages);
  changed(Wait::Kind::pressure, host.value);
  if (!head) return head;
  const unsigned order = std::as_const(machine).frames[*head].order;
  emit({.kind = EventKind::frame_allocated, .frame = *head, .value = order});
  return head;
}

void Context::put(FrameId any) {
  const FrameId id = machine.frames.head(any);
  const HostId owner = frame(id).host;
  if (frame(id).references == 1) lru_remove(*this, id);
  const unsigned order = frame(id).order;
  const bool pool = frame(id).hugetlb;
  if (!machine.frames.put(id)) return;
  changed(Wait::Kind::pressure, owner.value);
  emit(
      {.kind = pool ? EventKind::pool_freed : EventKind::frame_freed, .frame = id, .value = order});
}

Wait write_lock_wait(MmId mm, bool has_mmap_lock) {
  return Wait::lock(has_mmap_lock ? vma_lock(mm) : mmap_lock(mm), LockMode::write);
}

Wait killable_write_lock_wait(MmId mm, bool has_mmap_lock) {
  const Wait wait = write_lock_wait(mm, has_mmap_lock);
  return has_mmap_lock ? wait : wait.ended_by(Wait::Signals::fatal);
}

bool lock_for_write(Context& c, MmId mm, bool& has_mmap_lock) {
  if (!has_mmap_lock) c.take(mmap_lock(mm), LockMode::write);
  has_mmap_lock = true;
  c.might_wait(Wait::lock(vma_lock(mm), LockMode::write));
  if (!c.machine.lock_available(vma_lock(mm), LockMode::write)) return false;
  c.take(vma_lock(mm), LockMode::write);
  return true;
}

void end_vma_writes(Context& c, MmId mm) {
  if (c.mm(mm).vma_lock.writer == c.self) c.release(vma_lock(mm));
}

void unlock_write(Context& c, MmId mm) {
  end_vma_writes(c, mm);
  c.release(mmap_lock(mm));
}

}  // namespace model
