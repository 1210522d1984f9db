// SPDX-License-Identifier: Apache-2.0
#include "model/policy/ref_end.hpp"

#include "model/policy/driver.hpp"

namespace model {
namespace {

using P = RefEndPolicy;

constexpr std::array settings_table{
    flag<P, &P::hold>("hold", "a translation has a reference of its page"),
    flag<P, &P::put>("put", "a dropped translation's reference is put; 'no' leaks it"),
    flag<P, &P::current_only>("current_only",
                              "heed only what the process does itself: not reclaim, not others' "
                              "process_madvise()"),
};

}  // namespace

std::span<const Setting<P>> P::settings() { return settings_table; }

StepNames P::steps(Hook hook) {
  switch (hook) {
    case Hook::fault:
      return steps_of_fault();
    case Hook::range_end:
    case Hook::release:
    case Hook::deregistered:
      return steps_of_drop();
    default:
      return {};
  }
}

Next P::registered(Driver& driver, PolicyCall& call) const {
  driver.listen(call.mr);
  return Next::give;
}

Next P::fault(Driver& driver, PolicyCall& call) const {
  return install_held(driver, call, Recheck::no);
}

Next P::range_end(Driver& driver, PolicyCall& call) const {
  if (call.pages.count == 0 || ignores(call)) return Next::give;
  return drop_all(driver, call);
}

Next P::release(Driver& driver, PolicyCall& call) const { return drop_all(driver, call); }

Next P::deregistered(Driver& driver, PolicyCall& call) const {
  if (call.at<Drop>() == Drop::put) driver.unlisten(call.mr);
  return drop_all(driver, call);
}

Wait P::guard(const PolicyCall& call) const {
  switch (call.hook) {
    case Hook::registered:
      return {.kind = Wait::Kind::settled, .index = call.range.mm.value};
    case Hook::fault:
      return wait_of_fault(call, Recheck::no);
    case Hook::range_end:
      return call.pages.count == 0 || ignores(call) ? Wait{} : wait_of_drop(call);
    case Hook::release:
    case Hook::deregistered:
      return wait_of_drop(call);
    default:
      return {};
  }
}

}  // namespace model
