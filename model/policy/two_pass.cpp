// SPDX-License-Identifier: Apache-2.0
#include "model/policy/two_pass.hpp"

#include "model/policy/driver.hpp"

namespace model {
namespace {

using P = TwoPassPolicy;

constexpr std::array<std::string_view, 2> finish_steps{"begin", "drain"};

constexpr std::array settings_table{
    number<P, &P::retries>("retries", "how often a fault starts over before the access fails"),
    flag<P, &P::set_sequence>("set_sequence", "the first pass moves the interval's sequence"),
    flag<P, &P::wait_inflight>("wait_inflight", "the second pass waits for transfers in flight"),
    flag<P, &P::mark_dirty>("mark_dirty", "the first pass marks pages dirty that could be written"),
    flag<P, &P::own_finish>("own_finish",
                            "each interval has a second pass of its own; 'no': all have that of "
                            "the last one"),
};

}  // namespace

std::span<const Setting<P>> P::settings() { return settings_table; }

StepNames P::steps(Hook hook) {
  return hook == Hook::finish ? StepNames{finish_steps} : IntervalNotifierPolicy::steps(hook);
}

Next P::registered(Driver& driver, PolicyCall& call) const {
  driver.watch_two_pass(call.mr);
  return Next::give;
}

Next P::range_start(Driver& driver, PolicyCall& call) const {
  const Next next = IntervalNotifierPolicy::range_start(driver, call);
  if (call.at<Start>() == Start::drain) call.go(Start::unlock);  // The second pass waits.
  return next;
}

// Under no lock: a fault may install again, and finds the invalidation still running.
Next P::finish(Driver& driver, PolicyCall& call) const {
  switch (call.at<Finish>()) {
    case Finish::begin:
      if (!own_finish) {
        call.mr = driver.last_begun(call.range);
        call.pages = driver.registration(call.mr).pages.intersect(call.range.pages);
      }
      return call.go(Finish::drain, Next::pass);
    case Finish::drain:  // The adapter's answer comes after its transfers in flight.
      return Next::give;
  }
  return Next::done;
}

Wait P::guard(const PolicyCall& call) const {
  if (call.hook != Hook::finish) return IntervalNotifierPolicy::guard(call);
  if (call.at<Finish>() == Finish::begin || !wait_inflight) return {};
  return {.kind = Wait::Kind::quiet, .index = call.mr.value, .pages = call.pages};
}

}  // namespace model
