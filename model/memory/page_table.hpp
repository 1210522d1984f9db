// SPDX-License-Identifier: Apache-2.0
#pragma once

// The page table of an address space: which page is where, and what may be done with it.
// Counterpart: the four levels of an x86-64 page table, and the special entries kept in it.
//
// Invariant: a populated entry has all tables above it. A huge entry (PMD_SIZE, or PUD_SIZE if it
// is gigantic) is kept as the alike entries that it stands for, and has no table below it.

#include <algorithm>
#include <bit>

#include "model/memory/block_table.hpp"
#include "model/memory/names.hpp"

namespace model {

// What the tables of each level span, in pages: PMD_SIZE, PUD_SIZE and PGDIR_SIZE.
inline constexpr std::uint32_t pmd_pages = 512;
inline constexpr std::uint32_t pud_pages = 512 * pmd_pages;
inline constexpr std::uint32_t pgd_pages = 512 * pud_pages;

// Of a page of that many small ones: 12, PMD_SHIFT or PUD_SHIFT.
constexpr std::uint8_t page_shift(std::uint32_t pages) {
  return static_cast<std::uint8_t>(12 + std::countr_zero(pages));
}

// pte_t. What `target` is depends on the kind.
struct Pte {
  enum class Kind : std::uint8_t {
    none,
    present,           // A frame.
    swapped,           // A swap slot.
    migration,         // A frame that is being moved; who touches it waits.
    device_private,    // A frame of device memory that no CPU can reach.
    device_exclusive,  // A frame that a device uses for itself; a CPU must ask it back.
    marker,            // Nothing: an access is refused (guard) or reported (userfaultfd).
    poisoned,          // Nothing: the memory has failed.
  };

  std::uint32_t target = 0;
  Kind kind = Kind::none;
  bool write : 1 = false;
  bool young : 1 = false;
  bool dirty : 1 = false;
  bool exclusive : 1 =
      false;  // Nobody else can have the page: PageAnonExclusive, pte_swp_exclusive.
  bool no_access : 1 = false;   // PROT_NONE, or to be noticed by NUMA balancing.
  bool uffd_wp : 1 = false;     // Write-protected by userfaultfd.
  bool soft_clean : 1 = false;  // Not written since soft-dirty was cleared.
  bool huge : 1 = false;        // Part of a huge entry.
  bool invalid : 1 = false;     // pmdp_invalidate(): no hardware may use it just now.
  bool gigantic : 1 = false;    // And of one of PUD_SIZE: hugetlb alone has them.
  bool special : 1 = false;     // pte_special(): no map of the frame, nor a reference of it.

  bool operator==(const Pte&) const = default;
  bool populated() const { return kind != Kind::none; }
  bool present() const { return kind == Kind::present; }
  bool swapped() const { return kind == Kind::swapped; }
  bool migrating() const { return kind == Kind::migration; }
  // The kinds whose `target` is a frame, each with a reference to it.
  bool has_frame() const {
    return kind == Kind::present || kind == Kind::migration || kind == Kind::device_private ||
           kind == Kind::device_exclusive;
  }
  // Whether the MMU would let a program through.
  bool allows(bool for_write) const {
    return present() && !no_access && !invalid && (write || !for_write);
  }
  bool maps(FrameId frame) const { return present() && target == frame.value; }
  FrameId frame() const { return FrameId{target}; }
  SlotId slot() const { return SlotId{target}; }
  // How many pages the entry stands for.
  std::uint32_t pages() const { return gigantic ? pud_pages : huge ? pmd_pages : 1; }
  bool rigid() const { return gigantic; }  // Its frames have no names.
  Pte advanced(std::uint32_t pages) const {
    Pte later = *this;
    later.target += pages;
    return later;
  }
  void encode(sim::Encoder& out) const {
    std::uint32_t bits = 0;
    for (const bool bit : {write, young, dirty, exclusive, no_access, uffd_wp, soft_clean, huge,
                           invalid, gigantic, special}) {
      bits = 2 * bits + (bit ? 1 : 0);
    }
    out.add(kind);
    if (has_frame()) {
      sim::encode(out, frame());
    } else {
      out.add_small(target);
    }
    out.add(static_cast<std::uint16_t>(bits));
  }
};

// The range of that size which holds the page; at the end of all pages what there is of it.
constexpr PageRange span_of(Page page, std::uint32_t size) {
  const Page first{page.value - page.value % size};
  return {.first = first, .count = std::min(size, Page::none - first.value)};
}

// The pages of the entry that the page is in.
inline PageRange entry_range(Page page, const Pte& entry) { return span_of(page, entry.pages()); }

// A PMD table of hugetlb that several processes use: the GiB of a file, and how it may be used.
struct SharedTable {
  MappingId file{};
  std::uint32_t index = 0;
  std::uint8_t rights = 0;

  bool operator==(const SharedTable&) const = default;
};

class PageTable {
 public:
  Pte at(Page page) const { return entries_.at(page); }
  // A populated entry gets the tables it needs. A huge one is set as a whole.
  void set(Page page, Pte entry);
  void clear(Page page) { entries_.clear(page); }
  // The huge entry that begins at `first`, or none: all that it stands for at once.
  void set_huge(Page first, Pte entry);

  template <class Visit>
  void for_each(PageRange range, Visit visit) const {
    entries_.for_each(range, visit);
  }
  bool any(PageRange range) const { return entries_.any(range); }
  std::optional<Page> first(PageRange range) const { return entries_.first(range); }
  std::uint64_t populated() const { return entries_.populated(); }

  // ---- PMD tables of hugetlb that other processes use as well.
  // What they all have in common. None: the table over that page is not shared.
  std::optional<SharedTable> shared(Page page) const {
    for (const auto& [number, what] : shared_tables_) {
      if (number == page.value / pud_pages) return what;
    }
    return std::nullopt;
  }
  // The first page that such a table of this process spans.
  std::optional<Page> sharing(const SharedTable& wanted, Page other_than) const {
    for (const auto& [number, what] : shared_tables_) {
      const Page first{number * pud_pages};
      if (what == wanted && first != other_than) return first;
    }
    return std::nullopt;
  }
  void set_shared(Page page, std::optional<SharedTable> what);

  // ---- The tables themselves. A level is named by what one of its tables spans.
  bool has_table(std::uint32_t span, Page page) const;
  void add_table(std::uint32_t span, Page page);  // And those above it.
  void drop_table(std::uint32_t span, Page page);
  // The first pages of all tables of a level that span some of `pages`, ascending.
  Small<Page, 4> tables_over(std::uint32_t span, PageRange pages) const;

  bool operator==(const PageTable&) const = default;
  void encode(sim::Encoder& out) const;

 private:
  using Numbers = Small<std::uint32_t, 2>;
  const Numbers& tables(std::uint32_t span) const;
  Numbers& tables(std::uint32_t span);

  BlockTable<Pte> entries_;
  // Sorted: a table's number is that of its first page divided by what it spans.
  Numbers pte_tables_;
  Numbers pmd_tables_;
  Numbers pud_tables_;
  Small<std::pair<std::uint32_t, SharedTable>, 1> shared_tables_;  // Of pmd_tables_.
};

}  // namespace model
