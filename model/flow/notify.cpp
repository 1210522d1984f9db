// SPDX-License-Identifier: Apache-2.0
#include "model/flow/notify.hpp"

#include "model/flow/all.hpp"

namespace model {
namespace {

PolicyCall callback(Context& c, Hook hook, const NotifierRange& range, MrId mr) {
  const PageRange part = c.registration(mr).pages.intersect(range.pages);
  return {.hook = hook, .mr = mr, .range = range, .pages = part};
}

// invalidate(), which is told the sequence number; range_start() is not.
PolicyCall invalidate(Context& c, const NotifierRange& range, MrId mr) {
  PolicyCall call = callback(c, Hook::range_start, range, mr);
  call.sequence = c.notifier(range.mm).intervals.sequence();
  return call;
}

}  // namespace

void open_range(Context& c, const NotifierRange& range) {
  c.notifier(range.mm).open_range(range, c.self);
  c.changed(Wait::Kind::settled, range.mm.value);
}

void close_range(Context& c, const NotifierRange& range) {
  c.notifier(range.mm).close_range(range, c.self);
  c.changed(Wait::Kind::settled, range.mm.value);
}

void end_intervals(Context& c, MmId mm) {
  if (!c.notifier(mm).intervals.end()) return;
  for (std::uint32_t mr = 0; mr < c.machine.registrations.size(); ++mr) {
    c.changed(Wait::Kind::readable, mr);
    c.changed(Wait::Kind::unwatched, mr);
  }
}

Next RangeStart::run(Context& c) {
  Subscriptions& notifier = c.notifier(range.mm);
  const auto value = static_cast<Value>(range.event);
  switch (step) {
    case Step::enter:  // mn_itree_inv_start_range(), under the subscriptions' spinlock.
      open_range(c, range);
      c.emit(
          {.kind = EventKind::range_start, .mm = range.mm, .pages = range.pages, .value = value});
      notifier.intervals.start(range.pages);
      step = Step::interval;
      return Next::pass;
    case Step::interval: {
      const auto hits = notifier.intervals.hits(range.pages);
      if (cursor == hits.size()) {
        step = Step::listener;
        return Next::pass;
      }
      c.spend(Cost::range_start);
      step = Step::interval_done;
      return c.call({invalidate(c, range, hits[cursor++])});
    }
    case Step::interval_done:
      if (!c.task().result.ok()) {  // mn_itree_invalidate(): only its own bracket is undone.
        end_intervals(c, range.mm);
        close_range(c, range);
        c.emit({.kind = EventKind::range_refused, .mm = range.mm, .pages = range.pages});
        return c.done(Result::error(EAGAIN));
      }
      step = Step::interval;
      return Next::pass;
    case Step::listener: {
      const MrId mr = notifier.next_listener(listener);
      if (!mr.some()) return refused ? refuse(c) : finish(c);
      listener = mr;
      c.spend(Cost::range_start);
      step = Step::listener_done;
      return c.call({callback(c, Hook::range_start, range, mr)});
    }
    case Step::listener_done:  // The others are called all the same.
      refused = refused || !c.task().result.ok();
      step = Step::listener;
      return Next::pass;
    case Step::unwind: {  // All expect an end, whether they refused or not (c2655835fd8c).
      const MrId mr = notifier.next_listener(listener);
      if (!mr.some() || !c.setup.switches.end_after_refusal) {
        close_range(c, range);
        return c.done(Result::error(EAGAIN));
      }
      listener = mr;
      return c.call({callback(c, Hook::range_end, range, mr)});
    }
  }
  return c.done();
}

Next RangeStart::finish(Context& c) {
  c.notifier(range.mm).range_returned(range, c.self);
  c.emit({.kind = EventKind::range_returned,
          .mm = range.mm,
          .pages = range.pages,
          .value = static_cast<Value>(range.event)});
  return c.done();
}

Next RangeStart::refuse(Context& c) {
  c.emit({.kind = EventKind::range_refused, .mm = range.mm, .pages = range.pages});
  end_intervals(c, range.mm);
  listener = MrId{};
  step = Step::unwind;
  return Next::pass;
}

Next RangeEnd::run(Context& c) {
  Subscriptions& notifier = c.notifier(range.mm);
  switch (step) {
    case Step::enter:
      c.emit({.kind = EventKind::range_end,
              .mm = range.mm,
              .pages = range.pages,
              .value = static_cast<Value>(range.event)});
      close_range(c, range);
      end_intervals(c, range.mm);
      step = Step::listener;
      return Next::pass;
    case Step::listener: {
      const MrId mr = notifier.next_listener(listener);
      if (!mr.some()) return c.done();
      listener = mr;
      return c.call({callback(c, Hook::range_end, range, mr)});
    }
  }
  return c.done();
}

Wait TlbFlush::guard() const {
  return step == Step::wait ? Wait{.kind = Wait::Kind::flushed} : Wait{};
}

Next TlbFlush::run(Context& c) {
  switch (step) {
    case Step::send: {
      const CpuId own = c.task().cpu;
      bool remote = false;
      for (std::uint32_t i = 0; i < c.machine.cpus.size(); ++i) {
        Cpu& cpu = c.machine.cpus[i];
        if (!cpu.caches(mm, pages)) continue;
        if (CpuId{i} == own) {
          cpu.flush(mm, pages);
          c.spend(Cost::tlb_flush_local);
          c.emit({.kind = EventKind::cpu_flush, .mm = mm, .pages = pages, .value = i});
        } else {
          c.interrupt(CpuId{i}, mm, pages);
          remote = true;
        }
      }
      if (!remote) return c.done();
      step = Step::wait;
      return Next::again;
    }
    case Step::wait:
      return c.give();
  }
  return c.done();
}

}  // namespace model
