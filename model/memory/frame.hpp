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
#include "sim/check.hpp"
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
  std::uint32_t references = 0;  // folio_ref_count(): maps, the swap or page cache, pins, callers.
  std::uint16_t maps = 0;        // folio_mapcount().
  std::uint32_t pins = 0;        // FOLL_PIN references, counted in `references` as well.
  MappingId mapping{};           // folio->mapping: where the reverse map starts.
  std::uint32_t index = 0;       // folio->index: the page's place in that mapping.
  SlotId slot{};                 // The slot of a page in the swap cache.
  TaskId locked_by{};            // The folio lock.
  // Of a folio of several pages: how far its first page is from here. That one has the references,
  // maps, pins, lock and flags of all.
  std::uint16_t tail = 0;
  std::uint8_t order = 0;  // folio_order(): of how many pages it is, as a power of two.
  std::uint8_t node = 0;   // Of device memory, whose it is: a DeviceOwner.
  bool allocated : 1 = false;
  bool listed : 1 = false;     // On the list of candidates for reclaim: PG_lru.
  bool dirty : 1 = false;      // Differs from what swap or the disk holds.
  bool lazy_free : 1 = false;  // MADV_FREE: may be dropped while clean. !PG_swapbacked.
  bool ksm : 1 = false;        // Merged with others that are equal.
  bool device : 1 = false;     // Device memory.
  bool hugetlb : 1 = false;    // Of the pool of hugetlbfs.
  bool poisoned : 1 = false;   // PG_hwpoison
  bool pfnmap : 1 = false;     // A driver's own: page tables that map it do not count (VM_PFNMAP).

  std::uint32_t pages() const { return 1U << order; }
  // Of a folio in the page cache, those of the page cache: one for each page, of hugetlb one.
  std::uint32_t cache_references() const { return hugetlb ? 1 : pages(); }

  bool operator==(const Frame&) const = default;
  void encode(sim::Encoder& out) const;
};

// A folio of a GiB. Of its pages behind the first one, only those that something was done to have a
// record of their own.
struct GiganticFolio {
  Frame head{};
  Frame blank{};                                        // What all others look like.
  Small<std::pair<std::uint32_t, Frame>, 1> touched{};  // By their distance from the head; sorted.

  Frame& operator[](std::uint32_t tail);
  const Frame& operator[](std::uint32_t tail) const;

  bool operator==(const GiganticFolio& other) const;
  void encode(sim::Encoder& out) const;
};

class FrameTable {
 public:
  // Their frames have numbers from here on, so many each.
  static constexpr std::uint32_t first_gigantic = 1U << 30;
  static constexpr std::uint8_t gigantic_order = 18;
  static constexpr std::uint32_t gigantic_pages = 1U << gigantic_order;

  struct Pool {  // The frames of one host.
    AllocOrder order = AllocOrder::lifo;
    std::uint32_t capacity = 0;
    std::uint32_t used = 0;  // Frames that have a number.
    std::uint32_t allocated = 0;
    Small<FrameId, 4> free{};
    Small<FrameId, 1> free_gigantic{};  // The heads of folios; the last one is taken first.
    bool operator==(const Pool&) const = default;
  };

  HostId add_host(AllocOrder order, std::uint32_t capacity);

  Frame& operator[](FrameId frame) {
    if (gigantic(frame)) return gigantic_[known(frame)][tail_of(frame)];
    return frames_[frame.index()];
  }
  const Frame& operator[](FrameId frame) const {
    if (gigantic(frame)) return gigantic_[known(frame)][tail_of(frame)];
    return frames_[frame.index()];
  }
  bool has(FrameId frame) const {
    if (!gigantic(frame)) return frame.index() < frames_.size();
    return frame.some() && folio_number(frame) < gigantic_.size();
  }
  // How many have numbers below first_gigantic.
  std::size_t size() const { return frames_.size(); }
  // Calls visit(id, frame) for each frame, and for the first one of each gigantic folio.
  template <class Visit>
  void for_each(Visit visit) const {
    for (std::uint32_t i = 0; i < frames_.size(); ++i) visit(FrameId{i}, frames_[i]);
    for (std::uint32_t i = 0; i < gigantic_.size(); ++i) {
      visit(FrameId{first_gigantic + i * gigantic_pages}, gigantic_[i].head);
    }
  }
  const Pool& pool(HostId host) const { return pools_[host.index()]; }
  std::uint32_t free_frames(HostId host) const;

  // A zeroed frame with one reference; nothing when the host has none left.
  std::optional<FrameId> allocate(HostId host);
  // So many frames in a row as one folio: its first one. They are not taken from the free ones, but
  // for gigantic ones, which stay what they are.
  std::optional<FrameId> allocate(HostId host, std::uint32_t pages);
  // Every page of the folio becomes one of its own, without maps and references: those are the
  // caller's to be counted again.
  void split(FrameId head);

  // The first page of the folio.
  FrameId head(FrameId frame) const {
    if (gigantic(frame)) return FrameId{frame.value - tail_of(frame)};
    return FrameId{frame.value - (*this)[frame].tail};
  }

  // The content of all pages of a folio becomes that of another one of the same size.
  void copy(FrameId from, FrameId to);
  // All pages of a folio that was just allocated hold the value.
  void fill(FrameId head, Value value);
  // The content of so many pages of a folio, from that one on, becomes zero.
  void zero(FrameId first, std::uint32_t count);

  // Takes or drops one reference of a folio. The last one frees its frames: true then.
  void get(FrameId frame) { ++(*this)[head(frame)].references; }
  bool put(FrameId frame);

  bool operator==(const FrameTable&) const = default;
  void encode(sim::Encoder& out) const;
  // With frames by their names. All that refers to frames has been encoded before, so that a free
  // frame without a name is one that nobody remembers. `hosts`: in which order.
  void encode_named(sim::Encoder& out, Names& names, std::span<const std::uint32_t> hosts) const;

 private:
  static bool gigantic(FrameId frame) { return frame.value >= first_gigantic; }
  static std::uint32_t folio_number(FrameId frame) {
    return (frame.value - first_gigantic) / gigantic_pages;
  }
  std::uint32_t known(FrameId frame) const {
    check(folio_number(frame) < gigantic_.size());
    return folio_number(frame);
  }
  static std::uint32_t tail_of(FrameId frame) {
    return (frame.value - first_gigantic) % gigantic_pages;
  }
  std::optional<FrameId> allocate_gigantic(HostId host);
  void free_gigantic(FrameId head);
  void encode_free(sim::Encoder& out, Names& names, const Pool& pool) const;

  Small<Frame, 6> frames_;
  Small<GiganticFolio, 1> gigantic_;
  Small<Pool, 2> pools_;
};

}  // namespace model
