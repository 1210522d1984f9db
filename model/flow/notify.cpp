// SPDX-License-Identifier: Apache-2.0
#include "model/flow/notify.hpp"

#include "model/flow/all.hpp"
#include "model/policy/driver.hpp"

namespace model {
namespace {

PageRange announced(const Context& c, PageRange pages) {
  if (c.setup.switches.announce_whole || pages.count < 2) return pages;
  return {.first = pages.first, .count = pages.count - 1};
}

bool driver_ages(Context& c, MrId mr, PageRange pages, Aging how) {
  Driver driver(c, {});
  const PageRange part = c.registration(mr).pages.intersect(pages);
  return std::visit([&](const auto& policy) { return policy.young(driver, mr, part, how); },
                    c.machine.policy_of(mr));
}

// Who waits for the end of an invalidation of some interval.
void wake_intervals(Context& c) {
  for (std::uint32_t mr = 0; mr < c.machine.registrations.size(); ++mr) {
    c.changed(Wait::Kind::readable, mr);
    c.changed(Wait::Kind::unwatched, mr);
  }
}

// Intervals that are still on the list, although who has removed them was told otherwise.
void late_removals(Context& c, MmId mm) {
  for (std::uint32_t i = 0; i < c.machine.registrations.size(); ++i) {
    const Registration& region = std::as_const(c.machine).registrations[i];
    if (region.mm != mm || !region.gone || !c.notifier(mm).intervals.contains(MrId{i})) continue;
    c.emit({.kind = EventKind::late_removal, .mm = mm, .mr = MrId{i}});
  }
}

// The next ordinary subscriber that is told of the range.
MrId next_listener(Context& c, const NotifierRange& range, MrId previous) {
  const Subscriptions& notifier = std::as_const(c.machine).notifiers[range.mm.index()];
  MrId mr = notifier.next_listener(previous);
  while (range.by_entry && mr.some() && c.machine.page_told(mr)) mr = notifier.next_listener(mr);
  return mr;
}

// An event of a range, as its subscribers see it.
Event of_range(EventKind kind, const NotifierRange& range) {
  const auto what = static_cast<std::uint8_t>(range.event);
  return {.kind = kind,
          .detail = what,
          .context = {.nonblock = !range.blockable, .owner = range.owner != 0},
          .mm = range.mm,
          .pages = range.pages,
          .value = what};
}

}  // namespace

PolicyCall callback(Context& c, Hook hook, const NotifierRange& range, MrId mr) {
  const Registration& region = std::as_const(c.machine).registrations[mr.index()];
  const bool own = range.owner != 0 && owner_of(region.adapter) == range.owner;
  return {.hook = hook,
          .own = own,
          .current = c.task().mm == range.mm && !c.mm(range.mm).leaving,  // exit_mm() forgets it.
          .mr = mr,
          .range = range,
          .pages = region.pages.intersect(range.pages)};
}

PolicyCall invalidate(Context& c, const NotifierRange& range, MrId mr) {
  PolicyCall call = callback(c, Hook::range_start, range, mr);
  call.sequence = c.notifier(range.mm).intervals.sequence();
  return call;
}

void open_range(Context& c, const NotifierRange& range, bool outside) {
  c.notifier(range.mm).open_range(range, c.self, outside);
  c.changed(Wait::Kind::settled, range.mm.value);
}

void close_range(Context& c, const NotifierRange& range) {
  c.notifier(range.mm).close_range(range, c.self);
  c.changed(Wait::Kind::settled, range.mm.value);
}

MrId finish_intervals(Context& c, const NotifierRange& range, std::uint32_t& cursor) {
  const auto hits = c.notifier(range.mm).intervals.hits(range.pages);
  while (cursor < hits.size()) {
    const MrId mr = hits[cursor++];
    const Registration& region = std::as_const(c.machine).registrations[mr.index()];
    if (!region.two_pass) continue;
    Event event = of_range(EventKind::interval_finish, range);
    event.mr = mr;
    c.emit(event);
    if (region.adapter.some()) return mr;
  }
  return {};
}

void end_intervals(Context& c, MmId mm) {
  if (c.notifier(mm).intervals.end()) wake_intervals(c);
}

bool ask_young(Context& c, MmId mm, PageRange pages, Aging how) {
  bool used = false;
  const Subscriptions& notifier = std::as_const(c.machine).notifiers[mm.index()];
  for (const MrId mr : notifier.list) {
    if (!c.machine.registrations[mr.index()].pages.overlaps(pages)) continue;
    used = driver_ages(c, mr, pages, how) || used;
  }
  constexpr std::array kinds{EventKind::clear_flush_young, EventKind::clear_young,
                             EventKind::test_young};
  c.emit({.kind = kinds[static_cast<std::size_t>(how)],
          .detail = static_cast<std::uint8_t>(used ? 1 : 0),
          .context = {.atomic = true},
          .mm = mm,
          .pages = pages});
  return used;
}

Next RangeStart::run(Context& c) {
  Subscriptions& notifier = c.notifier(range.mm);
  switch (step) {
    case Step::enter:  // mn_itree_inv_start_range(), under the subscriptions' spinlock.
      range.pages = announced(c, range.pages);
      open_range(c, range, outside);
      note_for_rcache(c, range.mm, range.pages);
      c.emit(of_range(EventKind::range_start, range));
      notifier.intervals.start(range.pages);
      step = Step::interval;
      return Next::pass;
    case Step::interval: {
      const auto hits = notifier.intervals.hits(range.pages);
      if (cursor == hits.size()) {
        cursor = 0;
        step = Step::finish;
        return Next::pass;
      }
      c.spend(Cost::range_start);
      step = Step::interval_done;
      Event event = of_range(EventKind::interval_invalidate, range);
      event.mr = hits[cursor++];
      event.value = notifier.intervals.sequence();
      c.emit(event);
      if (!c.registration(event.mr).adapter.some()) {  // It only takes note.
        notifier.intervals.set_sequence(event.mr, event.value);
        c.task().result = Result::success();
        return Next::pass;
      }
      return c.call({invalidate(c, range, event.mr)});
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
    case Step::finish: {
      const MrId mr = finish_intervals(c, range, cursor);
      if (mr.some()) return c.call({callback(c, Hook::finish, range, mr)});
      step = Step::listener;
      return Next::pass;
    }
    case Step::listener: {
      const MrId mr = next_listener(c, range, listener);
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
      const MrId mr = next_listener(c, range, listener);
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
  c.emit(of_range(EventKind::range_returned, range));
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
      if (!told) {
        told = true;
        range.pages = announced(c, range.pages);
        const bool tells = !only_end && !c.setup.switches.secondary_by_flush;
        if (tells && secondary_tlb(c, range.mm, range.pages, Next::pass) == Next::call) {
          return Next::call;
        }
      }
      c.emit(of_range(EventKind::range_end, range));
      close_range(c, range);
      if (!c.setup.switches.remove_waits && notifier.intervals.end_sequence()) {
        wake_intervals(c);
        step = Step::deferred;
        return Next::again;
      }
      if (c.setup.switches.remove_waits) end_intervals(c, range.mm);
      step = Step::listener;
      return Next::pass;
    case Step::deferred:
      late_removals(c, range.mm);
      notifier.intervals.apply_deferred();
      wake_intervals(c);
      step = Step::listener;
      return Next::pass;
    case Step::listener: {
      const MrId mr = next_listener(c, range, listener);
      if (!mr.some()) return c.done();
      listener = mr;
      return c.call({callback(c, Hook::range_end, range, mr)});
    }
  }
  return c.done();
}

}  // namespace model
