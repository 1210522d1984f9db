// SPDX-License-Identifier: Apache-2.0
#pragma once

// What an operation has taken out of a page table and has not flushed yet.

#include "model/memory/page_table.hpp"

namespace model {

inline constexpr PageRange all_pages{.first = Page{0}, .count = 0xffffffff};

// struct mmu_gather: what an operation has taken out of a page table. It is flushed from the TLBs,
// and then the frames are freed.
struct MmuGather {
  PageRange range{};  // Grows to hold all that was added.
  bool ptes = false;  // Which levels lost entries: the stride of the flush.
  bool pmds = false;
  bool puds = false;
  bool freed_tables = false;
  Small<FrameId, 2> frames{};

  bool operator==(const MmuGather&) const = default;
  void encode(sim::Encoder& out) const;
  void add(PageRange pages);
  void add_pte(Page page);
  void add_huge(PageRange entry);  // tlb_remove_huge_tlb_entry()
  // The table of that level which spans `span` pages from `first` on.
  void add_table(Page first, std::uint32_t span);
  bool flushes() const { return range.count != 0; }
  std::uint8_t shift() const { return ptes ? 12 : pmds ? 21 : puds ? 30 : 12; }
  // Nothing is left to be flushed: __tlb_reset_range().
  void reset();
};

}  // namespace model
