// SPDX-License-Identifier: Apache-2.0
#pragma once

// Changes of a page table entry together with the counts that belong to it. Each is atomic under
// the page table lock, which the caller's step stands for or holds.

#include "model/flow/context.hpp"

namespace model {

struct PteBits {
  bool write = false;
  bool dirty = false;
};

// Maps a frame: takes over one reference of the caller. (set_pte_at(), folio_add_anon_rmap_pte())
void map_frame(Context& c, MmId mm, Page page, FrameId frame, PteBits bits);

// Clears the entry and moves its dirty bit to the frame. The map's reference goes to the caller.
// (ptep_get_and_clear(), folio_remove_rmap_pte())
FrameId unmap_frame(Context& c, MmId mm, Page page);

// Clears a swap entry and drops its use of the slot. (free_swap_and_cache())
void drop_swap_entry(Context& c, MmId mm, Page page);

void protect(Context& c, MmId mm, Page page);

// Drops a frame that was unmapped, and its swap cache with it if nobody else needs that.
// (free_page_and_swap_cache())
void free_unmapped(Context& c, FrameId frame);

// Swap cache.
void add_to_swap_cache(Context& c, FrameId frame, SlotId slot);
void remove_from_swap_cache(Context& c, FrameId frame);

void lru_add(Context& c, FrameId frame);
void lru_remove(Context& c, FrameId frame);

}  // namespace model
