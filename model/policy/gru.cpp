// SPDX-License-Identifier: Apache-2.0
#include "model/policy/gru.hpp"

#include "model/policy/driver.hpp"

namespace model {
namespace {

using P = GruPolicy;

constexpr std::array<std::string_view, 3> fault_steps{"begin", "walk", "drop_in"};
constexpr std::array<std::string_view, 3> start_steps{"count", "purge", "drain"};

constexpr std::array settings_table{
    flag<P, &P::refuse_active>("refuse_active",
                               "no translation is dropped in while a range is open"),
    flag<P, &P::ignore_raced>("ignore_raced",
                              "the hardware ignores a drop-in that a purge has raced"),
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
    default:
      return {};
  }
}

Next P::registered(Driver& driver, PolicyCall& call) const {
  driver.listen(call.mr);
  return Next::give;
}

// The model takes any range that has come since for a purge: the hardware looks at the address.
bool P::refused(const Driver& driver, const PolicyCall& call) const {
  const Registration& mr = driver.registration(call.mr);
  const bool raced = mr.invalidate_seq != call.invalidate_seq || mr.ranges > call.cursor;
  return (refuse_active && driver.in_progress(call.mr)) || (ignore_raced && raced);
}

Next P::fault(Driver& driver, PolicyCall& call) const {
  const Registration& mr = driver.registration(call.mr);
  switch (call.at<Fault>()) {
    case Fault::begin:  // The fault is read from the hardware's fault map.
      call.invalidate_seq = mr.invalidate_seq;
      call.cursor = mr.ranges;
      call.go(Fault::walk);
      return driver.look_up(call.mr, call.page, call.write);
    case Fault::walk:
      call.found = driver.found();
      if (!call.found.populated()) return driver.fail(driver.error());
      call.found.write = call.found.write && call.write;  // Else its entry might not be dirty.
      return call.go(Fault::drop_in);
    case Fault::drop_in:  // One write to the fault's handle.
      if (!mr.live) {
        driver.end_lookup(call.mr, call.page);
        return driver.fail(EFAULT);
      }
      if (refused(driver, call)) {
        driver.started_over(call.mr, call.page);
        call.found = {};
        call.invalidate_seq = 0;
        call.cursor = 0;
        return call.go(Fault::begin);
      }
      driver.install(call.mr, call.page, call.found);
      driver.mark_dirty(call.mr, one_page(call.page));
      return Next::done;
  }
  return Next::done;
}

Next P::purge_all(Driver& driver, PolicyCall& call) const {
  switch (call.at<Start>()) {
    case Start::count:  // atomic_inc()
      driver.count_start(call.mr);
      return call.go(Start::purge, call.pages.count == 0 ? Next::pass : Next::again);
    case Start::purge:  // By a TLB-global handle.
      driver.clear(call.mr, call.pages);
      driver.flush(call.mr, call.pages);
      return call.go(Start::drain, call.pages.count == 0 ? Next::pass : Next::again);
    case Start::drain:  // The handle is idle again after the transfers in flight.
      if (call.hook != Hook::range_start) driver.count_end(call.mr);
      if (call.hook == Hook::deregistered) driver.unlisten(call.mr);
      return Next::done;
  }
  return Next::done;
}

// All of the address space counts, whatever is registered of it.
Next P::range_start(Driver& driver, PolicyCall& call) const { return purge_all(driver, call); }

Next P::range_end(Driver& driver, PolicyCall& call) const {
  driver.count_end(call.mr);  // atomic_dec(), and wake_up_all() at zero.
  return Next::done;
}

Next P::release(Driver& driver, PolicyCall& call) const { return purge_all(driver, call); }

Next P::deregistered(Driver& driver, PolicyCall& call) const { return purge_all(driver, call); }

Wait P::guard(const PolicyCall& call) const {
  switch (call.hook) {
    case Hook::registered:
      return {.kind = Wait::Kind::settled, .index = call.range.mm.value};
    case Hook::fault:
      if (call.at<Fault>() != Fault::begin || !refuse_active) return {};
      return {.kind = Wait::Kind::idle, .index = call.mr.value};
    case Hook::range_start:
    case Hook::release:
    case Hook::deregistered:
      if (call.at<Start>() != Start::drain) return {};
      return {.kind = Wait::Kind::quiet, .index = call.mr.value, .pages = call.pages};
    default:
      return {};
  }
}

}  // namespace model
