// SPDX-License-Identifier: Apache-2.0
#pragma once

// Let an invalidation return at once, and drop translations at the next tick of an epoch. LATR and
// LUF do so with the TLBs of CPUs: many flushes become one, and the frames stay in quarantine until
// it is done; here the quarantine is a reference of each page that has a translation. It is right
// only where pages go away: what becomes read-only or is replaced must be dropped at once, and a
// page that is unmapped can be reached until the tick.
//
//   device fault                          munmap                    tick, `period` later
//   ------------                          ------                    --------------------
//   as in ref_start                       range_start():            lock
//                                           lock; set_sequence      clear PFN table
//                                           queue the tick; unlock  flush adapter TLB
//                                         change the page table     wait for transfers
//                                         range_end()               put_page(); unlock
//                     [Required: no frame is freed while the adapter can reach it]

#include "model/policy/reference.hpp"

namespace model {

struct EpochPolicy : ReferenceProtocol {
  static constexpr std::string_view name = "epoch";
  static constexpr Guarantees guarantees{
      .promises = all_of({Property::use_after_free, Property::write_without_permission,
                          Property::install_in_range, Property::stale_install, Property::fork_leak,
                          Property::unbalanced_notifier, Property::leaked_reference,
                          Property::sleep_in_atomic, Property::lock_cycle, Property::coverage_gap,
                          Property::deadlock}),
      .breaks = bit(Property::stale_translation)};
  enum class Start : std::uint8_t { lock, take, flush, drain, put, queue };

  std::uint64_t period = 1'000'000;
  bool defer_all = false;

  static std::span<const Setting<EpochPolicy>> settings();
  static StepNames steps(Hook hook);
  Next registered(Driver& driver, PolicyCall& call) const;
  Next deregistered(Driver& driver, PolicyCall& call) const;
  Next fault(Driver& driver, PolicyCall& call) const;
  Next range_start(Driver& driver, PolicyCall& call) const;
  Next work(Driver& driver, PolicyCall& call) const;
  Wait guard(const PolicyCall& call) const;

 private:
  bool defers(const PolicyCall& call) const;
};

}  // namespace model
