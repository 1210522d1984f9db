// SPDX-License-Identifier: Apache-2.0
#pragma once

// Count the ranges that are open and keep a sequence of those that have ended, both under one lock:
// a fault installs only if none is open and none has ended since it began, and else tries again at
// once. KVM does so (mmu_lock, mmu_invalidate_in_progress and mmu_invalidate_seq). A fault that
// tries again takes the lock that range_end needs: if locks are not fair, it can keep range_end
// out, and range_end is all it waits for. KVM asks without the lock before it takes it, and has its
// guest try again: the VMs of a device of kind `kvm` do so as well.
//
//   device fault                          munmap, reclaim, ...
//   ------------                          --------------------
//   s = sequence                          range_start():
//   look the page up                        lock; count++; clear PFN table; flush adapter TLB
//   lock                                    wait for transfers in flight; unlock
//   count || sequence != s ?              change the page table
//     unlock, start over                  range_end():
//   install; unlock                         lock; sequence++; count--; unlock
//                    [Required: no translation of a page whose range_start has returned]

#include "model/policy/policy.hpp"

namespace model {

struct KvmPolicy : PolicyDefaults {
  static constexpr std::string_view name = "kvm";
  static constexpr bool faults = true;
  static constexpr bool spins = true;  // mmu_lock
  static constexpr bool ages = true;
  static constexpr Guarantees guarantees{.promises = full_protection | bit(Property::missed_use),
                                         .breaks = bit(Property::starvation)};
  enum class Fault : std::uint8_t { begin, walk, lock, install, unlock };
  enum class Start : std::uint8_t { count, lock, clear, flush, drain, unlock };
  enum class End : std::uint8_t { find, count, second, uncount };
  enum class Order : std::uint8_t { locked, sequence_first, count_first };
  enum class Recheck : std::uint8_t { yes, active, ended, no };
  enum class Dirty : std::uint8_t { zap, map, no };

  bool wait_begin = false;
  bool ask_write = true;
  bool uncount = true;
  bool age = true;
  Order end = Order::locked;
  bool flush_late = false;
  bool refuse_uncounted = false;
  bool release_uncounted = false;
  Recheck recheck = Recheck::yes;
  Dirty dirty = Dirty::zap;
  bool wait_kick = true;
  // Of VMs only.
  bool precheck = true;
  bool log_faults = true;
  bool heed_read_only = true;
  bool prefault_gives_up = true;

  static std::span<const Setting<KvmPolicy>> settings();
  static StepNames steps(Hook hook);
  Next registered(Driver& driver, PolicyCall& call) const;
  Next deregistered(Driver& driver, PolicyCall& call) const;
  Next fault(Driver& driver, PolicyCall& call) const;
  Next range_start(Driver& driver, PolicyCall& call) const;
  Next range_end(Driver& driver, PolicyCall& call) const;
  Next release(Driver& driver, PolicyCall& call) const;
  bool young(Driver& driver, MrId mr, PageRange pages, Aging how) const;
  Wait guard(const PolicyCall& call) const;

 protected:
  Next begin(Driver& driver, PolicyCall& call) const;
  Next find_slot(Driver& driver, PolicyCall& call) const;
  Next found(Driver& driver, PolicyCall& call) const;
  Next give_up(Driver& driver, PolicyCall& call) const;
  bool overtaken(Driver& driver, const PolicyCall& call) const;
  bool meets_range(Driver& driver, const PolicyCall& call) const;
  void install(Driver& driver, PolicyCall& call) const;
  Next unlock_fault(Driver& driver, PolicyCall& call) const;
  Next revoke(Driver& driver, PolicyCall& call) const;
  Next count(Driver& driver, PolicyCall& call) const;
  Next clear(Driver& driver, PolicyCall& call) const;
  Next end_counted(Driver& driver, PolicyCall& call) const;
  Next end_unlocked(Driver& driver, PolicyCall& call) const;
  Next ended(Driver& driver, PolicyCall& call) const;
};

}  // namespace model
