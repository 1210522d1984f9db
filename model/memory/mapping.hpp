// SPDX-License-Identifier: Apache-2.0
#pragma once

// The reverse map: from a page to the address spaces that may map it. Counterpart: struct anon_vma
// with its interval tree for private memory, struct address_space with i_mmap for shared memory.

#include <optional>

#include "model/memory/lock.hpp"
#include "model/memory/page_table.hpp"
#include "model/memory/small.hpp"

namespace model {

// Pages [index, index + pages.count) of a mapping, seen at `pages` of `mm`.
struct MappingWindow {
  MmId mm{};
  PageRange pages{};
  std::uint32_t index = 0;

  bool operator==(const MappingWindow&) const = default;

  std::optional<Page> page_at(std::uint32_t wanted) const {
    if (wanted < index || wanted - index >= pages.count) return std::nullopt;
    return pages.at(wanted - index);
  }
};

struct Mapping {
  enum class Kind : std::uint8_t { anonymous, shared };

  Kind kind = Kind::anonymous;
  Lock lock{};
  Small<MappingWindow, 2> windows{};
  // The page cache of shared memory: a frame (present) or a swap slot (swapped) for each index.
  Small<std::pair<std::uint32_t, Pte>, 1> cache{};

  bool operator==(const Mapping&) const = default;

  Pte cached(std::uint32_t index) const {
    for (const auto& [at, entry] : cache) {
      if (at == index) return entry;
    }
    return {};
  }

  void set_cached(std::uint32_t index, Pte entry) {
    auto place = cache.begin();
    while (place != cache.end() && place->first < index) ++place;
    const bool present = place != cache.end() && place->first == index;
    if (present && entry.populated()) {
      place->second = entry;
    } else if (present) {
      cache.erase(place);
    } else if (entry.populated()) {
      cache.insert(place, {index, entry});
    }
  }
};

}  // namespace model
