// SPDX-License-Identifier: Apache-2.0
#pragma once

// A registration cache: what a library in a process keeps of registrations of pinned memory, by
// their addresses. Counterparts: ucs_rcache_t of UCX and ofi_mr_cache of libfabric.
// Invariant: who changes `regions` holds `lock`, or has seen in the same step that nobody does;
// but users and the order are counters of their own, and the last user of a region that is invalid
// takes it out.

#include "model/memory/address_space.hpp"

namespace model {

struct CachedRegion {
  enum class State : std::uint8_t {
    valid,    // Who looks up its pages finds it.
    invalid,  // Its pages were unmapped or merged: it ends with its last user.
    garbage,  // The same, and it has no user: who holds the lock next ends it.
  } state = State::valid;
  std::uint8_t prot = 0;  // Protection that it was registered for.
  MrId mr{};              // None: it is being registered.
  AdapterId adapter{};
  PageRange pages{};
  std::uint32_t users = 0;

  bool operator==(const CachedRegion&) const = default;
};

struct Rcache {
  Lock lock{};                       // pgt_lock of UCX, mm_lock of libfabric.
  Small<CachedRegion, 2> regions{};  // The one that was used last is at the end.
  Small<PageRange, 1> queue{};       // inv_q: unmappings that nobody has acted upon yet.
  Small<TaskId, 1> unread{};         // Whose event is in the userfaultfd, for the monitor to read.

  bool operator==(const Rcache&) const = default;
  void encode(sim::Encoder& out) const {  // Nobody asks in which order events were sent.
    sim::encode(out, lock);
    sim::encode(out, regions);
    sim::encode(out, queue);
    Names* names = names_of(out);
    if (names == nullptr) return sim::encode(out, unread);
    encode_sorted(out, unread, [names](TaskId task) { return names->of(task_kind, task.value); });
  }

  // The pages are those of a region that is valid, or will be.
  bool watches(PageRange pages) const {
    return std::ranges::any_of(regions, [&](const CachedRegion& region) {
      return region.state == CachedRegion::State::valid && region.pages.overlaps(pages);
    });
  }
};

}  // namespace model
