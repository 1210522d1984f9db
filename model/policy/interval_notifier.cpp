// SPDX-License-Identifier: Apache-2.0
#include "model/policy/interval_notifier.hpp"

#include "model/policy/driver.hpp"

namespace model {
namespace {

using P = IntervalNotifierPolicy;

constexpr std::array<std::string_view, 8> fault_steps{
    "early_lock", "read_begin", "wait", "walk", "early_recheck", "lock", "install", "unlock"};
constexpr std::array<std::string_view, 6> start_steps{"lock",  "clear",  "flush",
                                                      "drain", "unlock", "wait_update"};
constexpr std::array<std::string_view, 1> work_steps{"update"};
constexpr std::array<std::string_view, 5> leave_steps{"flush", "drain", "clear", "unwatch", "gone"};

constexpr std::array settings_table{
    number<P, &P::retries>("retries", "how often a fault starts over before the access fails"),
    word<P, &P::recheck>("recheck", "no|yes|active|ended",
                         "ask read_retry() before an install; 'active': only whether an "
                         "invalidation runs right now; 'ended': only whether one has ended since"),
    flag<P, &P::recheck_locked>("recheck_locked", "ask it under the driver's lock"),
    flag<P, &P::wait_begin>("wait_begin", "read_begin() waits for a running invalidation"),
    flag<P, &P::set_sequence>("set_sequence", "range_start moves the interval's sequence"),
    flag<P, &P::clear_table>("clear_table", "range_start clears the adapter's PFN table"),
    flag<P, &P::flush_tlb>("flush_tlb", "range_start flushes the adapter's TLB"),
    flag<P, &P::wait_inflight>("wait_inflight", "range_start waits for transfers in flight"),
    flag<P, &P::mark_dirty>("mark_dirty", "range_start marks pages dirty that could be written"),
    flag<P, &P::lock_first>("lock_first", "a fault takes the driver's lock before mmap_lock"),
    flag<P, &P::heed_protection>("heed_protection", "changes of permission are not ignored"),
    flag<P, &P::heed_release>("heed_release", "the RELEASE event is not ignored"),
    word<P, &P::owner_filter>("owner_filter", "own|any|none",
                              "which MIGRATE and EXCLUSIVE events are ignored: those of the own "
                              "device, of any, or none"),
    flag<P, &P::heed_blockable>("heed_blockable", "who may not sleep is refused"),
    flag<P, &P::allocate_locked>("allocate_locked",
                                 "a fault allocates memory under the driver's lock"),
    flag<P, &P::wait_leave>("wait_leave", "deregistration waits for transfers in flight"),
    flag<P, &P::put_later>("put_later", "a callback does not drop the last user of the process"),
    flag<P, &P::unlock_on_error>("unlock_on_error", "a fault that fails gives the lock back"),
    flag<P, &P::leave_locked>("leave_locked",
                              "deregistration waits for callbacks under the driver's lock"),
    flag<P, &P::early_out>("early_out",
                           "range_start returns at once, also without set_sequence, where nothing "
                           "is mapped"),
    flag<P, &P::short_range>("short_range", "range_start leaves out the last page of a range"),
    flag<P, &P::posted_update>("posted_update",
                               "the adapter's tables change some time after range_start has posted "
                               "the change"),
    flag<P, &P::wait_update>("wait_update", "range_start waits until such a change is made"),
    flag<P, &P::interruptible_wait>("interruptible_wait",
                                    "a signal ends the wait for transfers in flight"),
};

}  // namespace

std::span<const Setting<P>> P::settings() { return settings_table; }

StepNames P::steps(Hook hook) {
  switch (hook) {
    case Hook::fault:
      return fault_steps;
    case Hook::range_start:
      return start_steps;
    case Hook::deregistered:
      return leave_steps;
    case Hook::work:
      return work_steps;
    default:
      return {};
  }
}

Next P::registered(Driver& driver, PolicyCall& call) const {
  driver.watch_interval(call.mr);
  return Next::give;
}

bool P::overtaken(const Driver& driver, const PolicyCall& call) const {
  switch (recheck) {
    case Recheck::no:
      return false;
    case Recheck::yes:
      return driver.read_retry(call.mr, call.sequence);
    case Recheck::active:
      return driver.invalidation_active(call.mr);
    case Recheck::ended:
      return driver.epoch(call.mr) != call.epoch;
  }
  return false;
}

Next P::start_over(Driver& driver, PolicyCall& call) const {
  for (Page page = call.pages.first; page < call.page; ++page.value) {
    driver.end_lookup(call.mr, page);
  }
  driver.started_over(call.mr, call.page);
  driver.forget(call);
  call.page = call.pages.first;
  call.found = {};
  call.sequence = 0;
  if (++call.retries > retries) return driver.fail(EBUSY);
  return call.go(lock_first ? Fault::early_lock : Fault::read_begin);
}

Next P::fault(Driver& driver, PolicyCall& call) const {
  switch (call.at<Fault>()) {
    case Fault::early_lock:
      if (!lock_first) return call.go(Fault::read_begin, Next::pass);
      driver.lock(call.mr);
      return call.go(Fault::read_begin);
    case Fault::read_begin:  // Under the spinlock of the subscriptions.
      call.sequence = driver.read_begin(call.mr);
      if (recheck == Recheck::ended) call.epoch = driver.epoch(call.mr);
      return call.go(Fault::wait);
    case Fault::wait:
      call.go(Fault::walk);
      return call.prefetch ? driver.snapshot(call.mr, call.page)
                           : driver.look_up(call.mr, call.page, call.write);
    case Fault::walk:
      call.found = driver.found();
      if (!call.found.populated() || (call.write && !call.found.write && !call.prefetch)) {
        const int error = call.found.populated() ? EFAULT : driver.error();
        driver.forget(call);
        if (lock_first) driver.unlock(call.mr);
        if (call.prefetch) return Next::done;
        return driver.fail(error);
      }
      if (call.page.value + 1 < call.pages.end().value) {
        driver.keep(call);
        return driver.look_up(call.mr, call.page, call.write);
      }
      return call.go(recheck_locked ? Fault::lock : Fault::early_recheck, Next::pass);
    case Fault::early_recheck:
      if (overtaken(driver, call)) return start_over(driver, call);
      return call.go(Fault::lock);
    case Fault::lock:
      if (!lock_first) driver.lock(call.mr);
      return call.go(Fault::install);
    case Fault::install:  // Under the driver's lock.
      if (!driver.registration(call.mr).live) {
        driver.end_lookup(call.mr, call.page);
        driver.forget(call);
        if (unlock_on_error) driver.unlock(call.mr);
        return driver.fail(EFAULT);
      }
      if (recheck_locked && overtaken(driver, call)) {
        driver.unlock(call.mr);
        return start_over(driver, call);
      }
      if (allocate_locked) driver.allocate_memory();
      driver.install_kept(call);
      driver.install(call.mr, call.page, call.found);
      return call.go(Fault::unlock);
    case Fault::unlock:
      driver.unlock(call.mr);
      return Next::done;
  }
  return Next::done;
}

bool P::ignores(const PolicyCall& call) const {
  switch (call.range.event) {
    case NotifierEvent::protection_vma:
    case NotifierEvent::protection_page:
      return !heed_protection;
    case NotifierEvent::release:
      return !heed_release;
    case NotifierEvent::migrate:
    case NotifierEvent::exclusive:
      return owner_filter == OwnerFilter::any || (owner_filter == OwnerFilter::own && call.own);
    default:
      return false;
  }
}

// The pages that range_start() acts on.
PageRange P::heard(const PolicyCall& call) const {
  PageRange pages = call.pages;
  if (short_range && pages.count != 0) --pages.count;
  return pages;
}

Next P::range_start(Driver& driver, PolicyCall& call) const {
  if (ignores(call)) return Next::give;
  const bool begins = call.at<Start>() == Start::lock;
  if (!call.range.blockable && heed_blockable && begins && !driver.may_try(call.mr)) {
    return driver.fail(EAGAIN);
  }
  switch (call.at<Start>()) {
    case Start::lock:
      driver.lock(call.mr);
      return call.go(Start::clear);
    case Start::clear:  // A posted write to the adapter; under the driver's lock.
      if (early_out && !driver.registration(call.mr).table.any(call.pages)) {
        return call.go(Start::unlock);
      }
      if (set_sequence) driver.set_sequence(call.mr, call.sequence);
      if (mark_dirty) driver.mark_dirty(call.mr, heard(call));
      if (posted_update) {
        driver.post_update(call.mr, heard(call));
        return call.go(Start::wait_update);
      }
      if (clear_table) driver.clear(call.mr, heard(call));
      return call.go(Start::flush);
    case Start::flush:
      if (flush_tlb) driver.flush(call.mr, heard(call));
      return call.go(wait_inflight ? Start::drain : Start::unlock);
    case Start::drain:  // The adapter's answer comes after its transfers in flight.
      return call.go(Start::unlock, Next::pass);
    case Start::unlock:
      if (!put_later) driver.put_address_space(call.mr);
      driver.unlock(call.mr);
      return Next::done;
    case Start::wait_update:  // wait_for_completion() of the UMR.
      return call.go(wait_inflight ? Start::drain : Start::unlock);
  }
  return Next::done;
}

// The adapter executes a posted change.
Next P::work(Driver& driver, PolicyCall& call) const {
  if (driver.hung(call.mr)) return Next::done;
  if (clear_table) driver.clear(call.mr, call.pages);
  if (flush_tlb) driver.flush(call.mr, call.pages);
  driver.finish_update(call.mr);
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
      if (leave_locked) driver.lock(call.mr);
      driver.unwatch_interval(call.mr);
      return call.go(Leave::gone);
    case Leave::gone:  // No callback runs any more.
      if (leave_locked) driver.unlock(call.mr);
      return Next::done;
  }
  return Next::done;
}

Wait P::guard(const PolicyCall& call) const {
  const Wait drained{.kind = Wait::Kind::quiet, .index = call.mr.value, .pages = call.pages};
  Wait answered{.kind = Wait::Kind::quiet, .index = call.mr.value, .pages = heard(call)};
  if (interruptible_wait) answered.signals = Wait::Signals::any_own;
  const Wait lock = Wait::lock({.kind = LockKind::driver, .index = call.mr.value}, LockMode::write);
  switch (call.hook) {
    case Hook::fault:
      if (call.at<Fault>() == Fault::early_lock && lock_first) return lock;
      if (call.at<Fault>() == Fault::lock && !lock_first) return lock;
      if (call.at<Fault>() == Fault::wait && wait_begin) {
        return {.kind = Wait::Kind::readable, .index = call.mr.value, .sequence = call.sequence};
      }
      return {};
    case Hook::range_start:
      if (ignores(call) || (!call.range.blockable && heed_blockable)) return {};
      if (call.at<Start>() == Start::lock) return lock;
      if (call.at<Start>() == Start::drain) return answered;
      if (call.at<Start>() == Start::wait_update && wait_update) {
        return {.kind = Wait::Kind::updated, .index = call.mr.value};
      }
      return {};
    case Hook::deregistered:
      if (call.at<Leave>() == Leave::drain && wait_leave) return drained;
      if (call.at<Leave>() == Leave::unwatch && leave_locked) return lock;
      if (call.at<Leave>() == Leave::gone) {
        return {.kind = Wait::Kind::unwatched, .index = call.mr.value};
      }
      return {};
    default:
      return {};
  }
}

}  // namespace model
