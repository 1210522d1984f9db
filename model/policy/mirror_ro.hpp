// SPDX-License-Identifier: Apache-2.0
#pragma once

// Map everything read-only first: a device that wants to write faults once more, and its page is
// marked dirty before the entry becomes writable. Software dirty tracking of GPUs and of guests
// that migrate works like this, and file systems want it of drivers (page_mkwrite). A page counts
// as clean only while no device may write to it, at the price of a second fault for each page
// written; it fails if the mark comes too late or not at all.
//
//   device fault                          mprotect, write-back, munmap, ...
//   ------------                          ---------------------------------
//   no entry: as in interval_notifier,    range_start(): as in interval_notifier, and nothing has
//     but the entry is read-only            to be marked: it was, before it was written
//   read-only entry, and a write:
//     look the page up for writing
//     lock; read_retry ? start over
//     set_page_dirty(); install writable; unlock
//                [Required: a page that an adapter may write to is dirty]

#include "model/policy/interval_notifier.hpp"

namespace model {

struct MirrorRoPolicy : IntervalNotifierPolicy {
  static constexpr std::string_view name = "mirror_ro";

  bool dirty_first = true;

  MirrorRoPolicy() { mark_dirty = false; }

  static std::span<const Setting<MirrorRoPolicy>> settings();
  Next fault(Driver& driver, PolicyCall& call) const;
};

}  // namespace model
