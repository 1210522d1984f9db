// SPDX-License-Identifier: Apache-2.0
#include "model/policy/ref_start.hpp"

#include "model/policy/driver.hpp"

namespace model {
namespace {

using P = RefStartPolicy;

constexpr std::array<std::string_view, 7> leave_steps{"lock", "take",    "flush", "drain",
                                                      "put",  "unwatch", "gone"};

constexpr std::array settings_table{
    number<P, &P::retries>("retries", "how often a fault starts over before the access fails"),
    flag<P, &P::recheck>("recheck", "ask read_retry() before an install"),
    flag<P, &P::drop>("drop", "range_start drops translations and references"),
    flag<P, &P::put>("put", "a dropped translation's reference is put; 'no' leaks it"),
};

}  // namespace

std::span<const Setting<P>> P::settings() { return settings_table; }

StepNames P::steps(Hook hook) {
  switch (hook) {
    case Hook::fault:
      return steps_of_fault();
    case Hook::range_start:
      return steps_of_drop();
    case Hook::deregistered:
      return leave_steps;
    default:
      return {};
  }
}

Next P::registered(Driver& driver, PolicyCall& call) const {
  driver.watch_interval(call.mr);
  return Next::give;
}

Next P::fault(Driver& driver, PolicyCall& call) const { return install_held(driver, call, how()); }

Next P::range_start(Driver& driver, PolicyCall& call) const {
  if (!drop) return Next::give;
  if (!call.range.blockable) return driver.fail(EAGAIN);
  if (call.at<Drop>() == Drop::take) driver.set_sequence(call.mr, call.sequence);
  return drop_all(driver, call);
}

// The device is stopped and the references are put first: until then invalidations must be heard.
Next P::deregistered(Driver& driver, PolicyCall& call) const {
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

Wait P::guard(const PolicyCall& call) const {
  switch (call.hook) {
    case Hook::fault:
      return wait_of_fault(call, how());
    case Hook::range_start:
      return drop && call.range.blockable ? wait_of_drop(call) : Wait{};
    case Hook::deregistered:
      if (call.at<Leave>() == Leave::gone) {
        return {.kind = Wait::Kind::unwatched, .index = call.mr.value};
      }
      return wait_of_drop(call);
    default:
      return {};
  }
}

}  // namespace model
