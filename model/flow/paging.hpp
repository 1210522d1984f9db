// SPDX-License-Identifier: Apache-2.0
#pragma once

// What flows do to page tables, frames and the swap cache, within one step.

#include "model/flow/context.hpp"

namespace model {

struct PteBits {
  bool write = false;
  bool dirty = false;
  bool young = true;
  bool exclusive = false;
  bool uffd_wp = false;
};

// Maps the frame, whose reference of the caller becomes that of the map.
void map_frame(Context& c, MmId mm, Page page, FrameId frame, PteBits bits);
// A folio of 512 pages, or of a GiB, by one huge entry.
void map_huge(Context& c, MmId mm, Page first, FrameId head, PteBits bits);

// Clears the entry of a frame. The reference of the map is the caller's now.
FrameId unmap_frame(Context& c, MmId mm, Page page);
FrameId unmap_huge(Context& c, MmId mm, Page first);

// PTE_MARKER_UFFD_WP: what is not there is protected, too. For an entry of so many pages.
Pte wp_marker(std::uint32_t pages = 1);
// What mremap() moves: its protection by userfaultfd stays behind.
Pte without_uffd_wp(Pte entry);

// Clears an entry that is neither empty nor present. Its frame, if it has a reference to one,
// which is the caller's now.
FrameId drop_special(Context& c, MmId mm, Page page);

// Write-protects the entry of the page, or of all of a huge one.
void protect(Context& c, MmId mm, Page page);

// Sets an entry that stays what it is but for its bits.
void set_bits(Context& c, MmId mm, Page page, Pte entry);

// Drops a reference that kept the frame mapped or isolated; the swap cache lets go of a frame that
// nobody else wants: free_swap_cache().
void free_unmapped(Context& c, FrameId frame);

void add_to_swap_cache(Context& c, FrameId frame, SlotId slot);
void remove_from_swap_cache(Context& c, FrameId frame);
// A new frame for the content of a slot that is to be read: locked, and in the swap cache.
void await_swap(Context& c, FrameId frame, SlotId slot);
// The same, if there is memory for it; the caller has a reference.
std::optional<FrameId> read_into_swap_cache(Context& c, HostId host, SlotId slot);
// Nobody but the swap cache uses the slots of the folio: !folio_swapped().
bool only_cached(const Machine& machine, FrameId head);
// free_swap_and_cache(): an entry that named the slot is gone.
void put_swap_entry(Context& c, HostId host, SlotId slot);
// filemap_add_folio(), with references of the page cache's own.
void add_to_page_cache(Context& c, MappingId file, std::uint32_t index, FrameId head);
// The page cache names the folio no more; its references are dropped.
void put_cached(Context& c, FrameId head);
// shmem_swapin_folio(): a frame of the swap cache takes the place of its slot in the page cache.
void swap_into_page_cache(Context& c, MappingId file, std::uint32_t index, FrameId frame);

// The list of candidates for reclaim.
void lru_add(Context& c, FrameId frame);
void lru_remove(Context& c, FrameId frame);
// lru_add_drain(): pages that the CPU has held back are on the list now, and nothing more.
void drain_lru(Context& c);
// lru_add_drain_all(): those of every CPU of the host.
void drain_all_lru(Context& c, HostId host);

// The frame is of that VMA's private memory, at that page: folio_add_new_anon_rmap().
void belongs(Context& c, FrameId frame, const Vma& vma, Page page);
bool is_anonymous(const Machine& machine, FrameId frame);
bool is_file(const Machine& machine, FrameId frame);

// Shared memory that no VMA and no file holds any more.
void drop_unused_memory(Context& c);

// rmap_walk(): where a page may be mapped, by address space and page.
struct RmapPlace {
  MmId mm{};
  Page page{};
  bool operator==(const RmapPlace&) const = default;
};
// The next place of the page `index` of a mapping, or of the first of `count` pages from there on,
// behind `last` (none: the first) at which `wanted(place, vma, pte)` says yes; mm none: there is
// none.
template <class Wanted>
RmapPlace next_place(const Machine& machine, MappingId mapping, std::uint32_t index, RmapPlace last,
                     Wanted wanted, std::uint32_t count = 1) {
  for (std::uint32_t mm = last.mm.some() ? last.mm.value : 0; mm < machine.spaces.size(); ++mm) {
    for (const Vma& vma : machine.spaces[mm].vmas) {
      if (!vma.belongs_to(mapping)) continue;
      const std::optional<Page> page = vma.page_at(index, count);
      if (!page || (last.mm == MmId{mm} && *page <= last.page)) continue;
      const RmapPlace place{.mm = MmId{mm}, .page = *page};
      if (wanted(place, vma, machine.spaces[mm].page_table.at(*page))) return place;
    }
  }
  return {};
}

// The same of a folio. What KSM has merged is wherever an entry names it: rmap_walk_ksm().
template <class Wanted>
RmapPlace next_map(const Machine& machine, FrameId head, RmapPlace last, Wanted wanted) {
  const Frame& folio = machine.frames[head];
  if (!folio.ksm)
    return next_place(machine, folio.mapping, folio.index, last, wanted, folio.pages());
  for (std::uint32_t mm = last.mm.some() ? last.mm.value : 0; mm < machine.spaces.size(); ++mm) {
    RmapPlace found{};
    for (const Vma& vma : machine.spaces[mm].vmas) {
      machine.spaces[mm].page_table.for_each(vma.pages, [&](Page page, const Pte& pte) {
        const RmapPlace place{.mm = MmId{mm}, .page = page};
        const bool done = found.mm.some() || (last.mm == place.mm && page <= last.page);
        if (done || !pte.has_frame() || pte.target != head.value) return;
        if (wanted(place, vma, pte)) found = place;
      });
    }
    if (found.mm.some()) return found;
  }
  return {};
}

// The pages of a folio from a place of it on, as far as they are in the VMA.
PageRange part_at(const Machine& machine, FrameId head, RmapPlace place);
// The page of the folio that belongs to that page of the address space.
FrameId page_of(const Machine& machine, FrameId head, MmId mm, Page page);

}  // namespace model
