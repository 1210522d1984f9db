// SPDX-License-Identifier: Apache-2.0
#include "model/policy/evict_restore.hpp"

#include "model/policy/driver.hpp"

namespace model {
namespace {

using P = EvictRestorePolicy;

constexpr std::array<std::string_view, 7> restore_steps{"hold", "begin",   "wait",  "walk",
                                                        "lock", "install", "unlock"};
constexpr std::array<std::string_view, 5> start_steps{"lock", "stop", "drain", "clear", "unlock"};
constexpr std::array<std::string_view, 6> leave_steps{"flush",   "drain", "clear",
                                                      "unwatch", "gone",  "restored"};

constexpr std::array settings_table{
    duration<P, &P::delay>("delay", "how long the worker waits before it maps again"),
    flag<P, &P::stop>("stop", "range_start stops the queues until all is mapped again"),
    flag<P, &P::recheck>("recheck", "the worker starts over if it was overtaken"),
    flag<P, &P::skip_missing>("skip_missing",
                              "the worker leaves out what cannot be mapped; 'no': it starts over"),
    flag<P, &P::hold_mmap>("hold_mmap", "the worker has mmap_lock for writing until all is mapped"),
};

}  // namespace

std::span<const Setting<P>> P::settings() { return settings_table; }

StepNames P::steps(Hook hook) {
  switch (hook) {
    case Hook::registered:
    case Hook::work:
      return restore_steps;
    case Hook::range_start:
      return start_steps;
    case Hook::deregistered:
      return leave_steps;
    default:
      return {};
  }
}

// Whatever is mapped has a translation while the queues run.
Next P::fault(Driver& driver, PolicyCall&) const { return driver.fail(EFAULT); }

Next P::registered(Driver& driver, PolicyCall& call) const {
  if (call.at<Restore>() == Restore::hold && !call.page.some()) {
    driver.watch_interval(call.mr);
    driver.stop(call.mr);
    call.write = driver.registration(call.mr).write;
    call.page = call.pages.first;
  }
  return restore(driver, call);
}

Next P::work(Driver& driver, PolicyCall& call) const {
  if (call.at<Restore>() == Restore::hold) driver.pause(delay);
  return restore(driver, call);
}

// What was looked up until now is not used.
void P::forget_all(Driver& driver, PolicyCall& call) const {
  for (Page page = call.pages.first; page < call.page; ++page.value) {
    driver.end_lookup(call.mr, page);
  }
  driver.forget(call);
  driver.end_lookup(call.mr, call.page);
  call.page = call.pages.first;
  call.found = {};
  call.sequence = 0;
}

Next P::look_up(Driver& driver, const PolicyCall& call) const {
  return holds_mmap(call) ? driver.look_up_held(call.mr, call.page, call.write)
                          : driver.look_up(call.mr, call.page, call.write);
}

// What the worker holds, it gives back, and comes again.
Next P::start_over(Driver& driver, PolicyCall& call) const {
  driver.started_over(call.mr, call.page);
  forget_all(driver, call);
  if (holds_mmap(call)) driver.unlock_mmap(call.mr);
  return call.go(Restore::hold);
}

// A page that may be read is mapped so; one that may not is left out, unless the worker thinks that
// it will be there the next time.
Next P::look_further(Driver& driver, PolicyCall& call) const {
  call.found = driver.found();
  const bool writes = driver.registration(call.mr).write;
  if (!call.found.populated() && call.write) {
    call.write = false;
    return look_up(driver, call);
  }
  call.write = writes;
  const bool waits = !skip_missing && call.hook == Hook::work;
  if (!call.found.populated() && waits && driver.registration(call.mr).live) {
    return start_over(driver, call);
  }
  if (call.page.value + 1 < call.pages.end().value) {
    driver.keep(call);
    return look_up(driver, call);
  }
  return call.go(Restore::lock, Next::pass);
}

Next P::restore(Driver& driver, PolicyCall& call) const {
  switch (call.at<Restore>()) {
    case Restore::hold:
      if (!holds_mmap(call)) return call.go(Restore::begin, Next::pass);
      driver.lock_mmap(call.mr);
      return call.go(Restore::begin);
    case Restore::begin:  // Under the spinlock of the subscriptions.
      call.sequence = driver.read_begin(call.mr);
      return call.go(Restore::wait);
    case Restore::wait:
      call.go(Restore::walk);
      return look_up(driver, call);
    case Restore::walk:
      return look_further(driver, call);
    case Restore::lock:
      driver.lock(call.mr);
      return call.go(Restore::install);
    case Restore::install:  // Under the driver's lock.
      if (recheck && driver.registration(call.mr).live &&
          driver.read_retry(call.mr, call.sequence)) {
        driver.unlock(call.mr);
        return start_over(driver, call);
      }
      if (driver.registration(call.mr).live) {
        driver.install_kept(call);
        driver.install(call.mr, call.page, call.found);
      } else {
        forget_all(driver, call);
      }
      driver.resume(call.mr);
      return call.go(Restore::unlock);
    case Restore::unlock:
      driver.unlock(call.mr);
      if (holds_mmap(call)) driver.unlock_mmap(call.mr);
      return Next::done;
  }
  return Next::done;
}

Next P::range_start(Driver& driver, PolicyCall& call) const {
  if (!call.range.blockable) return driver.fail(EAGAIN);
  const PageRange all = driver.registration(call.mr).pages;
  switch (call.at<Start>()) {
    case Start::lock:
      call.pages = all;
      driver.lock(call.mr);
      return call.go(Start::stop);
    case Start::stop:  // Under the driver's lock. One worker is enough for all that is evicted.
      driver.set_sequence(call.mr, call.sequence);
      if (!driver.registration(call.mr).stopped) driver.queue_work(call.mr);
      if (stop) driver.stop(call.mr);
      return call.go(Start::drain);
    case Start::drain:  // The scheduler's firmware answers when the queues are off the hardware.
      return call.go(Start::clear, Next::pass);
    case Start::clear:
      driver.mark_dirty(call.mr, call.pages);
      driver.clear(call.mr, call.pages);
      driver.flush(call.mr, call.pages);
      return call.go(Start::unlock);
    case Start::unlock:
      driver.unlock(call.mr);
      return Next::done;
  }
  return Next::done;
}

Next P::deregistered(Driver& driver, PolicyCall& call) const {
  switch (call.at<Leave>()) {
    case Leave::flush:  // Stop the device first: until then invalidations must still be heard.
      driver.flush(call.mr, call.pages);
      return call.go(Leave::drain);
    case Leave::drain:
      return call.go(Leave::clear, Next::pass);
    case Leave::clear:
      driver.mark_dirty(call.mr, call.pages);
      driver.clear(call.mr, call.pages);
      return call.go(Leave::unwatch);
    case Leave::unwatch:
      driver.unwatch_interval(call.mr);
      return call.go(Leave::gone);
    case Leave::gone:  // No callback runs any more: none will queue the worker.
      return call.go(Leave::restored);
    case Leave::restored:  // cancel_delayed_work_sync()
      return Next::done;
  }
  return Next::done;
}

Wait P::guard(const PolicyCall& call) const {
  const Wait drained{.kind = Wait::Kind::quiet, .index = call.mr.value, .pages = call.pages};
  const Wait lock = Wait::lock({.kind = LockKind::driver, .index = call.mr.value}, LockMode::write);
  switch (call.hook) {
    case Hook::registered:
    case Hook::work:
      if (call.at<Restore>() == Restore::lock) return lock;
      if (call.at<Restore>() == Restore::hold && holds_mmap(call)) {
        return Wait::lock({.kind = LockKind::mmap, .index = call.range.mm.value}, LockMode::write);
      }
      if (call.at<Restore>() == Restore::wait) {
        return {.kind = Wait::Kind::readable, .index = call.mr.value, .sequence = call.sequence};
      }
      return {};
    case Hook::range_start:
      if (!call.range.blockable) return {};
      if (call.at<Start>() == Start::lock) return lock;
      return call.at<Start>() == Start::drain ? drained : Wait{};
    case Hook::deregistered:
      if (call.at<Leave>() == Leave::drain) return drained;
      if (call.at<Leave>() == Leave::gone) {
        return {.kind = Wait::Kind::unwatched, .index = call.mr.value};
      }
      if (call.at<Leave>() == Leave::restored) {
        return {.kind = Wait::Kind::running, .index = call.mr.value};
      }
      return {};
    default:
      return {};
  }
}

}  // namespace model
