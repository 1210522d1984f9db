// SPDX-License-Identifier: Apache-2.0
#pragma once

// Let the adapter try, and look afterwards whether it was right. No page is pinned, and the adapter
// never faults: where nothing is mapped, its IOMMU has the signature page, whose content no data is
// likely to have. Software reads a version before it posts a transfer, and when that is over it
// looks at the data (read) and at the version (write, and data that is no better than a signature);
// if in doubt, it has the page mapped and tries again, by a path that takes as long as a fault.
// NP-RDMA does so on adapters without on-demand paging (arXiv 2310.11062). It costs a check for
// each transfer; it fails if what is read or written is believed unseen.
//
//   transfer                              munmap, reclaim, ...
//   --------                              --------------------
//   v = version                           range_start():
//   post; the adapter translates            lock; set_sequence
//   reads a page, or the signature          clear the IOMMU's entry: the signature page
//   signature? written? version != v?       flush; wait for transfers in flight; unlock
//     slow path: as in interval_notifier  change the page table
//     install; flush; version++           range_end()
//     again
//              [Required: no transfer counts as done that has ended in the signature page]

#include "model/policy/interval_notifier.hpp"

namespace model {

struct SpeculativePolicy : IntervalNotifierPolicy {
  static constexpr std::string_view name = "speculative";
  static constexpr bool batches = false;
  static constexpr bool faults = false;

  std::uint32_t signature = 0x5163;
  bool check_data = true;
  bool check_version = true;
  bool flush_signature = true;

  static std::span<const Setting<SpeculativePolicy>> settings();
  static StepNames steps(Hook hook);
  Next fault(Driver& driver, PolicyCall& call) const;
  Next check(Driver& driver, PolicyCall& call) const;
  std::optional<Value> signature_page() const { return signature; }
};

}  // namespace model
