// SPDX-License-Identifier: Apache-2.0
#pragma once

// Page frames and their allocator. Counterpart: struct page / struct folio and the buddy allocator
// with its per-CPU lists, which hand out the frame that was freed last.
//
// Frames get numbers when they are first used, so that a machine with much memory costs nothing
// until it uses it.

#include <optional>

#include "model/memory/ids.hpp"
#include "model/memory/names.hpp"
#include "model/memory/small.hpp"
#include "sim/encoding.hpp"

namespace model {

// Which free frame is handed out next.
enum class AllocOrder : std::uint8_t {
  lifo,  // The one freed last, as a per-CPU page list does: a stale write is seen soonest.
  fifo,  // The one freed first.
};

struct Frame {
  HostId host{};
  Value value = 0;
  // Moves on when the frame is freed, so that a translation made before can be told apart.
  std::uint16_t generation = 0;
  std::uint16_t references = 0;  // folio_ref_count(): maps, the swap or page cache, pins, callers.
  std::uint16_t maps = 0;        // folio_mapcount().
  std::uint16_t pins = 0;        // FOLL_PIN references, counted in `references` as well.
  MappingId mapping{};           // folio->mapping: where the reverse map starts.
  std::uint32_t index = 0;       // folio->index: the page's place in that mapping.
  SlotId slot{};                 // The slot of a page in the swap cache.
  TaskId locked_by{};            // The folio lock.
  // Of a folio of several pages: how many, and how far its first page is from here. The first one
  // has the references, maps, pins, lock and flags of all.
  std::uint16_t pages = 1;
  std::uint16_t tail = 0;
  std::uint8_t node = 0;
  bool allocated : 1 = false;
  bool listed : 1 = false;     // On the list of candidates for reclaim: PG_lru.
  bool dirty : 1 = false;      // Differs from what swap or the disk holds.
  bool lazy_free : 1 = false;  // MADV_FREE: may be dropped while clean. !PG_swapbacked.
  bool ksm : 1 = false;        // Merged with others that are equal.
  bool device : 1 = false;     // Device memory.
  bool hugetlb : 1 = false;    // Of the pool of hugetlbfs.
  bool poisoned : 1 = false;   // PG_hwpoison

  // Of a folio in the page cache, those of the page cache: one for each page, of hugetlb one.
  std::uint32_t cache_references() const { return hugetlb ? 1 : pages; }

  bool operator==(const Frame&) const = default;
  void encode(sim::Encoder& out) const;
};

class FrameTable {
 public:
  struct Pool {  // The frames of one host.
    AllocOrder order = AllocOrder::lifo;
    std::uint32_t capacity = 0;
    std::uint32_t used = 0;  // Frames that have a number.
    std::uint32_t allocated = 0;
    Small<FrameId, 4> free{};
    bool operator==(const Pool&) const = default;
  };

  HostId add_host(AllocOrder order, std::uint32_t capacity);

  Frame& operator[](FrameId frame) { return frames_[frame.index()]; }
  const Frame& operator[](FrameId frame) const { return frames_[frame.index()]; }
  std::size_t size() const { return frames_.size(); }
  const Pool& pool(HostId host) const { return pools_[host.index()]; }
  std::uint32_t free_frames(HostId host) const;

  // A zeroed frame with one reference; nothing when the host has none left.
  std::optional<FrameId> allocate(HostId host);
  // So many frames in a row as one folio: its first one. They are not taken from the free ones.
  std::optional<FrameId> allocate(HostId host, std::uint32_t pages);
  // Every page of the folio becomes one of its own, without maps and references: those are the
  // caller's to be counted again.
  void split(FrameId head);

  // The first page of the folio.
  FrameId head(FrameId frame) const { return FrameId{frame.value - (*this)[frame].tail}; }

  // Takes or drops one reference of a folio. The last one frees its frames: true then.
  void get(FrameId frame) { ++(*this)[head(frame)].references; }
  bool put(FrameId frame);

  bool operator==(const FrameTable&) const = default;
  void encode(sim::Encoder& out) const;
  // With frames by their names. All that refers to frames has been encoded before, so that a free
  // frame without a name is one that nobody remembers. `hosts`: in which order.
  void encode_named(sim::Encoder& out, Names& names, std::span<const std::uint32_t> hosts) const;

 private:
  void encode_free(sim::Encoder& out, Names& names, const Pool& pool) const;

  Small<Frame, 6> frames_;
  Small<Pool, 2> pools_;
};

}  // namespace model
