// SPDX-License-Identifier: Apache-2.0
#include "model/policy/epoch.hpp"

#include "model/policy/driver.hpp"

namespace model {
namespace {

using P = EpochPolicy;

constexpr std::array<std::string_view, 6> start_steps{"lock",  "take", "flush",
                                                      "drain", "put",  "queue"};

constexpr std::array settings_table{
    number<P, &P::retries>("retries", "how often a fault starts over before the access fails"),
    duration<P, &P::period>("period", "how long it is to the next tick"),
    flag<P, &P::hold>("hold", "a translation has a reference of its page: the quarantine"),
    flag<P, &P::defer_all>("defer_all",
                           "everything but release waits for the tick, not only UNMAP"),
};

}  // namespace

std::span<const Setting<P>> P::settings() { return settings_table; }

StepNames P::steps(Hook hook) {
  switch (hook) {
    case Hook::fault:
      return steps_of_fault();
    case Hook::range_start:
      return start_steps;
    case Hook::work:
      return steps_of_drop();
    case Hook::deregistered:
      return steps_of_leave();
    default:
      return {};
  }
}

Next P::registered(Driver& driver, PolicyCall& call) const {
  driver.watch_interval(call.mr);
  return Next::give;
}

Next P::fault(Driver& driver, PolicyCall& call) const {
  return install_held(driver, call, Recheck::yes);
}

bool P::defers(const PolicyCall& call) const {
  if (call.range.event == NotifierEvent::release) return false;
  return defer_all || call.range.event == NotifierEvent::unmap;
}

// `ranges` says that a tick is queued.
Next P::range_start(Driver& driver, PolicyCall& call) const {
  if (!call.range.blockable) return driver.fail(EAGAIN);
  switch (call.at<Start>()) {
    case Start::lock:
      driver.lock(call.mr);
      return call.go(defers(call) ? Start::queue : Start::take);
    case Start::take:
      driver.set_sequence(call.mr, call.sequence);
      return drop_all(driver, call);
    case Start::flush:
    case Start::drain:
    case Start::put:
      return drop_all(driver, call);
    case Start::queue:  // Under the driver's lock.
      driver.set_sequence(call.mr, call.sequence);
      if (driver.registration(call.mr).ranges == 0) {
        driver.count_start(call.mr);
        driver.queue_work(call.mr);
      }
      driver.unlock(call.mr);
      return Next::done;
  }
  return Next::done;
}

// The tick: all that the adapter has is dropped.
Next P::work(Driver& driver, PolicyCall& call) const {
  if (call.at<Drop>() == Drop::lock) driver.pause(period);
  if (call.at<Drop>() == Drop::take) driver.uncount(call.mr);
  return drop_all(driver, call);
}

// A tick that is still to come finds nothing.
Next P::deregistered(Driver& driver, PolicyCall& call) const {
  return leave_interval(driver, call);
}

Wait P::guard(const PolicyCall& call) const {
  switch (call.hook) {
    case Hook::fault:
      return wait_of_fault(call, Recheck::yes);
    case Hook::range_start:
      return call.range.blockable ? wait_of_drop(call) : Wait{};
    case Hook::work:
      return wait_of_drop(call);
    case Hook::deregistered:
      return wait_of_leave(call);
    default:
      return {};
  }
}

}  // namespace model
