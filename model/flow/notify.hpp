// SPDX-License-Identifier: Apache-2.0
#pragma once

// The notifier brackets around a page table change.

#include "model/flow/tlb.hpp"

namespace model {

// mmu_notifier_invalidate_range_start(): interval notifiers first, then ordinary ones, one after
// the other. The result is 0, or -EAGAIN of a subscriber that must not sleep.
struct RangeStart {
  static constexpr std::string_view name = "range_start";
  static constexpr std::array<std::string_view, 7> steps{
      "enter", "interval", "interval_done", "finish", "listener", "listener_done", "unwind"};
  enum class Step : std::uint8_t {
    enter,
    interval,
    interval_done,
    finish,
    listener,
    listener_done,
    unwind,
  } step = Step::enter;
  bool refused = false;
  bool outside = false;  // No lock is held that would keep subscribers from coming.
  NotifierRange range{};
  std::uint32_t cursor = 0;  // Among the intervals that were hit.
  MrId listener{};           // The last that was called.

  bool operator==(const RangeStart&) const = default;
  Next run(Context& c);

 private:
  Next finish(Context& c);
  Next refuse(Context& c);
};

// mmu_notifier_invalidate_range_end(). Up to 6.5 it tells those who share the page table as well,
// unless it is _only_end().
struct RangeEnd {
  static constexpr std::string_view name = "range_end";
  static constexpr std::array<std::string_view, 3> steps{"enter", "deferred", "listener"};
  enum class Step : std::uint8_t { enter, deferred, listener } step = Step::enter;
  bool only_end = false;
  bool told = false;  // Those who share the page table know.
  NotifierRange range{};
  MrId listener{};  // The last that was called.

  bool operator==(const RangeEnd&) const = default;
  Next run(Context& c);
};

// mmu_notifier_clear_flush_young() and its like: whether any device has used the pages.
bool ask_young(Context& c, MmId mm, PageRange pages, Aging how);

// From one to the other no subscriber may come.
void open_range(Context& c, const NotifierRange& range, bool outside = false);
void close_range(Context& c, const NotifierRange& range);

// mn_itree_finish_pass(): the second pass, from `cursor` on among the intervals that were hit.
// Gives the next one whose driver must be called; none: that was all.
MrId finish_intervals(Context& c, const NotifierRange& range, std::uint32_t& cursor);

// What a subscriber's driver is called with: its own part of the range.
PolicyCall callback(Context& c, Hook hook, const NotifierRange& range, MrId mr);
// invalidate() of an interval, which is told the sequence number; range_start() is not.
PolicyCall invalidate(Context& c, const NotifierRange& range, MrId mr);

// mn_itree_inv_end(), with the wake-up of those who wait for the epoch to end.
void end_intervals(Context& c, MmId mm);

}  // namespace model
