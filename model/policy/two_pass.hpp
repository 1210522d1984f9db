// SPDX-License-Identifier: Apache-2.0
#pragma once

// An interval notifier in two passes: the first asks the adapter to give its translations up, the
// second waits until it has, and all first passes run before any second one. Linux 7.1 has it
// (invalidate_start() and invalidate_finish(), mm/mmu_notifier.c), xe uses it: an invalidation that
// hits several devices takes as long as the slowest, not as long as all of them together. It fails
// as `interval_notifier` does, and if one interval's second pass is run for another.
//
//   device fault                          munmap, reclaim, ...
//   ------------                          --------------------
//   as in interval_notifier               for each interval, invalidate_start():
//                                           lock; set_sequence
//                                           clear PFN table; flush adapter TLB; unlock
//                                         for each interval, invalidate_finish():
//                                           wait for transfers in flight
//                                         change the page table
//                [Required: no transfer on a page for which all second passes have returned]

#include "model/policy/interval_notifier.hpp"

namespace model {

struct TwoPassPolicy : IntervalNotifierPolicy {
  static constexpr std::string_view name = "two_pass";
  enum class Finish : std::uint8_t { begin, drain };

  bool own_finish = true;

  static std::span<const Setting<TwoPassPolicy>> settings();
  static StepNames steps(Hook hook);
  Next registered(Driver& driver, PolicyCall& call) const;
  Next range_start(Driver& driver, PolicyCall& call) const;
  Next finish(Driver& driver, PolicyCall& call) const;
  Wait guard(const PolicyCall& call) const;
};

}  // namespace model
