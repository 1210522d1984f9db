// SPDX-License-Identifier: Apache-2.0
#pragma once

// Reclaim: pages leave memory for swap. Counterpart: shrink_folio_list(), try_to_unmap_one() and
// kswapd.

#include "model/flow/notify.hpp"

namespace model {

// try_to_unmap() and try_to_migrate(): takes a folio out of every page table that maps it, each
// under the page table lock and between a start and an end. The flush may be put off.
struct UnmapFolio {
  static constexpr std::string_view name = "unmap_folio";
  static constexpr std::array<std::string_view, 10> steps{
      "lock_rmap", "next_mapping", "start", "started", "lock_ptl",
      "clear",     "flush",        "set",   "end",     "unlock_rmap"};
  enum class Step : std::uint8_t {
    lock_rmap,
    next_mapping,
    start,
    started,
    lock_ptl,
    clear,
    flush,
    set,
    end,
    unlock_rmap,
  } step = Step::lock_rmap;
  enum class For : std::uint8_t { swap, drop, migration, poison } what = For::swap;
  bool batch = true;               // TTU_BATCH_FLUSH: the caller flushes.
  LockMode mode = LockMode::read;  // See rmap_mode().
  bool failed = false;             // It must stay: it was written to meanwhile.
  FrameId frame{};
  MappingId mapping{};
  MmId mm{};
  Page page{};
  PageRange part{};        // What of the folio is in this VMA.
  PageRange told{};        // Of the bracket.
  std::uint32_t done = 0;  // Pages of the part.
  Pte entry{};             // What was there.
  bool seen = false;       // It was there when the lock was taken.
  Page moved{};            // Where the table is now that the entry is in, if it has moved since.
  bool page_told = false;  // Those with invalidate_page() know.

  bool operator==(const UnmapFolio&) const = default;
  Wait guard() const;
  Next run(Context& c);

 private:
  Page at() const { return Page{page.value + done}; }
  // The walk has a pointer to the entry, and not its address.
  Page entry_at() const { return moved.some() ? moved : at(); }
  void follow(Context& c, FrameId wanted);
  NotifierRange range(const Context& c) const;
  void find_part(Context& c);
  Next next_mapping(Context& c);
  bool splits(Context& c) const;
  Next lock(Context& c);
  Next clear_huge(Context& c);
  void replace(PageTable& table, Page here, Pte other) const;
  bool stays(Context& c, Page here);
  bool pinned(Context& c) const;
  void put_back(Context& c, Page here);
  Next clear(Context& c);
  Next set(Context& c);
};

// One folio: out of every page table that maps it, its content to swap or disk. The result is 0 if
// it is the caller's to be freed, after a BatchFlush; EBUSY if somebody holds a reference, EAGAIN
// if it is locked, ENOMEM without a slot; was_split if its pages are folios of their own now.
struct ReclaimPage {
  static constexpr std::string_view name = "reclaim";
  static constexpr std::array<std::string_view, 8> steps{
      "isolate", "referenced", "add_to_swap", "unmapped", "flush", "write", "free", "split"};
  static constexpr std::uint32_t was_split = 1;
  enum class Step : std::uint8_t {
    isolate,
    referenced,
    add_to_swap,
    unmapped,
    flush,
    write,
    free,
    split,
  } step = Step::isolate;
  bool asks = false;    // Whether it was used: the subscribers are asked as well.
  bool spares = false;  // What was used stays for now.
  bool wrote = false;
  FrameId frame{};
  MappingId mapping{};

  bool operator==(const ReclaimPage&) const = default;
  Next run(Context& c);

 private:
  bool needs_writing(Context& c) const;
  bool is_disk(Context& c) const;
  Next isolate(Context& c);
  Next add_to_swap(Context& c);
  Next unmapped(Context& c);
  Next write(Context& c);
  Next free(Context& c);
  Next give_up(Context& c, int error);
  bool stays_whole(Context& c) const;
  Next split(Context& c);
};

// Pages that a scenario names: swap_out(), MADV_PAGEOUT. They are freed together at the end. The
// result is that of the last failure. Of what it collects, `folios` are to be freed, and `rest` are
// the candidates, if it is for a cgroup; else pages of a file that no page table names any more.
struct ReclaimRange {
  static constexpr std::string_view name = "reclaim_range";
  static constexpr std::array<std::string_view, 6> steps{"age",   "next", "reclaimed",
                                                         "flush", "free", "finish"};
  enum class Step : std::uint8_t { age, next, reclaimed, flush, free, finish } step = Step::age;
  bool ages = false;         // Clears the accessed bits first, and flushes for that at the end.
  bool alone = false;        // MADV_PAGEOUT: only what nobody else maps.
  std::uint32_t wanted = 0;  // For a cgroup: so many at least, or EAGAIN; used or not.
  std::uint32_t count = 0;
  MmId mm{};
  PageRange pages{};
  std::uint32_t cursor = 0;
  FrameId frame{};         // That is being reclaimed.
  bool from_rest = false;  // It is one that was part of a huge page of a file.
  Result result = Result::success();

  bool operator==(const ReclaimRange&) const = default;
  Next run(Context& c);

 private:
  void find_candidates(Context& c);
  Next next(Context& c);
  Next next_candidate(Context& c);
  Next reclaimed(Context& c);
  void add_pages(Context& c);
  void add_named(Context& c);
  std::uint32_t rest_of_folio(Context& c) const;
};

// Frees up to `wanted` frames of a host, the longest unused first, with a second chance for those
// that were used since. The result is the number freed.
struct ReclaimSome {
  static constexpr std::string_view name = "reclaim_some";
  static constexpr std::array<std::string_view, 3> steps{"next", "reclaimed", "flushed"};
  enum class Step : std::uint8_t { next, reclaimed, flushed } step = Step::next;
  HostId host{};
  std::uint32_t wanted = 1;
  std::uint32_t freed = 0;
  std::uint32_t tried = 0;
  FrameId frame{};

  bool operator==(const ReclaimSome&) const = default;
  Next run(Context& c);
};

// swapin_walk_pmd_entry() of MADV_WILLNEED: pages of a range come into the swap cache.
struct SwapAhead {
  static constexpr std::string_view name = "swap_ahead";
  static constexpr std::array<std::string_view, 2> steps{"next", "read"};
  enum class Step : std::uint8_t { next, read } step = Step::next;
  MmId mm{};
  PageRange pages{};
  std::uint32_t cursor = 0;
  SlotId slot{};
  FrameId frame{};

  bool operator==(const SwapAhead&) const = default;
  Next run(Context& c);
};

// swapoff(): every page in swap comes back: those of shmem into the page cache, those of processes
// into their page tables (unuse_pte()); then the swap cache lets go. The result is ENOMEM if there
// is no room.
struct Swapoff {
  static constexpr std::string_view name = "swapoff";
  static constexpr std::array<std::string_view, 8> steps{"off",  "next", "shmem", "lock_mm",
                                                         "lock", "read", "map",   "lock_cached"};
  enum class Step : std::uint8_t {
    off,
    next,
    shmem,
    lock_mm,
    lock,
    read,
    map,
    lock_cached
  } step = Step::off;
  std::uint8_t reclaims = 0;   // Passes of reclaim for want of a frame.
  std::uint32_t capacity = 0;  // What there was.
  HostId host{};
  MmId mm{};
  Page page{};
  SlotId slot{};
  FrameId frame{};

  bool operator==(const Swapoff&) const = default;
  Wait guard() const;
  Next run(Context& c);

 private:
  Next next(Context& c);
  bool find_cached(Context& c);
  Next find(Context& c);
  Next map(Context& c);
  Next fail(Context& c);
};

// The kernel thread that reclaims in the background while a host is below its low watermark.
struct Kswapd {
  static constexpr std::string_view name = "kswapd";
  static constexpr std::array<std::string_view, 2> steps{"sleep", "reclaimed"};
  enum class Step : std::uint8_t { sleep, reclaimed } step = Step::sleep;
  HostId host{};
  std::uint32_t hopeless = 0;  // The number of candidates when a pass freed nothing, plus one.

  bool operator==(const Kswapd&) const = default;
  Wait guard() const;
  Next run(Context& c);
};

// Advice is for pages that the process has for itself.
bool mapped_once(const Machine& machine, FrameId head, MmId mm);
// Whether the large folio at that page can be taken as a whole: all of it is there, and among
// `pages`.
bool takes_whole(Context& c, MmId mm, Page page, PageRange pages);
// can_split_folio(): all its references but `held` ones are those of entries.
bool can_split(const Machine& machine, FrameId head, std::uint32_t held);

// folio_referenced(): tests and clears the accessed bits of all that map the folio, and asks the
// subscribers, who may know of accesses that no bit shows.
bool test_and_clear_young(Context& c, FrameId frame);

// Free frames below which kswapd wakes, and up to which it reclaims. None on very small hosts.
std::uint32_t low_watermark(std::uint32_t frames);
std::uint32_t high_watermark(std::uint32_t frames);

}  // namespace model
