// SPDX-License-Identifier: Apache-2.0
#pragma once

// A CPU and its TLB. The hardware fills the TLB by itself from the page table and keeps an entry
// until it is told to drop it: by INVLPG on this CPU or by an IPI from another one.

#include "model/memory/page_table.hpp"
#include "model/memory/small.hpp"

namespace model {

struct TlbEntry {
  MmId mm{};
  Page page{};
  FrameId frame{};
  std::uint16_t generation = 0;  // Of the frame when the entry was made.
  bool write = false;

  auto operator<=>(const TlbEntry&) const = default;
  void encode(sim::Encoder& out) const {
    sim::encode(out, mm);
    sim::encode(out, page);
    sim::encode(out, frame);
    encode_generation(out, frame, generation);
    out.add(write);
  }
};

struct Cpu {
  static constexpr std::size_t tlb_entries = 64;

  HostId host{};
  Small<TlbEntry, 4> tlb{};       // Oldest first.
  Small<FrameId, 1> lru_batch{};  // New pages, with a reference each: cpu_fbatches.lru_add.

  bool operator==(const Cpu&) const = default;
  void encode(sim::Encoder& out) const {
    sim::encode(out, host);
    sim::encode(out, lru_batch);
    Names* names = names_of(out);
    if (names == nullptr || !names->cpu_tlb_roomy) return sim::encode(out, tlb);
    encode_sorted(out, tlb, [names](const TlbEntry& entry) {
      return std::pair(names->of(mm_kind, entry.mm.value), entry.page);
    });
  }

  const TlbEntry* find(MmId mm, Page page) const {
    for (const TlbEntry& entry : tlb) {
      if (entry.mm == mm && entry.page == page) return &entry;
    }
    return nullptr;
  }

  bool caches(MmId mm, PageRange pages) const {
    return std::ranges::any_of(
        tlb, [&](const TlbEntry& entry) { return entry.mm == mm && pages.contains(entry.page); });
  }

  void fill(TlbEntry entry) {
    flush(entry.mm, one_page(entry.page));
    if (tlb.size() == tlb_entries) tlb.erase(tlb.begin());
    tlb.push_back(entry);
  }

  void flush(MmId mm, PageRange pages) {
    drop_if(tlb,
            [&](const TlbEntry& entry) { return entry.mm == mm && pages.contains(entry.page); });
  }
};

}  // namespace model
