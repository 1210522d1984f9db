// SPDX-License-Identifier: Apache-2.0
#pragma once

// Count the ranges of the whole address space that are open, purge the device's TLB in range_start,
// and refuse to drop a translation in while the count is not zero. SGI's GRU does so
// (drivers/misc/sgi-gru: ms_range_active): its hardware ignores a drop-in that a purge has raced,
// so that no lock is needed. Faults wait for ranges that are none of their business, and it fails
// if one of the two checks is left out.
//
//   device fault (TFM interrupt)          munmap, reclaim, ...
//   ----------------------------          --------------------
//   wait until the count is zero          range_start():
//   look the page up                        count++; purge the TLB, and wait for it
//   count != 0 ? start over               change the page table
//   drop in: ignored if a purge has       range_end():
//     come since the look-up began          count--; wake those who wait
//                [Required: no translation of a page whose range_start has returned]

#include "model/policy/policy.hpp"

namespace model {

struct GruPolicy : PolicyDefaults {
  static constexpr std::string_view name = "gru";
  static constexpr bool faults = true;
  static constexpr bool spins = true;  // It never sleeps, and polls for the end of a purge.
  static constexpr Guarantees guarantees{.promises = full_protection};
  enum class Fault : std::uint8_t { begin, walk, drop_in };
  enum class Start : std::uint8_t { count, purge, drain };

  bool refuse_active = true;
  bool ignore_raced = true;

  static std::span<const Setting<GruPolicy>> settings();
  static StepNames steps(Hook hook);
  Next registered(Driver& driver, PolicyCall& call) const;
  Next deregistered(Driver& driver, PolicyCall& call) const;
  Next fault(Driver& driver, PolicyCall& call) const;
  Next range_start(Driver& driver, PolicyCall& call) const;
  Next range_end(Driver& driver, PolicyCall& call) const;
  Next release(Driver& driver, PolicyCall& call) const;
  Wait guard(const PolicyCall& call) const;

 private:
  bool refused(const Driver& driver, const PolicyCall& call) const;
  Next purge_all(Driver& driver, PolicyCall& call) const;
};

}  // namespace model
