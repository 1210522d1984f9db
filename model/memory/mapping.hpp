// SPDX-License-Identifier: Apache-2.0
#pragma once

// What pages belong to, apart from address spaces. Counterpart: struct anon_vma for private memory,
// struct address_space (i_mmap, i_pages) for the page cache of a file. The reverse map is found
// from it: VMAs name their mappings.

#include "model/memory/lock.hpp"
#include "model/memory/page_table.hpp"
#include "model/memory/small.hpp"

namespace model {

struct Mapping {
  enum class Kind : std::uint8_t { anonymous, shmem, disk, hugetlbfs, pfnmap };

  Kind kind = Kind::anonymous;
  HostId host{};
  bool file = false;       // Outlives its mappings.
  bool gigantic = false;   // Of hugetlbfs: with pages of a GiB.
  std::uint32_t size = 0;  // Of a file, in pages: i_size.
  Lock lock{};
  Lock exporter{};       // Of a driver's buffer.
  bool revoked = false;  // Its driver lets nobody use it.
  // The page cache: a frame (present) or a swap slot (swapped) for each index. A huge page has one
  // entry, at its first index.
  Small<std::pair<std::uint32_t, Pte>, 1> cache{};

  Small<std::pair<std::uint32_t, Value>, 1> stored{};  // On disk, where it is not zero.

  bool operator==(const Mapping&) const = default;
  void encode(sim::Encoder& out) const {
    sim::encode(out, kind);
    sim::encode(out, host);
    sim::encode(out, file);
    out.add(static_cast<std::uint8_t>((gigantic ? 1 : 0) | (revoked ? 2 : 0)));
    sim::encode(out, size);
    sim::encode(out, lock);
    sim::encode(out, exporter);
    sim::encode(out, cache);
    sim::encode(out, stored);
  }
  Value read(std::uint32_t index) const {
    for (const auto& [at, value] : stored) {
      if (at == index) return value;
    }
    return 0;
  }
  void store(std::uint32_t index, Value value) {
    for (auto& [at, old] : stored) {
      if (at != index) continue;
      old = value;
      return;
    }
    stored.push_back({index, value});
  }
  // huge_page_size(), in small pages.
  std::uint32_t pagesize() const {
    return kind != Kind::hugetlbfs ? 1 : gigantic ? pud_pages : pmd_pages;
  }
  bool anonymous() const { return kind == Kind::anonymous; }

  Pte cached(std::uint32_t index) const {
    for (const auto& [at, entry] : cache) {
      if (at <= index && index - at < entry.pages()) return entry.advanced(index - at);
    }
    return {};
  }
  // Whether anything is cached at [first, first + count).
  bool caches_any(std::uint32_t first, std::uint32_t count) const {
    return std::ranges::any_of(cache, [=](const auto& entry) {
      return entry.first < first + count && first < entry.first + entry.second.pages();
    });
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
