// SPDX-License-Identifier: Apache-2.0
// TimerWheel: finds what is due earliest, exactly, in constant time. Like the kernel's timer wheel
// (kernel/time/timer.c), with levels of 64 slots each; but an entry never expires late, because a
// slot is spread over the finer levels when its time comes.
// Invariant: an entry stands at the level of the highest base-64 digit in which its due time and
// now() differ, in the slot of that digit. So the first slot of the lowest level holds the
// earliest. Entries of one instant keep their order: they stand in one slot, and move together.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "sim/check.hpp"
#include "sim/id.hpp"

namespace sim {
// What an entry has for the wheel. Links are places in the vector that has all entries: half as
// large as pointers, and right in a copy of both.
struct TimerEntry {
  static constexpr std::uint32_t none = 0xffffffff;

  Nanoseconds due = 0;
  std::uint32_t next = none;  // In its slot.
  std::uint32_t previous = none;
};

template <class Entry>
class TimerWheel {
 public:
  using Entries = std::vector<Entry>;
  static constexpr std::uint32_t none = TimerEntry::none;

  Nanoseconds now() const { return now_; }
  bool empty() const { return levels_ == 0; }

  void insert(Entries& entries, std::uint32_t at);
  void erase(Entries& entries, std::uint32_t at) { unlink(entries, place_of(entries[at].due), at); }
  // Removes an entry that is due earliest, and moves now() to its due time.
  void take(Entries& entries, std::uint32_t at);
  // Likewise the one that was inserted first. Needs: not empty.
  std::uint32_t take_first(Entries& entries);
  // The first of the entries among which are all that are due earliest; `next` leads on. Needs: not
  // empty.
  std::uint32_t earliest() const { return slots_[earliest_place()].first; }

 private:
  static constexpr unsigned digit_bits = 6;
  static constexpr unsigned slots = 1U << digit_bits;
  static constexpr unsigned levels = (64 + digit_bits - 1) / digit_bits;

  struct Slot {
    std::uint32_t first = none;
    std::uint32_t last = none;
  };

  unsigned place_of(Nanoseconds due) const;
  unsigned earliest_place() const;
  void unlink(Entries& entries, unsigned place, std::uint32_t at);
  void mark_empty(unsigned place);
  void spread(Entries& entries, unsigned place, std::uint32_t but);

  Nanoseconds now_ = 0;
  std::uint32_t levels_ = 0;                      // Bit set: levels with an occupied slot.
  std::array<std::uint64_t, levels> occupied_{};  // Bit sets: occupied slots of a level.
  std::array<Slot, std::size_t{levels} * slots> slots_;
};

// ---- Each simulated event passes here: inline, which saves a quarter of its instructions.

template <class Entry>
inline unsigned TimerWheel<Entry>::place_of(Nanoseconds due) const {
  // 63 - x, such that it is one instruction.
  const unsigned highest = 63U ^ static_cast<unsigned>(std::countl_zero((due ^ now_) | 1));
  const unsigned level = highest / digit_bits;
  const auto digit = static_cast<unsigned>(due >> (level * digit_bits)) & (slots - 1);
  return level * slots + digit;
}

template <class Entry>
inline unsigned TimerWheel<Entry>::earliest_place() const {
  check(!empty());
  const auto level = static_cast<unsigned>(std::countr_zero(levels_));
  return level * slots + static_cast<unsigned>(std::countr_zero(occupied_[level]));
}

template <class Entry>
inline void TimerWheel<Entry>::mark_empty(unsigned place) {
  const unsigned level = place / slots;
  occupied_[level] &= ~(std::uint64_t{1} << place % slots);
  if (occupied_[level] == 0) levels_ &= ~(1U << level);
}

template <class Entry>
inline void TimerWheel<Entry>::insert(Entries& entries, std::uint32_t at) {
  Entry& entry = entries[at];
  const unsigned place = place_of(entry.due);
  Slot& slot = slots_[place];
  const std::uint32_t last = std::exchange(slot.last, at);
  entry.next = none;
  entry.previous = last;
  if (last != none) {
    entries[last].next = at;
    return;
  }
  slot.first = at;
  const unsigned level = place / slots;
  occupied_[level] |= std::uint64_t{1} << place % slots;
  levels_ |= 1U << level;
}

template <class Entry>
inline void TimerWheel<Entry>::unlink(Entries& entries, unsigned place, std::uint32_t at) {
  const Entry& entry = entries[at];
  Slot& slot = slots_[place];
  if (entry.next != none) {
    entries[entry.next].previous = entry.previous;
  } else {
    slot.last = entry.previous;
  }
  if (entry.previous != none) {
    entries[entry.previous].next = entry.next;
  } else {
    slot.first = entry.next;
    if (entry.next == none) mark_empty(place);
  }
}

// The entries of other slots differ from the old and the new time in the same digit, so they stay.
// Those of this slot move to finer levels, which are empty.
template <class Entry>
inline void TimerWheel<Entry>::take(Entries& entries, std::uint32_t at) {
  const unsigned place = place_of(entries[at].due);
  unlink(entries, place, at);
  now_ = entries[at].due;
  if (place >= slots && slots_[place].first != none) spread(entries, place, none);
}

// The entries of other slots differ from the old and the new time in the same digit, so they stay.
// Those of this slot, but one, move to finer levels, which are empty.
template <class Entry>
inline void TimerWheel<Entry>::spread(Entries& entries, unsigned place, std::uint32_t but) {
  std::uint32_t at = slots_[place].first;
  slots_[place] = {};
  mark_empty(place);
  while (at != none) {
    const std::uint32_t next = entries[at].next;
    if (at != but) insert(entries, at);
    at = next;
  }
}

template <class Entry>
inline std::uint32_t TimerWheel<Entry>::take_first(Entries& entries) {
  const unsigned place = earliest_place();
  Slot& slot = slots_[place];
  std::uint32_t first = slot.first;
  if (place < slots || first == slot.last) {
    now_ = entries[first].due;
    slot.first = entries[first].next;
    if (slot.first != none) {
      entries[slot.first].previous = none;
    } else {
      slot.last = none;
      mark_empty(place);
    }
    return first;
  }
  for (std::uint32_t at = entries[first].next; at != none; at = entries[at].next) {
    if (entries[at].due < entries[first].due) first = at;
  }
  now_ = entries[first].due;
  spread(entries, place, first);
  return first;
}
}  // namespace sim
