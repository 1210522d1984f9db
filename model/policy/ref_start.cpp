// SPDX-License-Identifier: Apache-2.0
#include "model/policy/ref_start.hpp"

#include "model/policy/driver.hpp"

namespace model {
namespace {

using P = RefStartPolicy;

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
      return steps_of_leave();
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

Next P::deregistered(Driver& driver, PolicyCall& call) const {
  return leave_interval(driver, call);
}

Wait P::guard(const PolicyCall& call) const {
  switch (call.hook) {
    case Hook::fault:
      return wait_of_fault(call, how());
    case Hook::range_start:
      return drop && call.range.blockable ? wait_of_drop(call) : Wait{};
    case Hook::deregistered:
      return wait_of_leave(call);
    default:
      return {};
  }
}

}  // namespace model
