// SPDX-License-Identifier: Apache-2.0
#include "model/policy/mirror_ro.hpp"

#include "model/policy/driver.hpp"

namespace model {
namespace {

using P = MirrorRoPolicy;

constexpr std::array settings_table{
    number<P, &P::retries>("retries", "how often a fault starts over before the access fails"),
    flag<P, &P::dirty_first>("dirty_first", "a page is marked dirty before a device may write"),
    flag<P, &P::mark_dirty>("mark_dirty", "range_start marks pages dirty that could be written"),
};

}  // namespace

std::span<const Setting<P>> P::settings() { return settings_table; }

// `cursor` says that the fault is to make an entry writable that is there.
Next P::fault(Driver& driver, PolicyCall& call) const {
  const Fault step = call.at<Fault>();
  if (step == Fault::wait) {
    const bool there = driver.registration(call.mr).table.at(call.page).populated();
    call.cursor = call.write && there ? 1 : 0;
    call.go(Fault::walk);
    return driver.look_up(call.mr, call.page, call.cursor != 0);
  }
  if (step == Fault::walk) {
    call.found = driver.found();
    if (!call.found.populated()) return driver.fail(driver.error());
    call.found.write = call.found.write && call.cursor != 0;
    return call.go(Fault::lock, Next::pass);
  }
  const Next next = IntervalNotifierPolicy::fault(driver, call);
  const bool installed = step == Fault::install && call.at<Fault>() == Fault::unlock;
  if (installed && dirty_first) driver.mark_dirty(call.mr, one_page(call.page));
  return next;
}

}  // namespace model
