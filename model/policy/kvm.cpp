// SPDX-License-Identifier: Apache-2.0
#include "model/policy/kvm.hpp"

#include "model/policy/driver.hpp"

namespace model {
namespace {

using P = KvmPolicy;

constexpr std::array<std::string_view, 5> fault_steps{"begin", "walk", "lock", "install", "unlock"};
constexpr std::array<std::string_view, 5> start_steps{"lock", "clear", "flush", "drain", "unlock"};
constexpr std::array<std::string_view, 2> end_steps{"count", "second"};

constexpr std::array settings_table{
    flag<P, &P::wait_begin>("wait_begin", "a fault waits until no range is open, before it begins"),
    flag<P, &P::ask_write>("ask_write", "a fault for a write asks for a page that may be written"),
    flag<P, &P::uncount>("uncount", "range_end takes its range off the count"),
    flag<P, &P::age>("age", "clear_young and its like look at what the adapter has used"),
    word<P, &P::end>("end", "locked|sequence_first|count_first",
                     "range_end changes count and sequence under the lock; or without it, one "
                     "after the other"),
    flag<P, &P::flush_late>("flush_late", "the adapter's TLB is flushed in range_end only"),
    flag<P, &P::refuse_uncounted>("refuse_uncounted",
                                  "who may not sleep is refused before it is counted"),
    flag<P, &P::release_uncounted>("release_uncounted",
                                   "release drops what there is, and faults in progress go on"),
};

}  // namespace

std::span<const Setting<P>> P::settings() { return settings_table; }

StepNames P::steps(Hook hook) {
  switch (hook) {
    case Hook::fault:
      return fault_steps;
    case Hook::range_start:
    case Hook::release:
    case Hook::deregistered:
      return start_steps;
    case Hook::range_end:
      return end_steps;
    default:
      return {};
  }
}

Next P::registered(Driver& driver, PolicyCall& call) const {
  driver.listen(call.mr);
  return Next::give;
}

Next P::fault(Driver& driver, PolicyCall& call) const {
  switch (call.at<Fault>()) {
    case Fault::begin:  // A read of the sequence, before anything of the page is read.
      call.invalidate_seq = driver.registration(call.mr).invalidate_seq;
      call.go(Fault::walk);
      return driver.look_up(call.mr, call.page, call.write && ask_write);
    case Fault::walk:
      call.found = driver.found();
      if (!call.found.populated()) return driver.fail(EFAULT);
      return call.go(Fault::lock, Next::pass);
    case Fault::lock:
      driver.lock(call.mr);
      return call.go(Fault::install);
    case Fault::install: {  // Under the driver's lock.
      const Registration& mr = driver.registration(call.mr);
      if (!mr.live) {
        driver.end_lookup(call.mr, call.page);
        driver.unlock(call.mr);
        return driver.fail(EFAULT);
      }
      const bool overtaken =
          driver.in_progress(call.mr) || mr.invalidate_seq != call.invalidate_seq;
      if (overtaken) {
        driver.started_over(call.mr, call.page);
      } else {
        driver.install(call.mr, call.page, call.found);
      }
      call.found = {};
      call.invalidate_seq = 0;
      call.cursor = overtaken ? 1 : 0;
      return call.go(Fault::unlock);
    }
    case Fault::unlock:
      driver.unlock(call.mr);
      if (call.cursor == 0) return Next::done;
      call.cursor = 0;
      return call.go(Fault::begin);
  }
  return Next::done;
}

Next P::revoke(Driver& driver, PolicyCall& call) const {
  switch (call.at<Start>()) {
    case Start::lock:
      driver.lock(call.mr);
      return call.go(Start::clear);
    case Start::clear:  // A posted write to the adapter; under the driver's lock.
      if (call.hook != Hook::release || !release_uncounted) driver.count_start(call.mr);
      driver.mark_dirty(call.mr, call.pages);
      driver.clear(call.mr, call.pages);
      return call.go(Start::flush);
    case Start::flush:
      if (flush_late && call.hook == Hook::range_start) return call.go(Start::unlock);
      driver.flush(call.mr, call.pages);
      return call.go(Start::drain);
    case Start::drain:  // The adapter's answer comes after its transfers in flight.
      return call.go(Start::unlock, Next::pass);
    case Start::unlock:
      if (call.hook == Hook::deregistered) driver.count_end(call.mr);
      if (call.hook == Hook::release && !release_uncounted) driver.count_end(call.mr);
      if (call.hook == Hook::deregistered) driver.unlisten(call.mr);
      driver.unlock(call.mr);
      return Next::done;
  }
  return Next::done;
}

Next P::range_start(Driver& driver, PolicyCall& call) const {
  if (call.pages.count == 0) return Next::give;
  if (refuse_uncounted && !call.range.blockable) return driver.fail(EAGAIN);
  return revoke(driver, call);
}

Next P::range_end(Driver& driver, PolicyCall& call) const {
  if (call.pages.count == 0) return Next::give;
  if (call.at<End>() == End::count) {
    if (flush_late) driver.flush(call.mr, call.pages);
    if (end != Order::locked) return end_unlocked(driver, call);
    driver.lock(call.mr);  // Taken and given back in one step: nobody sees it held.
    if (uncount) driver.count_end(call.mr);
    driver.unlock(call.mr);
    return Next::done;
  }
  return end_unlocked(driver, call);
}

// Two writes that nothing makes one: a barrier keeps their order, whichever that is.
Next P::end_unlocked(Driver& driver, PolicyCall& call) const {
  const bool first = call.at<End>() == End::count;
  if (first == (end == Order::count_first)) {
    if (uncount) driver.uncount(call.mr);
  } else {
    driver.move_sequence(call.mr);
  }
  return first ? call.go(End::second) : Next::done;
}

// Under no lock but the caller's, as on x86 since Linux 6.15; the flush is that of architectures
// which cannot do without (CONFIG_KVM_ELIDE_TLB_FLUSH_IF_YOUNG).
bool P::young(Driver& driver, MrId mr, PageRange pages, Aging how) const {
  if (!age) return false;
  const bool used = driver.test_young(mr, pages);
  if (how != Aging::test) driver.clear_young(mr, pages);
  if (how == Aging::clear_flush && used) driver.flush(mr, pages);
  return used;
}

Next P::release(Driver& driver, PolicyCall& call) const { return revoke(driver, call); }

Next P::deregistered(Driver& driver, PolicyCall& call) const { return revoke(driver, call); }

Wait P::guard(const PolicyCall& call) const {
  const Wait lock = Wait::lock({.kind = LockKind::driver, .index = call.mr.value}, LockMode::write);
  switch (call.hook) {
    case Hook::registered:
      return {.kind = Wait::Kind::settled, .index = call.range.mm.value};
    case Hook::fault:
      if (call.at<Fault>() == Fault::lock) return lock;
      if (call.at<Fault>() == Fault::begin && wait_begin) {
        return {.kind = Wait::Kind::idle, .index = call.mr.value};
      }
      return {};
    case Hook::range_end:
      return call.pages.count == 0 || end != Order::locked ? Wait{} : lock;
    case Hook::range_start:
    case Hook::release:
    case Hook::deregistered:
      if (call.hook == Hook::range_start && call.pages.count == 0) return {};
      if (call.at<Start>() == Start::lock) return lock;
      if (call.at<Start>() == Start::drain) {
        return {.kind = Wait::Kind::quiet, .index = call.mr.value, .pages = call.pages};
      }
      return {};
    default:
      return {};
  }
}

}  // namespace model
