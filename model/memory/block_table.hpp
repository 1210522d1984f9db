// SPDX-License-Identifier: Apache-2.0
#pragma once

// A table from page numbers to entries, laid out for four pages and for a thousand million.
//
// One descriptor stands for 512 pages, as one last-level page table does in hardware. While these
// pages are alike (entry i is the first one advanced by i) the descriptor is all there is; a block
// that is not uniform is opened into a leaf. A leaf that has become uniform is folded back at once,
// so that equal contents always have equal layouts.

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <optional>
#include <vector>

#include "model/memory/ids.hpp"
#include "model/memory/small.hpp"
#include "sim/check.hpp"
#include "sim/encoding.hpp"

namespace model {

template <class E>
concept BlockEntry = std::equality_comparable<E> && requires(const E entry, std::uint32_t pages) {
  { entry.populated() } -> std::same_as<bool>;
  { entry.advanced(pages) } -> std::same_as<E>;  // What a uniform run holds that many pages on.
  { entry.rigid() } -> std::same_as<bool>;       // A uniform run of it is one by any names.
};

template <BlockEntry Entry>
class BlockTable {
 public:
  static constexpr std::uint32_t block_pages = 512;

  Entry at(Page page) const {
    const Block* block = find(page.value / block_pages);
    return block == nullptr ? Entry{} : get(*block, page.value % block_pages);
  }

  void set(Page page, Entry entry) {
    const std::uint32_t number = page.value / block_pages;
    const std::uint32_t slot = page.value % block_pages;
    auto place = lower(number);
    if (place == blocks_.end() || place->number != number) {
      if (!entry.populated()) return;
      place = blocks_.insert(place, Block{.number = number});
    }
    if (get(*place, slot) == entry) return;
    open(*place);
    put(leaves_[place->leaf], slot, entry);
    fold(place);
  }

  void clear(Page page) { set(page, Entry{}); }

  // Entries `first`, `first.advanced(1)`, ... over the range: whole blocks in constant time each.
  void fill(PageRange range, Entry first) {
    for (std::uint32_t done = 0; done < range.count;) {
      const Page page = range.at(done);
      const Entry entry = first.populated() ? first.advanced(done) : Entry{};
      if (page.value % block_pages == 0 && range.count - done >= block_pages) {
        fill_block(page.value / block_pages, entry);
        done += block_pages;
      } else {
        set(page, entry);
        ++done;
      }
    }
  }

  void clear(PageRange range) { fill(range, Entry{}); }

  // Calls visit(page, entry) for each populated entry of the range, in ascending order.
  template <class Visit>
  void for_each(PageRange range, Visit visit) const {
    if (range.count == 0) return;
    auto block = std::lower_bound(
        blocks_.begin(), blocks_.end(), range.first.value / block_pages,
        [](const Block& candidate, std::uint32_t number) { return candidate.number < number; });
    for (; block != blocks_.end() && block->number * block_pages < range.end().value; ++block) {
      const std::uint32_t first = block->number * block_pages;
      const PageRange own{.first = Page{first}, .count = std::min(block_pages, Page::none - first)};
      const PageRange part = window(*block, own.intersect(range));
      for (std::uint32_t i = 0; i < part.count; ++i) {
        const Entry entry = get(*block, part.at(i).value % block_pages);
        if (entry.populated()) visit(part.at(i), entry);
      }
    }
  }

  // The first page of the range that has an entry.
  std::optional<Page> first(PageRange range) const {
    auto block = std::lower_bound(
        blocks_.begin(), blocks_.end(), range.first.value / block_pages,
        [](const Block& candidate, std::uint32_t number) { return candidate.number < number; });
    for (; block != blocks_.end(); ++block) {
      const std::uint32_t start = block->number * block_pages;
      if (start >= range.end().value) break;
      const PageRange own{.first = Page{start}, .count = std::min(block_pages, Page::none - start)};
      const PageRange part = window(*block, own.intersect(range));
      for (std::uint32_t i = 0; i < part.count; ++i) {
        if (get(*block, part.at(i).value % block_pages).populated()) return part.at(i);
      }
    }
    return std::nullopt;
  }

  bool any(PageRange range) const { return first(range).has_value(); }

  std::uint64_t populated() const {
    std::uint64_t count = 0;
    for (const Block& block : blocks_) {
      count += block.leaf == uniform ? block_pages : leaves_[block.leaf].populated;
    }
    return count;
  }

  std::size_t descriptors() const { return blocks_.size(); }
  std::size_t opened() const { return leaves_.size() - free_leaves_.size(); }

  void encode(sim::Encoder& out) const {
    sim::encode(out, static_cast<std::uint32_t>(blocks_.size()));
    for (const Block& block : blocks_) {
      sim::encode(out, block.number);
      if (out.names() != nullptr) {  // Frames in a row need not have names in a row.
        const bool whole = block.leaf == uniform && block.base.rigid();
        sim::encode(out, whole);
        if (whole) {
          sim::encode(out, block.base);
        } else {
          encode_cells(out, block);
        }
        continue;
      }
      sim::encode(out, block.leaf == uniform);
      if (block.leaf == uniform) {
        sim::encode(out, block.base);
      } else {
        sim::encode(out, leaves_[block.leaf].first);
        sim::encode(out, leaves_[block.leaf].cells);
      }
    }
  }

  friend bool operator==(const BlockTable& left, const BlockTable& right) {
    return std::ranges::equal(left.blocks_, right.blocks_, [&](const Block& a, const Block& b) {
      if (a.number != b.number || (a.leaf == uniform) != (b.leaf == uniform)) return false;
      if (a.leaf == uniform) return a.base == b.base;
      const Leaf& one = left.leaves_[a.leaf];
      const Leaf& two = right.leaves_[b.leaf];
      return one.first == two.first && std::ranges::equal(one.cells, two.cells);
    });
  }

 private:
  static constexpr std::uint32_t uniform = 0xffffffff;

  struct Block {
    std::uint32_t number = 0;
    std::uint32_t leaf = uniform;
    Entry base{};  // The entry of the first page, while uniform.
  };

  // Cells [first, first + cells.size()) of the block; all others are empty. The first and the last
  // cell are populated.
  struct Leaf {
    std::uint16_t first = 0;
    std::uint16_t populated = 0;
    std::uint16_t breaks = 0;  // Neighbours of which the second is not the first one advanced.
    Small<Entry, 4> cells;
  };

  using Blocks = std::vector<Block>;

  void encode_cells(sim::Encoder& out, const Block& block) const {
    const bool open = block.leaf != uniform;
    const std::uint32_t first = open ? leaves_[block.leaf].first : 0;
    const std::uint32_t cells =
        open ? static_cast<std::uint32_t>(leaves_[block.leaf].cells.size()) : block_pages;
    sim::encode(out, first);
    sim::encode(out, cells);
    for (std::uint32_t i = 0; i < cells; ++i) sim::encode(out, get(block, first + i));
  }

  typename Blocks::iterator lower(std::uint32_t number) {
    return std::lower_bound(
        blocks_.begin(), blocks_.end(), number,
        [](const Block& candidate, std::uint32_t wanted) { return candidate.number < wanted; });
  }

  const Block* find(std::uint32_t number) const {
    const auto place = std::lower_bound(
        blocks_.begin(), blocks_.end(), number,
        [](const Block& candidate, std::uint32_t wanted) { return candidate.number < wanted; });
    return place == blocks_.end() || place->number != number ? nullptr : &*place;
  }

  Entry get(const Block& block, std::uint32_t slot) const {
    if (block.leaf == uniform) return block.base.populated() ? block.base.advanced(slot) : Entry{};
    const Leaf& leaf = leaves_[block.leaf];
    const std::uint32_t cell = slot - leaf.first;
    return slot < leaf.first || cell >= leaf.cells.size() ? Entry{} : leaf.cells[cell];
  }

  PageRange window(const Block& block, PageRange range) const {
    if (block.leaf == uniform) return block.base.populated() ? range : PageRange{range.first, 0};
    const Leaf& leaf = leaves_[block.leaf];
    return range.intersect({.first = Page{block.number * block_pages + leaf.first},
                            .count = static_cast<std::uint32_t>(leaf.cells.size())});
  }

  void open(Block& block) {
    if (block.leaf != uniform) return;
    if (free_leaves_.empty()) {
      free_leaves_.push_back(static_cast<std::uint32_t>(leaves_.size()));
      leaves_.emplace_back();
    }
    block.leaf = free_leaves_.back();
    free_leaves_.pop_back();
    Leaf& leaf = leaves_[block.leaf];
    leaf = Leaf{};
    if (block.base.populated()) {
      for (std::uint32_t slot = 0; slot < block_pages; ++slot) {
        leaf.cells.push_back(block.base.advanced(slot));
      }
      leaf.populated = block_pages;
    }
    block.base = Entry{};
  }

  static bool follows(const Entry& before, const Entry& after) {
    return before.populated() ? after == before.advanced(1) : !after.populated();
  }

  static std::uint16_t breaks_around(const Leaf& leaf, std::uint32_t cell) {
    std::uint16_t breaks = 0;
    if (cell > 0 && !follows(leaf.cells[cell - 1], leaf.cells[cell])) ++breaks;
    if (cell + 1 < leaf.cells.size() && !follows(leaf.cells[cell], leaf.cells[cell + 1])) ++breaks;
    return breaks;
  }

  // Before each of the cells from `first` to `last`, of which the first one of all has none.
  static std::uint16_t count_breaks(const Leaf& leaf, std::size_t first, std::size_t last) {
    std::uint16_t breaks = 0;
    for (std::size_t cell = std::max<std::size_t>(first, 1); cell <= last; ++cell) {
      if (!follows(leaf.cells[cell - 1], leaf.cells[cell])) ++breaks;
    }
    return breaks;
  }

  static void put(Leaf& leaf, std::uint32_t slot, Entry entry) {
    const bool outside =
        leaf.cells.empty() || slot < leaf.first || slot - leaf.first >= leaf.cells.size();
    if (outside) {
      if (!entry.populated()) return;
      widen(leaf, slot);
    }
    const std::uint32_t cell = slot - leaf.first;
    leaf.populated = static_cast<std::uint16_t>(leaf.populated + (entry.populated() ? 1 : 0) -
                                                (leaf.cells[cell].populated() ? 1 : 0));
    leaf.breaks = static_cast<std::uint16_t>(leaf.breaks - breaks_around(leaf, cell));
    leaf.cells[cell] = entry;
    leaf.breaks = static_cast<std::uint16_t>(leaf.breaks + breaks_around(leaf, cell));
    if (!leaf.cells.front().populated() || !leaf.cells.back().populated()) trim(leaf);
  }

  static void widen(Leaf& leaf, std::uint32_t slot) {
    if (leaf.cells.empty()) {
      leaf.first = static_cast<std::uint16_t>(slot);
      leaf.cells.push_back(Entry{});
    } else if (slot < leaf.first) {
      const std::uint32_t more = leaf.first - slot;
      leaf.cells.insert(leaf.cells.begin(), more, Entry{});
      leaf.first = static_cast<std::uint16_t>(slot);
      leaf.breaks = static_cast<std::uint16_t>(leaf.breaks + count_breaks(leaf, 1, more));
    } else {
      const std::size_t before = leaf.cells.size();
      leaf.cells.resize(slot - leaf.first + 1);
      leaf.breaks = static_cast<std::uint16_t>(leaf.breaks +
                                               count_breaks(leaf, before, leaf.cells.size() - 1));
    }
  }

  static void trim(Leaf& leaf) {
    std::size_t front = 0;
    while (front < leaf.cells.size() && !leaf.cells[front].populated()) ++front;
    std::size_t end = leaf.cells.size();
    while (end > front && !leaf.cells[end - 1].populated()) --end;
    std::uint16_t gone = count_breaks(leaf, 1, std::min(front, leaf.cells.size() - 1));
    gone = static_cast<std::uint16_t>(
        gone + count_breaks(leaf, std::max(end, front + 1), leaf.cells.size() - 1));
    leaf.breaks = static_cast<std::uint16_t>(leaf.breaks - gone);
    leaf.cells.erase(leaf.cells.begin() + static_cast<std::ptrdiff_t>(end), leaf.cells.end());
    leaf.cells.erase(leaf.cells.begin(), leaf.cells.begin() + static_cast<std::ptrdiff_t>(front));
    leaf.first = static_cast<std::uint16_t>(leaf.first + front);
  }

  void fold(typename Blocks::iterator block) {
    Leaf& leaf = leaves_[block->leaf];
    const bool empty = leaf.populated == 0;
    if (!empty && (leaf.populated != block_pages || leaf.breaks != 0)) return;
    if (!empty) block->base = leaf.cells.front();
    leaf = Leaf{};
    free_leaves_.push_back(block->leaf);
    block->leaf = uniform;
    if (empty) blocks_.erase(block);
  }

  void fill_block(std::uint32_t number, Entry first) {
    auto place = lower(number);
    const bool present = place != blocks_.end() && place->number == number;
    if (present && place->leaf != uniform) {
      leaves_[place->leaf] = Leaf{};
      free_leaves_.push_back(place->leaf);
      place->leaf = uniform;
    }
    if (!first.populated()) {
      if (present) blocks_.erase(place);
    } else if (present) {
      place->base = first;
    } else {
      blocks_.insert(place, Block{.number = number, .base = first});
    }
  }

  Blocks blocks_;
  std::vector<Leaf> leaves_;
  std::vector<std::uint32_t> free_leaves_;  // Which leaf a block has is not part of its content.
};

}  // namespace model
