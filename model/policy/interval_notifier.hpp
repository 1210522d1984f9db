// SPDX-License-Identifier: Apache-2.0
#pragma once

// Watch the region with an interval notifier: look pages up without a reference, and before each
// install ask whether an invalidation has run meanwhile. On-demand paging (mlx5, rxe), HMM users
// and most GPUs do so. It fails only if one of its checks is left out; each can be.
//
//   device fault                          munmap, reclaim, ...
//   ------------                          --------------------
//   q = read_begin()                      range_start():
//   look the page up                        lock; set_sequence
//   lock                                    clear PFN table; flush adapter TLB
//   read_retry(q) ? unlock, start over      wait for transfers in flight; unlock
//   install; unlock                       change the page table
//                                         range_end()
//                [Required: no translation of a page whose range_start has returned]

#include "model/policy/policy.hpp"

namespace model {

struct IntervalNotifierPolicy : PolicyDefaults {
  static constexpr std::string_view name = "interval_notifier";
  static constexpr bool faults = true;
  static constexpr bool batches = true;
  static constexpr Guarantees guarantees{.promises = full_protection};
  enum class Recheck : std::uint8_t { no, yes, active, ended };
  enum class OwnerFilter : std::uint8_t { own, any, none };
  enum class Fault : std::uint8_t {
    early_lock,
    read_begin,
    wait,
    walk,
    early_recheck,
    lock,
    install,
    unlock,
  };
  enum class Start : std::uint8_t { lock, clear, flush, drain, unlock, wait_update };
  enum class Leave : std::uint8_t { flush, drain, clear, unwatch, gone };

  std::uint32_t retries = 8;
  Recheck recheck = Recheck::yes;
  bool recheck_locked = true;
  bool wait_begin = true;
  bool set_sequence = true;
  bool clear_table = true;
  bool flush_tlb = true;
  bool wait_inflight = true;
  bool mark_dirty = true;
  bool lock_first = false;
  bool heed_protection = true;
  bool heed_release = true;
  OwnerFilter owner_filter = OwnerFilter::own;
  bool heed_blockable = true;
  bool allocate_locked = false;
  bool wait_leave = true;
  bool put_later = true;
  bool unlock_on_error = true;
  bool leave_locked = false;
  bool early_out = false;
  bool short_range = false;
  bool posted_update = false;
  bool wait_update = true;
  bool interruptible_wait = false;

  static std::span<const Setting<IntervalNotifierPolicy>> settings();
  static StepNames steps(Hook hook);
  Next registered(Driver& driver, PolicyCall& call) const;
  Next deregistered(Driver& driver, PolicyCall& call) const;
  Next fault(Driver& driver, PolicyCall& call) const;
  Next range_start(Driver& driver, PolicyCall& call) const;
  Next work(Driver& driver, PolicyCall& call) const;
  bool ignores(const PolicyCall& call) const;
  Wait guard(const PolicyCall& call) const;

 protected:
  bool overtaken(const Driver& driver, const PolicyCall& call) const;
  Next start_over(Driver& driver, PolicyCall& call) const;
  PageRange heard(const PolicyCall& call) const;
};

}  // namespace model
