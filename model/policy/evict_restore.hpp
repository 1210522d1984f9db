// SPDX-License-Identifier: Apache-2.0
#pragma once

// Stop the device's queues when anything of its memory is invalidated, drop every translation, and
// let a worker map all of it again later, before the queues run on. amdkfd does so on hardware that
// cannot fault (XNACK off): an invalidation that comes while the worker is at it makes the worker
// start over. It costs all of the mapping for one page, and if invalidations come faster than the
// worker gets through, the queues never run.
//
//   worker, `delay` later                 munmap, reclaim, ...
//   ---------------------                 --------------------
//   q = read_begin()                      range_start():
//   look all pages up                       lock; set_sequence
//   lock                                    stop the queues, queue the worker
//   read_retry(q) ? unlock, start over      wait for transfers in flight
//   install all; run the queues; unlock     clear PFN table; flush adapter TLB; unlock
//                [Required: no transfer starts while the queues are stopped]

#include "model/policy/policy.hpp"

namespace model {

struct EvictRestorePolicy : PolicyDefaults {
  static constexpr std::string_view name = "evict_restore";
  static constexpr Guarantees guarantees{.promises = full_protection};
  enum class Restore : std::uint8_t { hold, begin, wait, walk, lock, install, unlock };
  enum class Start : std::uint8_t { lock, stop, drain, clear, unlock };
  enum class Leave : std::uint8_t { flush, drain, clear, unwatch, gone, restored };

  std::uint64_t delay = 1'000'000;
  bool stop = true;
  bool recheck = true;
  bool skip_missing = true;
  bool hold_mmap = false;

  static std::span<const Setting<EvictRestorePolicy>> settings();
  static StepNames steps(Hook hook);
  Next registered(Driver& driver, PolicyCall& call) const;
  Next deregistered(Driver& driver, PolicyCall& call) const;
  Next fault(Driver& driver, PolicyCall& call) const;
  Next range_start(Driver& driver, PolicyCall& call) const;
  Next work(Driver& driver, PolicyCall& call) const;
  Wait guard(const PolicyCall& call) const;

 private:
  Next restore(Driver& driver, PolicyCall& call) const;
  Next look_further(Driver& driver, PolicyCall& call) const;
  bool holds_mmap(const PolicyCall& call) const { return hold_mmap && call.hook == Hook::work; }
  Next look_up(Driver& driver, const PolicyCall& call) const;
  Next start_over(Driver& driver, PolicyCall& call) const;
  void forget_all(Driver& driver, PolicyCall& call) const;
};

}  // namespace model
