// SPDX-License-Identifier: Apache-2.0
// Ranges of pages with a value each. Invariant: no two overlap, and none is empty.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <utility>

#include "model/memory/ids.hpp"

namespace language {

// The model's numbers of pages have 32 bits. The last 512 GiB of each 16 TiB lie at their middle,
// so that no table of a page table, whatever its level, ends behind the last number.
struct PageNumber {
  std::uint32_t page = 0;
  std::uint32_t block = 0;  // Which pages of that number are meant.
  std::uint64_t end = 0;    // Where the numbers go on no more.
};
constexpr PageNumber page_number(std::uint64_t address) {
  constexpr std::uint32_t page_shift = 12;
  constexpr std::uint64_t all = std::uint64_t{1} << 32;
  constexpr std::uint64_t half = all / 2;
  constexpr std::uint64_t last_table = 0xf8000000;
  const std::uint64_t number = address >> page_shift;
  const std::uint64_t low = number % all;
  const bool moved = low >= last_table;
  return {.page = static_cast<std::uint32_t>(moved ? low - half : low),
          .block = static_cast<std::uint32_t>(2 * (number / all) + (moved ? 1 : 0)),
          .end = moved ? half : last_table};
}

template <class Value>
class PageMap {
 public:
  void erase(model::PageRange pages) {
    const std::uint64_t first = pages.first.value;
    const std::uint64_t last = first + pages.count;
    if (pages.count == 0) return;
    split(first);
    split(last);
    parts_.erase(parts_.lower_bound(first), parts_.lower_bound(last));
  }
  void assign(model::PageRange pages, const Value& value) {
    if (pages.count == 0) return;
    erase(pages);
    parts_[pages.first.value] = {pages.first.value + std::uint64_t{pages.count}, value};
  }
  void clear() { parts_.clear(); }

  // Each part of the pages that has a value, in their order: (PageRange, Value&).
  template <class Visit>
  void for_each(model::PageRange pages, Visit visit) {
    const std::uint64_t first = pages.first.value;
    const std::uint64_t last = first + pages.count;
    auto part = parts_.upper_bound(first);
    if (part != parts_.begin()) --part;
    for (; part != parts_.end() && part->first < last; ++part) {
      const std::uint64_t begin = std::max(part->first, first);
      const std::uint64_t end = std::min(part->second.first, last);
      if (begin >= end) continue;
      visit(model::PageRange{.first = model::Page{static_cast<std::uint32_t>(begin)},
                             .count = static_cast<std::uint32_t>(end - begin)},
            part->second.second);
    }
  }
  // Makes values begin and end at the ends of the pages, so that for_each() may change them.
  void cut_out(model::PageRange pages) {
    split(pages.first.value);
    split(pages.first.value + std::uint64_t{pages.count});
  }
  template <class Visit>
  void for_each_hole(model::PageRange pages, Visit visit) {
    std::uint64_t at = pages.first.value;
    const std::uint64_t last = at + pages.count;
    const auto hole = [&](std::uint64_t end) {
      if (at >= end) return;
      visit(model::PageRange{.first = model::Page{static_cast<std::uint32_t>(at)},
                             .count = static_cast<std::uint32_t>(end - at)});
    };
    for_each(pages, [&](model::PageRange part, const Value&) {
      hole(part.first.value);
      at = part.first.value + std::uint64_t{part.count};
    });
    hole(last);
  }

 private:
  void split(std::uint64_t at) {
    auto part = parts_.lower_bound(at);
    if (part == parts_.begin()) return;
    --part;
    if (part->second.first <= at) return;
    parts_[at] = part->second;
    part->second.first = at;
  }

  std::map<std::uint64_t, std::pair<std::uint64_t, Value>> parts_;  // By the first: the end.
};

}  // namespace language
