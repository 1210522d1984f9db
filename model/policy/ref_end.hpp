// SPDX-License-Identifier: Apache-2.0
#pragma once

// Hold a reference of each page that has a translation, do nothing in range_start, and drop
// translation and reference in range_end. XPMEM does so today (its only callback of a range is
// invalidate_range_end()), and so do drivers that say "the pages have been freed by the VM". The
// reference saves the frame; between the change of the page table and range_end the device sees
// what its page was before, and a fault in that time installs it again.
//
//   device fault                          munmap, reclaim, ...
//   ------------                          --------------------
//   look the page up, get_page()          range_start(): nothing
//   lock                                  change the page table; the reference keeps the frame
//   install; unlock                       range_end():
//                                           lock; clear PFN table; flush adapter TLB
//                                           wait for transfers in flight; put_page(); unlock
//                     [Required: no frame is freed while the adapter can reach it]

#include "model/policy/reference.hpp"

namespace model {

struct RefEndPolicy : ReferenceProtocol {
  static constexpr std::string_view name = "ref_end";
  static constexpr Guarantees guarantees{
      .promises = all_of({Property::use_after_free, Property::unbalanced_notifier,
                          Property::leaked_reference, Property::coverage_gap,
                          Property::foreign_access, Property::deadlock}),
      .breaks = all_of({Property::stale_translation, Property::write_without_permission,
                        Property::install_in_range, Property::stale_install, Property::fork_leak,
                        Property::reordered_read, Property::use_after_release})};

  bool current_only = false;

  static std::span<const Setting<RefEndPolicy>> settings();
  static StepNames steps(Hook hook);
  Next registered(Driver& driver, PolicyCall& call) const;
  Next deregistered(Driver& driver, PolicyCall& call) const;
  Next fault(Driver& driver, PolicyCall& call) const;
  Next range_end(Driver& driver, PolicyCall& call) const;
  Next release(Driver& driver, PolicyCall& call) const;
  bool ignores(const PolicyCall& call) const { return current_only && !call.current; }
  Wait guard(const PolicyCall& call) const;
};

}  // namespace model
