// SPDX-License-Identifier: Apache-2.0
#include "model/policy/reference.hpp"

#include "model/policy/driver.hpp"

namespace model {
namespace {

constexpr std::array<std::string_view, 8> fault_steps{"read_begin", "wait",  "walk",    "lock",
                                                      "replace",    "drain", "install", "unlock"};
constexpr std::array<std::string_view, 5> drop_steps{"lock", "take", "flush", "drain", "put"};
constexpr std::array<std::string_view, 7> leave_steps{"lock", "take",    "flush", "drain",
                                                      "put",  "unwatch", "gone"};

}  // namespace

StepNames ReferenceProtocol::steps_of_fault() { return fault_steps; }
StepNames ReferenceProtocol::steps_of_drop() { return drop_steps; }
StepNames ReferenceProtocol::steps_of_leave() { return leave_steps; }

// What was looked up is not used.
void ReferenceProtocol::give_up(Driver& driver, PolicyCall& call) const {
  driver.end_lookup(call.mr, call.page);
  if (hold) driver.put(call.found);
  call.found = {};
}

void ReferenceProtocol::put_all(Driver& driver) const {
  if (hold && put) {
    driver.put_taken();
  } else {
    driver.forget_taken();
  }
}

Next ReferenceProtocol::install_held(Driver& driver, PolicyCall& call, Recheck recheck) const {
  const Registration& mr = driver.registration(call.mr);
  switch (call.at<Fault>()) {
    case Fault::read_begin:
      if (recheck == Recheck::yes) call.sequence = driver.read_begin(call.mr);
      return call.go(Fault::wait, recheck == Recheck::yes ? Next::again : Next::pass);
    case Fault::wait:
      call.go(Fault::walk);
      return hold ? driver.hold(call.mr, call.page, call.write)
                  : driver.look_up(call.mr, call.page, call.write);
    case Fault::walk:
      call.found = driver.found();
      if (!call.found.populated()) return driver.fail(driver.error());
      return call.go(Fault::lock, Next::pass);
    case Fault::lock:
      driver.lock(call.mr);
      return call.go(Fault::replace, Next::pass);
    case Fault::replace:  // Under the driver's lock.
      if (!mr.live) {
        give_up(driver, call);
        driver.unlock(call.mr);
        return driver.fail(EFAULT);
      }
      if (recheck == Recheck::yes && driver.read_retry(call.mr, call.sequence)) {
        give_up(driver, call);
        driver.started_over(call.mr, call.page);
        driver.unlock(call.mr);
        call.sequence = 0;
        if (++call.retries > retries) return driver.fail(EBUSY);
        return call.go(Fault::read_begin);
      }
      if (!mr.table.at(call.page).populated()) return call.go(Fault::install, Next::pass);
      driver.mark_dirty(call.mr, one_page(call.page));
      driver.take(call.mr, one_page(call.page));
      driver.flush(call.mr, one_page(call.page));
      return call.go(Fault::drain);
    case Fault::drain:  // Transfers may still use what was there.
      put_all(driver);
      return call.go(Fault::install, Next::pass);
    case Fault::install:  // Under the driver's lock: nothing has been announced meanwhile.
      driver.install(call.mr, call.page, call.found);
      return call.go(Fault::unlock);
    case Fault::unlock:
      driver.unlock(call.mr);
      return Next::done;
  }
  return Next::done;
}

Next ReferenceProtocol::drop_all(Driver& driver, PolicyCall& call) const {
  switch (call.at<Drop>()) {
    case Drop::lock:
      driver.lock(call.mr);
      return call.go(Drop::take);
    case Drop::take:  // Under the driver's lock.
      driver.mark_dirty(call.mr, call.pages);
      driver.take(call.mr, call.pages);
      return call.go(Drop::flush);
    case Drop::flush:
      driver.flush(call.mr, call.pages);
      return call.go(Drop::drain);
    case Drop::drain:  // The adapter's answer comes after its transfers in flight.
      return call.go(Drop::put, Next::pass);
    case Drop::put:
      put_all(driver);
      driver.unlock(call.mr);
      return Next::done;
  }
  return Next::done;
}

// The device is stopped and the references are put first: until then invalidations must be heard.
Next ReferenceProtocol::leave_interval(Driver& driver, PolicyCall& call) const {
  switch (call.at<Leave>()) {
    case Leave::lock:
    case Leave::take:
    case Leave::flush:
    case Leave::drain:
      return drop_all(driver, call);
    case Leave::put:
      drop_all(driver, call);
      return call.go(Leave::unwatch);
    case Leave::unwatch:
      driver.unwatch_interval(call.mr);
      return call.go(Leave::gone);
    case Leave::gone:  // No callback runs any more.
      return Next::done;
  }
  return Next::done;
}

Wait ReferenceProtocol::wait_of_fault(const PolicyCall& call, Recheck recheck) {
  switch (call.at<Fault>()) {
    case Fault::wait:
      if (recheck == Recheck::no) return {};
      return {.kind = Wait::Kind::readable, .index = call.mr.value, .sequence = call.sequence};
    case Fault::lock:
      return Wait::lock({.kind = LockKind::driver, .index = call.mr.value}, LockMode::write);
    case Fault::drain:
      return {.kind = Wait::Kind::quiet, .index = call.mr.value, .pages = one_page(call.page)};
    default:
      return {};
  }
}

Wait ReferenceProtocol::wait_of_drop(const PolicyCall& call) {
  if (call.at<Drop>() == Drop::lock) {
    return Wait::lock({.kind = LockKind::driver, .index = call.mr.value}, LockMode::write);
  }
  if (call.at<Drop>() != Drop::drain) return {};
  return {.kind = Wait::Kind::quiet, .index = call.mr.value, .pages = call.pages};
}

Wait ReferenceProtocol::wait_of_leave(const PolicyCall& call) {
  if (call.at<Leave>() != Leave::gone) return wait_of_drop(call);
  return {.kind = Wait::Kind::unwatched, .index = call.mr.value};
}

}  // namespace model
