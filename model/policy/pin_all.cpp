// SPDX-License-Identifier: Apache-2.0
#include "model/policy/pin_all.hpp"

#include "model/policy/driver.hpp"

namespace model {
namespace {

constexpr std::array<std::string_view, 2> register_steps{"pin", "install"};
constexpr std::array<std::string_view, 3> release_steps{"clear", "flush", "unpin"};
constexpr std::array settings_table{
    flag<PinAllPolicy, &PinAllPolicy::unpin>(
        "unpin", "drop the pins at release and deregistration; 'no' leaks them"),
    flag<PinAllPolicy, &PinAllPolicy::unpin_on_error>(
        "unpin_on_error", "a registration that fails drops the pins that it has by then"),
};

}  // namespace

std::span<const Setting<PinAllPolicy>> PinAllPolicy::settings() { return settings_table; }

StepNames PinAllPolicy::steps(Hook hook) {
  switch (hook) {
    case Hook::registered:
      return register_steps;
    case Hook::deregistered:
    case Hook::release:
      return release_steps;
    default:
      return {};
  }
}

Next PinAllPolicy::registered(Driver& driver, PolicyCall& call) const {
  const Registration& mr = driver.registration(call.mr);
  switch (call.at<Register>()) {
    case Register::next:
      if (call.cursor == mr.pages.count) {
        driver.listen(call.mr);
        return Next::give;
      }
      call.page = mr.pages.at(call.cursor);
      call.go(Register::installed);
      return driver.pin(call.mr, call.page, mr.write);
    case Register::installed:  // One write to the adapter's PFN table.
      call.found = driver.found();
      if (!call.found.populated()) {
        if (unpin_on_error) driver.unpin_all(call.mr);
        const bool said = driver.error() == EINTR || driver.error() == ENOMEM;
        return driver.fail(said ? driver.error() : EFAULT);
      }
      driver.install(call.mr, call.page, call.found);
      ++call.cursor;
      return call.go(Register::next);
  }
  return Next::done;
}

Next PinAllPolicy::release(Driver& driver, PolicyCall& call) const {
  const Registration& mr = driver.registration(call.mr);
  switch (call.at<Release>()) {
    case Release::clear:
      driver.clear(call.mr, mr.pages);
      return call.go(Release::flush);
    case Release::flush:
      driver.flush(call.mr, mr.pages);
      return call.go(Release::unpin);
    case Release::unpin:  // Once the adapter has no transfer in flight.
      if (unpin) driver.unpin_all(call.mr);
      driver.unlisten(call.mr);
      return Next::done;
  }
  return Next::done;
}

Next PinAllPolicy::deregistered(Driver& driver, PolicyCall& call) const {
  return release(driver, call);
}

// Whatever is registered has a translation; the rest cannot be reached.
Next PinAllPolicy::fault(Driver& driver, PolicyCall&) const { return driver.fail(EFAULT); }

Wait PinAllPolicy::guard(const PolicyCall& call) const {
  const bool leaving = call.hook == Hook::release || call.hook == Hook::deregistered;
  if (!leaving || call.at<Release>() != Release::unpin) return {};
  return {.kind = Wait::Kind::quiet, .index = call.mr.value, .pages = call.pages};
}

}  // namespace model
