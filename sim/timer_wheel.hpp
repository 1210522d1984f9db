// SPDX-License-Identifier: Apache-2.0
// TimerWheel: finds what is due earliest, exactly, in constant time. Like the kernel's timer wheel
// (kernel/time/timer.c), with levels of 64 slots each; but an entry never expires late, because a
// slot is spread over the finer levels when its time comes.
// Invariant: an entry stands at the level of the highest base-64 digit in which its due time and
// now() differ, in the slot of that digit. So the first slot of the lowest level holds the
// earliest.
#pragma once

#include <array>
#include <bit>
#include <boost/intrusive/list.hpp>
#include <cstddef>
#include <cstdint>

#include "sim/check.hpp"
#include "sim/id.hpp"

namespace sim {
using TimerHook =
    boost::intrusive::list_base_hook<boost::intrusive::tag<struct ByTime>,
                                     boost::intrusive::link_mode<boost::intrusive::normal_link>>;

struct TimerEntry : TimerHook {
  Nanoseconds due = 0;
  Lane lane;
};

class TimerWheel {
 public:
  using Slot = boost::intrusive::list<TimerEntry, boost::intrusive::base_hook<TimerHook>,
                                      boost::intrusive::constant_time_size<false>>;

  TimerWheel() = default;
  TimerWheel(const TimerWheel&) = delete;  // The entries are not its own: their owner rebuilds it.
  TimerWheel& operator=(const TimerWheel&) = delete;

  Nanoseconds now() const { return now_; }
  bool empty() const { return levels_ == 0; }

  void insert(TimerEntry& entry);
  void erase(TimerEntry& entry) { erase_from(place_of(entry.due), entry); }
  // Removes an entry that is due earliest, and moves now() to its due time.
  void take(TimerEntry& entry);
  // The entries among which are all that are due earliest. Needs: not empty.
  const Slot& earliest_slot() const;

  // Forgets all entries and sets the time.
  void reset(Nanoseconds now);

 private:
  static constexpr unsigned digit_bits = 6;
  static constexpr unsigned slots = 1U << digit_bits;
  static constexpr unsigned levels = (64 + digit_bits - 1) / digit_bits;

  struct Place {
    unsigned level;
    unsigned slot;
  };
  Place place_of(Nanoseconds due) const;
  Slot& slot_at(Place place) { return slots_[place.level * slots + place.slot]; }
  void erase_from(Place place, TimerEntry& entry);
  void mark_empty(Place place);

  Nanoseconds now_ = 0;
  std::uint32_t levels_ = 0;                      // Bit set: levels with an occupied slot.
  std::array<std::uint64_t, levels> occupied_{};  // Bit sets: occupied slots of a level.
  std::array<Slot, std::size_t{levels} * slots> slots_;
};

// ---- Each simulated event passes here: inline, which saves a quarter of its instructions.

inline TimerWheel::Place TimerWheel::place_of(Nanoseconds due) const {
  const auto width = static_cast<unsigned>(std::bit_width((due ^ now_) | 1));
  const unsigned level = (width - 1) / digit_bits;
  return {.level = level, .slot = static_cast<unsigned>(due >> (level * digit_bits)) & (slots - 1)};
}

inline void TimerWheel::mark_empty(Place place) {
  occupied_[place.level] &= ~(std::uint64_t{1} << place.slot);
  if (occupied_[place.level] == 0) levels_ &= ~(1U << place.level);
}

inline void TimerWheel::insert(TimerEntry& entry) {
  check(entry.due >= now_);
  const Place place = place_of(entry.due);
  slot_at(place).push_back(entry);
  occupied_[place.level] |= std::uint64_t{1} << place.slot;
  levels_ |= 1U << place.level;
}

inline void TimerWheel::erase_from(Place place, TimerEntry& entry) {
  Slot& slot = slot_at(place);
  slot.erase(Slot::s_iterator_to(entry));
  if (slot.empty()) mark_empty(place);
}

// The entries of other slots differ from the old and the new time in the same digit, so they stay.
// Those of this slot move to finer levels, which are empty.
inline void TimerWheel::take(TimerEntry& entry) {
  const Place place = place_of(entry.due);
  erase_from(place, entry);
  now_ = entry.due;
  Slot& slot = slot_at(place);
  if (place.level == 0 || slot.empty()) return;
  mark_empty(place);
  while (!slot.empty()) {
    TimerEntry& next = slot.front();
    slot.pop_front();
    insert(next);
  }
}

inline const TimerWheel::Slot& TimerWheel::earliest_slot() const {
  check(!empty());
  const auto level = static_cast<unsigned>(std::countr_zero(levels_));
  const auto slot = static_cast<unsigned>(std::countr_zero(occupied_[level]));
  return slots_[level * slots + slot];
}

inline void TimerWheel::reset(Nanoseconds now) {
  for (Slot& slot : slots_) slot.clear();
  occupied_.fill(0);
  levels_ = 0;
  now_ = now;
}
}  // namespace sim
