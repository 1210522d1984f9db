// SPDX-License-Identifier: Apache-2.0
#pragma once

// A CPU and its TLB. The hardware fills the TLB by itself from the page table and keeps an entry
// until it is told to drop it: by INVLPG on this CPU or by an IPI from another one. A huge page has
// one entry, which goes as a whole whichever of its pages is named (Intel SDM volume 3, 4.10.4.1).

#include "model/memory/page_table.hpp"
#include "model/memory/tlb_entries.hpp"

namespace model {

struct TlbEntry {
  MmId mm{};
  Page page{};  // The first one.
  FrameId frame{};
  std::uint16_t generation = 0;  // Of the frame when the entry was made.
  std::uint8_t order = 0;        // For so many pages, as a power of two.
  bool write = false;

  auto operator<=>(const TlbEntry&) const = default;
  void encode(sim::Encoder& out) const {
    sim::encode(out, mm);
    sim::encode(out, page);
    sim::encode(out, frame);
    encode_generation(out, frame, generation);
    out.add(static_cast<std::uint8_t>(2 * order + (write ? 1 : 0)));
    if (order == 0 || names_of(out) == nullptr || names_of(out)->frames == nullptr) return;
    for (std::uint32_t i = 1; i < pages().count; ++i) {  // Frames in a row have any names.
      sim::encode(out, frame_of(pages().at(i)));
      encode_generation(out, frame_of(pages().at(i)), generation);
    }
  }

  TlbPlace place() const { return {mm.value, page.value, order}; }
  PageRange pages() const { return {.first = page, .count = 1U << order}; }
  FrameId frame_of(Page wanted) const { return FrameId{frame.value + (wanted.value - page.value)}; }
};

struct Cpu {
  static constexpr std::size_t tlb_entries = 64;

  HostId host{};
  TlbEntries<TlbEntry, 4> tlb{};
  std::uint16_t large = 0;        // Entries for more than one page.
  Small<FrameId, 1> lru_batch{};  // New pages, with a reference each: cpu_fbatches.lru_add.

  bool operator==(const Cpu&) const = default;
  void encode(sim::Encoder& out) const {
    sim::encode(out, host);
    sim::encode(out, lru_batch);
    Names* names = names_of(out);
    if (names == nullptr || !names->cpu_tlb_roomy || large > 0) return sim::encode(out, tlb);
    encode_sorted(out, tlb, [names](const TlbEntry& entry) {
      return std::pair(names->of(mm_kind, entry.mm.value), entry.page);
    });
  }

  const TlbEntry* find(MmId mm, Page page) const {
    if (large == 0) return tlb.find({mm.value, page.value, 0});
    const auto found = std::ranges::find_if(
        tlb, [&](const TlbEntry& entry) { return entry.mm == mm && entry.pages().contains(page); });
    return found == tlb.end() ? nullptr : &*found;
  }

  bool caches(MmId mm, PageRange pages) const {
    return std::ranges::any_of(tlb, [&](const TlbEntry& entry) {
      return entry.mm == mm && pages.overlaps(entry.pages());
    });
  }

  // After a miss at `page`: what would translate that one is replaced, as a page fault does.
  void fill(TlbEntry entry, Page page) {
    flush(entry.mm, one_page(page));
    if (tlb.size() == tlb_entries) {
      if (tlb.front().order > 0) --large;
      tlb.drop_oldest();
    }
    tlb.push_back(entry);
    if (entry.order > 0) ++large;
  }

  void flush(MmId mm, PageRange pages) {
    if (large == 0 && pages.count == 1 && find(mm, pages.first) == nullptr) return;
    drop_if(tlb,
            [&](const TlbEntry& entry) { return entry.mm == mm && pages.overlaps(entry.pages()); });
    large = static_cast<std::uint16_t>(
        std::ranges::count_if(tlb, [](const TlbEntry& entry) { return entry.order > 0; }));
  }
};

}  // namespace model
