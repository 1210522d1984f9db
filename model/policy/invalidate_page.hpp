// SPDX-License-Identifier: Apache-2.0
#pragma once

// Hear of single entries when they are gone: invalidate_page(), an atomic callback for each entry
// that reclaim, migration, copy on write, write-back, KSM or a uprobe has cleared, under the page
// table lock, while the page has still the reference of its entry. Linux had it from 2.6.27 to
// 4.13, and KVM and GRU used it; ranges have range_start and range_end as in `kvm`. It costs one
// callback for each page. It must not sleep, and is right only as long as it comes before the page
// goes back; until it has come, the device still uses a page that its process does not map.
//
//   device fault                          reclaim, copy on write, ... of one page
//   ------------                          ---------------------------------------
//   s = sequence                          page table lock
//   look the page up                        clear the entry; flush the CPUs' TLBs
//   lock                                    invalidate_page():
//   count || sequence != s ?                  lock; sequence++; clear PFN table
//     unlock, start over                      flush adapter TLB; wait for transfers; unlock
//   install; unlock                         set the new entry; put_page()
//                                         page table lock given back
//             [Required: no translation of a page whose invalidate_page() has returned]

#include "model/policy/kvm.hpp"

namespace model {

struct InvalidatePagePolicy : KvmPolicy {
  static constexpr std::string_view name = "invalidate_page";
  static constexpr bool page_told = true;
  static constexpr Guarantees guarantees{
      .promises = (full_protection | bit(Property::missed_use)) & ~bit(Property::stale_translation),
      .breaks = all_of({Property::stale_translation, Property::starvation})};
  enum class PageStep : std::uint8_t { lock, clear, flush, drain, unlock };

  bool heed_page = true;
  bool move_sequence = true;
  bool wait_inflight = true;
  bool allocates = false;

  static std::span<const Setting<InvalidatePagePolicy>> settings();
  static StepNames steps(Hook hook);
  Next secondary(Driver& driver, PolicyCall& call) const;
  Wait guard(const PolicyCall& call) const;
};

}  // namespace model
