// SPDX-License-Identifier: Apache-2.0
#pragma once

// Reclaim: pages leave memory for swap. Counterpart: shrink_folio_list(), try_to_unmap_one() and
// kswapd.

#include "model/flow/context.hpp"

namespace model {

// One frame: out of every page table that maps it, its content to swap, then free. The result is 0
// if it was freed; EBUSY if somebody holds a reference, EAGAIN if it is locked, ENOMEM without a
// slot.
struct ReclaimPage {
  static constexpr std::string_view name = "reclaim";
  static constexpr std::array<std::string_view, 12> steps{
      "isolate", "add_to_swap", "lock_rmap", "next_mapping", "started", "lock_ptl",
      "clear",   "flush",       "end",       "unlock_rmap",  "write",   "free"};
  enum class Step : std::uint8_t {
    isolate,
    add_to_swap,
    lock_rmap,
    next_mapping,
    started,
    lock_ptl,
    clear,
    flush,
    end,
    unlock_rmap,
    write,
    free,
  } step = Step::isolate;
  bool wrote = false;
  FrameId frame{};
  MappingId mapping{};
  std::uint32_t cursor = 0;  // Of the mapping's windows.
  MmId mm{};
  Page page{};

  bool operator==(const ReclaimPage&) const = default;
  Wait guard() const;
  Next run(Context& c);

 private:
  NotifierRange range() const;
  Next isolate(Context& c);
  Next add_to_swap(Context& c);
  Next next_mapping(Context& c);
  Next clear(Context& c);
  Next write(Context& c);
  Next free(Context& c);
  Next give_up(Context& c, int error);
};

// Pages that a scenario names: swap_out(), MADV_PAGEOUT. The result is that of the last failure.
struct ReclaimRange {
  static constexpr std::string_view name = "reclaim_range";
  static constexpr std::array<std::string_view, 2> steps{"next", "reclaimed"};
  enum class Step : std::uint8_t { next, reclaimed } step = Step::next;
  MmId mm{};
  PageRange pages{};
  std::uint32_t cursor = 0;
  Result result = Result::success();

  bool operator==(const ReclaimRange&) const = default;
  Next run(Context& c);
};

// Frees up to `wanted` frames of a host, the longest unused first, with a second chance for those
// that were used since. The result is the number freed.
struct ReclaimSome {
  static constexpr std::string_view name = "reclaim_some";
  static constexpr std::array<std::string_view, 2> steps{"next", "reclaimed"};
  enum class Step : std::uint8_t { next, reclaimed } step = Step::next;
  HostId host{};
  std::uint32_t wanted = 1;
  std::uint32_t freed = 0;
  std::uint32_t tried = 0;

  bool operator==(const ReclaimSome&) const = default;
  Next run(Context& c);

 private:
  bool used_since(Context& c, FrameId frame) const;
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

// Free frames below which kswapd wakes, and up to which it reclaims. None on very small hosts.
std::uint32_t low_watermark(std::uint32_t frames);
std::uint32_t high_watermark(std::uint32_t frames);

}  // namespace model
