// SPDX-License-Identifier: Apache-2.0
#include "model/policy/invalidate_page.hpp"

#include "model/policy/driver.hpp"

namespace model {
namespace {

using P = InvalidatePagePolicy;

constexpr std::array<std::string_view, 5> page_steps{"lock", "clear", "flush", "drain", "unlock"};

constexpr std::array settings_table{
    flag<P, &P::wait_begin>("wait_begin", "a fault waits until no range is open, before it begins"),
    flag<P, &P::heed_page>("heed_page", "invalidate_page() drops the translation of its page"),
    flag<P, &P::move_sequence>("move_sequence",
                               "invalidate_page() moves the sequence that faults check"),
    flag<P, &P::wait_inflight>("wait_inflight", "invalidate_page() waits for transfers in flight"),
    flag<P, &P::allocates>("allocates", "invalidate_page() allocates memory, which may sleep"),
};

}  // namespace

std::span<const Setting<P>> P::settings() { return settings_table; }

StepNames P::steps(Hook hook) {
  return hook == Hook::secondary ? StepNames{page_steps} : KvmPolicy::steps(hook);
}

// kvm_mmu_notifier_invalidate_page(). The sequence is what keeps a fault from installing what it
// has looked up before the entry was cleared.
Next P::secondary(Driver& driver, PolicyCall& call) const {
  if (!heed_page) return Next::give;
  switch (call.at<PageStep>()) {
    case PageStep::lock:
      driver.lock(call.mr);
      return call.go(PageStep::clear);
    case PageStep::clear:  // A posted write to the adapter; under the driver's lock.
      if (allocates) driver.allocate_memory();
      if (move_sequence) driver.move_sequence(call.mr);
      driver.mark_dirty(call.mr, call.pages);
      driver.clear(call.mr, call.pages);
      return call.go(PageStep::flush);
    case PageStep::flush:
      driver.flush(call.mr, call.pages);
      return call.go(wait_inflight ? PageStep::drain : PageStep::unlock);
    case PageStep::drain:  // Spinning: the adapter's answer comes after its transfers in flight.
      return call.go(PageStep::unlock, Next::pass);
    case PageStep::unlock:
      driver.unlock(call.mr);
      return Next::done;
  }
  return Next::done;
}

Wait P::guard(const PolicyCall& call) const {
  if (call.hook != Hook::secondary) return KvmPolicy::guard(call);
  if (!heed_page) return {};
  if (call.at<PageStep>() == PageStep::lock) {
    return Wait::lock({.kind = LockKind::driver, .index = call.mr.value}, LockMode::write);
  }
  if (call.at<PageStep>() != PageStep::drain) return {};
  return {.kind = Wait::Kind::quiet, .index = call.mr.value, .pages = call.pages};
}

}  // namespace model
