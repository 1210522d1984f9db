// SPDX-License-Identifier: Apache-2.0
#pragma once

// Take a page before the device uses it: migrate it to the memory of the device, or replace its
// entry so that only the device may use it where it is; and give it back when a CPU touches it. GPU
// drivers with memory of their own do so (nouveau, xe, amdkfd: migrate_vma(); nouveau for atomic
// operations: make_device_exclusive()). There is one owner at a time, at the price of a copy or two
// faults for each change of hands. The driver is told of its own doing: what it ignores of that, it
// must do itself.
//
//   device fault                          access of a CPU
//   ------------                          ---------------
//   migrate_vma(own): range_start(),      fault: the entry is the device's
//     the driver drops what it has        migrate_to_ram(): range_start(MIGRATE, own): lock;
//     copy to the device                    set_sequence; drop; flush; unlock
//   as in interval_notifier: the page is  lock the page; copy back; map
//     found where it is now               the access
//   install
//                [Required: no device write behind the copy, and no CPU access before it]

#include "model/policy/interval_notifier.hpp"

namespace model {

struct MigratePolicy : IntervalNotifierPolicy {
  static constexpr std::string_view name = "migrate";
  static constexpr bool batches = false;
  static constexpr std::string_view device = "mirror";
  static constexpr Guarantees guarantees{.promises = full_protection & ~bit(Property::false_error)};
  enum class Take : std::uint8_t { migrate, exclusive, nothing };

  Take take = Take::migrate;
  std::uint32_t take_limit = 1;
  bool heed_move = true;

  static std::span<const Setting<MigratePolicy>> settings();
  Next fault(Driver& driver, PolicyCall& call) const;
  Next range_start(Driver& driver, PolicyCall& call) const;
  bool ignores(const PolicyCall& call) const;
  bool writes_exclusive() const { return take == Take::exclusive; }
  std::uint32_t takes() const { return take_limit; }
  Wait guard(const PolicyCall& call) const;

 private:
  bool wants(const PolicyCall& call) const;
  PolicyCall seen(const PolicyCall& call) const;
};

}  // namespace model
