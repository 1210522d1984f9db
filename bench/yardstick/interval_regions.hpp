// SPDX-License-Identifier: Apache-2.0
// Which steps of the interval notifier protocol need no interleaving. "All variants" is short for:
// the argument uses nothing that one of the mistakes takes away.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "bench/yardstick/interval_notifier.hpp"

// A value fits its bit-field: see the static_asserts in IntervalState.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"

namespace yardstick {
// Lipton's regions: right movers, one step that is no mover, left movers. Inside, nothing blocks: a
// lock is only taken by the first step, and a drain only awaited by the first. Only the transfer
// checks the property, and it is in no region.
//
//   choose, TRANSLATE     Choosing writes what only the thread itself reads: others look at pages
//                         of transfers in flight, and at frames held in lock and install.
//   lock, INSTALL, unlock     The lock is a right mover, its release a left mover.
//   lock, begin, ZAP      The count of invalidations is read and written only under the lock, or
//                         (by end) in the instant in which nobody has it: begin is a mover.
//   FLUSH, unlock
//
// All variants: `atomic` has no begin; a frame that is held is held before and after the lock.
template <IntervalScope scope>
bool continues(const IntervalNotifier<scope>&, const IntervalState<scope>& before,
               const IntervalState<scope>&, std::size_t thread) {
  if (thread < scope.device_threads) {
    const IntervalDevicePc pc = before.threads[thread].pc;
    return pc == IntervalDevicePc::choose || pc == IntervalDevicePc::lock ||
           pc == IntervalDevicePc::install;
  }
  const IntervalInvalidatorPc pc = before.invalidators[thread - scope.device_threads].pc;
  return pc == IntervalInvalidatorPc::lock || pc == IntervalInvalidatorPc::begin ||
         pc == IntervalInvalidatorPc::flush;
}

// Steps that may come before all others at once (confluence): each is the only one of its thread,
// checks no property that could fail, is enabled until it is taken, and leads to the same state
// before or after any step of another thread. None can follow itself for ever.
template <IntervalScope scope>
class IntervalSettling {
 public:
  using State = IntervalState<scope>;

  IntervalSettling(IntervalVariant variant, const State& state) : variant_(variant), state_(state) {
    for (const Invalidator& one : state.invalidators) {
      if (one.pc != IntervalInvalidatorPc::pick || one.left != 0) quiet_ = false;
    }
  }

  bool settles(std::size_t thread) const {
    if (thread < scope.device_threads) return device_thread_settles(thread);
    return invalidator_settles(state_.invalidators[thread - scope.device_threads]);
  }

 private:
  using DeviceThread = typename State::DeviceThread;
  using Invalidator = typename State::Invalidator;
  using Translation = typename State::Translation;

  bool device_thread_settles(std::size_t i) const {
    const DeviceThread& self = state_.threads[i];
    switch (self.pc) {
      case IntervalDevicePc::translate: {
        // A miss stays one: nobody else installs for this device any more.
        const Translation& found = state_.devices[i % scope.devices].pages[self.page];
        return found.table == 0 && found.tlb == 0 && alone(i);
      }
      case IntervalDevicePc::read_sequence:
        return quiet_;  // It does not move any more.
      case IntervalDevicePc::get_page:
        return state_.pages[self.page].mapped == 0;  // Never again mapped: the access fails.
      case IntervalDevicePc::unlock:
        return true;  // All that it could disturb waits for it.
      case IntervalDevicePc::choose:
      case IntervalDevicePc::lock:
      case IntervalDevicePc::install:
      case IntervalDevicePc::transfer:
        break;
    }
    return false;
  }

  bool invalidator_settles(const Invalidator& self) const {
    switch (self.pc) {
      case IntervalInvalidatorPc::flush: {
        // Empty, and with the lock held nobody can fill it.
        const Translation& found = state_.devices[self.device].pages[self.page];
        return found.table == 0 && found.tlb == 0 && !in_flight(self);
      }
      case IntervalInvalidatorPc::unlock:
        return true;
      case IntervalInvalidatorPc::change_pte:
        // It stays empty.
        return state_.pages[self.page].mapped == 0 && state_.pages[self.page].pte == 0;
      case IntervalInvalidatorPc::free:
        return self.frame == 0;
      case IntervalInvalidatorPc::pick:
      case IntervalInvalidatorPc::lock:
      case IntervalInvalidatorPc::begin:
      case IntervalInvalidatorPc::zap:
      case IntervalInvalidatorPc::end:
        break;
    }
    return false;
  }

  bool alone(std::size_t i) const {
    for (std::size_t k = i % scope.devices; k < scope.device_threads; k += scope.devices) {
      const DeviceThread& other = state_.threads[k];
      if (k != i && (other.pc != IntervalDevicePc::choose || other.left != 0)) return false;
    }
    return true;
  }

  // No transfer that begins later can be one, for it would need a translation.
  bool in_flight(const Invalidator& self) const {
    for (std::size_t k = self.device; k < scope.device_threads; k += scope.devices) {
      const DeviceThread& other = state_.threads[k];
      if (other.pc == IntervalDevicePc::transfer && other.page == self.page) return true;
    }
    return false;
  }

  IntervalVariant variant_;
  const State& state_;
  bool quiet_ = true;  // No invalidator works or will.
};

template <IntervalScope scope>
std::size_t settling_thread(const IntervalNotifier<scope>& protocol,
                            const IntervalState<scope>& state) {
  using P = IntervalNotifier<scope>;
  const IntervalSettling<scope> settling(protocol.variant(), state);
  std::size_t thread = 0;
  while (thread < P::thread_count && !settling.settles(thread)) ++thread;
  return thread;
}

// A sequence is only compared: what was read is the device's, or is old for ever, as is then the
// frame that was got. Where no install starts over because of it, it says nothing. What a device
// has in its table is forgotten with its last access, unless a frame is kept because of it.
template <IntervalScope scope>
IntervalState<scope> forgetful(const IntervalNotifier<scope>& protocol,
                               IntervalState<scope> state) {
  constexpr std::uint8_t old = 15;
  const IntervalVariant variant = protocol.variant();
  const bool compared =
      variant != IntervalVariant::no_retry && variant != IntervalVariant::no_sequence &&
      variant != IntervalVariant::atomic && variant != IntervalVariant::atomic_pinned;
  std::array<bool, scope.devices> used{};
  for (std::size_t i = 0; i < scope.device_threads; ++i) {
    auto& thread = state.threads[i];
    used[i % scope.devices] |= thread.pc != IntervalDevicePc::choose || thread.left != 0;
    const bool waits = thread.pc == IntervalDevicePc::get_page ||
                       thread.pc == IntervalDevicePc::lock ||
                       thread.pc == IntervalDevicePc::install;
    if (!waits) continue;
    const bool overtaken = compared && thread.seen != state.devices[i % scope.devices].sequence;
    thread.seen = overtaken ? old : 0;
    if (overtaken) thread.frame = 0;
  }
  for (std::size_t d = 0; d < scope.devices; ++d) {
    state.devices[d].sequence = 0;
    if (!used[d] && variant != IntervalVariant::atomic_pinned) state.devices[d].pages = {};
  }
  return state;
}
}  // namespace yardstick

#pragma GCC diagnostic pop
