// SPDX-License-Identifier: Apache-2.0
#include "model/flow/watch.hpp"

#include "model/flow/all.hpp"

namespace model {

Next Watch::run(Context& c) {
  const bool first = std::as_const(c.machine).notifiers[mm.index()].empty();
  if (first && c.fails_alloc()) return c.done(Result::error(ENOMEM));  // __mmu_notifier_register()
  const MrId mr{static_cast<std::uint32_t>(c.machine.registrations.size())};
  c.machine.registrations.push_back({.mm = mm, .pages = pages, .two_pass = two_pass});
  c.notifier(mm).intervals.insert(mr, pages);
  c.spend(Cost::syscall);
  return c.done(Result::object(mr.value));
}

Wait Unwatch::guard() const {
  return step == Step::wait ? Wait{.kind = Wait::Kind::unwatched, .index = mr.value} : Wait{};
}

Next Unwatch::run(Context& c) {
  Registration& region = c.registration(mr);
  if (step == Step::remove) {
    region.live = false;
    c.spend(Cost::syscall);
    if (!c.notifier(region.mm).intervals.remove(mr)) {
      step = Step::wait;
      return Next::again;
    }
  }
  region.gone = true;  // Its owner may free it.
  return c.done();
}

Wait ReadInterval::guard() const {
  if (step != Step::wait) return {};
  return {.kind = Wait::Kind::readable, .index = mr.value, .sequence = begun};
}

Next ReadInterval::run(Context& c) {
  Registration& region = c.registration(mr);
  const IntervalNotifiers& intervals = c.notifier(region.mm).intervals;
  if (step == Step::wait) return c.done(Result::value(begun));
  if (retry) return c.done(Result::value(intervals.read_retry(mr, region.begun) ? 1 : 0));
  begun = intervals.read_begin(mr);
  region.begun = begun;
  if (intervals.readable(mr, begun)) return c.done(Result::value(begun));
  step = Step::wait;
  return Next::again;
}

}  // namespace model
