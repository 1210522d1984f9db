// SPDX-License-Identifier: Apache-2.0
#pragma once

// The notifier brackets around a page table change, and the flush of the CPUs' TLBs.

#include "model/flow/context.hpp"

namespace model {

// mmu_notifier_invalidate_range_start(): interval notifiers first, then ordinary ones, one after
// the other. The result is 0, or -EAGAIN of a subscriber that must not sleep.
struct RangeStart {
  static constexpr std::string_view name = "range_start";
  static constexpr std::array<std::string_view, 6> steps{
      "enter", "interval", "interval_done", "listener", "listener_done", "unwind"};
  enum class Step : std::uint8_t {
    enter,
    interval,
    interval_done,
    listener,
    listener_done,
    unwind,
  } step = Step::enter;
  bool refused = false;
  NotifierRange range{};
  std::uint32_t cursor = 0;  // Among the intervals that were hit.
  MrId listener{};           // The last that was called.

  bool operator==(const RangeStart&) const = default;
  Next run(Context& c);

 private:
  Next finish(Context& c);
  Next refuse(Context& c);
};

// mmu_notifier_invalidate_range_end().
struct RangeEnd {
  static constexpr std::string_view name = "range_end";
  static constexpr std::array<std::string_view, 2> steps{"enter", "listener"};
  enum class Step : std::uint8_t { enter, listener } step = Step::enter;
  NotifierRange range{};
  MrId listener{};  // The last that was called.

  bool operator==(const RangeEnd&) const = default;
  Next run(Context& c);
};

// From one to the other no subscriber may come.
void open_range(Context& c, const NotifierRange& range);
void close_range(Context& c, const NotifierRange& range);

// mn_itree_inv_end(), with the wake-up of those who wait for the epoch to end.
void end_intervals(Context& c, MmId mm);

// flush_tlb_range(): this CPU at once, the others by IPI; over when all have answered.
struct TlbFlush {
  static constexpr std::string_view name = "tlb_flush";
  static constexpr std::array<std::string_view, 2> steps{"send", "wait"};
  enum class Step : std::uint8_t { send, wait } step = Step::send;
  MmId mm{};
  PageRange pages{};

  bool operator==(const TlbFlush&) const = default;
  Wait guard() const;
  Next run(Context& c);
};

}  // namespace model
