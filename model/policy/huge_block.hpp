// SPDX-License-Identifier: Apache-2.0
#pragma once

// An interval notifier whose translations are whole blocks of 2 MiB: a fault maps all of the block
// that the page table has, and an invalidation of any part of it drops the whole. Nvidia's UVM (VA
// blocks), xe and nouveau do so to save entries and faults. It costs the refault of a block for one
// page that moves; it fails if a block is dropped only by who names its beginning, as when the
// kernel splits a huge page and zaps a part.
//
//   device fault                          munmap, reclaim, ... of one page
//   ------------                          --------------------------------
//   q = read_begin()                      range_start():
//   look up the page; and of its            lock; set_sequence
//     block whatever is mapped              clear and flush every block that the range touches
//   lock; read_retry(q) ? start over        wait for transfers in flight; unlock
//   install all; unlock                   change the page table
//                [Required: no block is left of which a page's range_start has returned]

#include "model/policy/interval_notifier.hpp"

namespace model {

struct HugeBlockPolicy : IntervalNotifierPolicy {
  static constexpr std::string_view name = "huge_block";
  static constexpr bool batches = false;

  bool drop_block = true;

  static std::span<const Setting<HugeBlockPolicy>> settings();
  Next fault(Driver& driver, PolicyCall& call) const;
  Next range_start(Driver& driver, PolicyCall& call) const;

 private:
  Next look_up(Driver& driver, const PolicyCall& call) const;
};

}  // namespace model
