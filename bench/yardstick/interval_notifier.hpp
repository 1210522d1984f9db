// SPDX-License-Identifier: Apache-2.0
#pragma once

// Protocol A of the yardstick: devices that translate on demand, and invalidations that they are
// told of by an interval notifier with a sequence, in the form of KVM and on-demand paging. It
// shares nothing with the memory model: one transition here is one transition of
// interval_notifier.pml, so that states and steps can be compared one to one.

#include <array>
#include <cstdint>
#include <string_view>

#include "sim/system.hpp"

namespace yardstick {

// How many there are of each. Each invalidator works once; each device thread, `accesses` times.
struct IntervalScope {
  std::string_view name;
  std::uint8_t devices = 1;
  std::uint8_t pages = 1;
  std::uint8_t frames = 2;
  std::uint8_t device_threads = 1;
  std::uint8_t accesses = 2;
  std::uint8_t reclaimers = 1;
  std::uint8_t replacers = 0;  // Copy on write, migration.
  std::uint8_t unmappers = 0;
};

// What is left out, on purpose.
enum class IntervalVariant : std::uint8_t {
  none,
  retry,          // An install never starts over.
  sequence,       // It asks only whether an invalidation is running.
  count,          // It asks only whether the sequence has moved.
  flush,          // The table is cleared, the device's TLB is not.
  drain,          // Nobody waits for transfers in flight.
  order,          // The page is freed before the shoot-down.
  end_after_pte,  // range_end before the page table changes.
  range,          // One callback without start and end, as proposed in 2008.
  range_pinned,   // The same, and a page in use is orphaned instead of freed.
};

enum class IntervalProperty : std::uint8_t { use_after_free, coherence };

struct IntervalProtocol {
  IntervalScope scope;
  IntervalVariant left_out = IntervalVariant::none;
  IntervalProperty property = IntervalProperty::use_after_free;
};

class IntervalNotifier {
 public:
  explicit IntervalNotifier(const IntervalProtocol& protocol);

  bool step(sim::Turn turn);
  void rest();
  // Bit 0: the property does not hold; bit 1: a thread waits for ever. What comes after a violation
  // is not looked at: all violations are one state, without steps.
  std::uint64_t broken() const { return std::uint64_t{violated_} | std::uint64_t{stuck_} << 1; }
  std::uint64_t witnessed() const { return 0; }
  void encode(sim::Encoder& out) const;
  bool operator==(const IntervalNotifier& other) const;

 private:
  enum class Pc : std::uint8_t {
    choose,
    translate,
    read_sequence,
    get_page,
    lock,
    install,
    unlock,
    transfer,  // Devices.
    pick,
    take,
    begin,
    zap,
    flush,
    drop,
    clear_pte,
    free,
    end,  // Invalidators.
  };
  struct Thread {
    Pc pc = Pc::choose;
    std::uint8_t left = 0;  // Rounds.
    std::uint8_t page = 0;
    std::uint8_t frame = 0;   // From 1; 0 is none.
    std::uint8_t fresh = 0;   // The frame that a replacer puts in place.
    std::uint8_t seen = 0;    // The sequence.
    std::uint8_t device = 0;  // Which one an invalidator tells.
    bool operator==(const Thread&) const = default;
  };
  static constexpr std::size_t pages_max = 2;
  static constexpr std::size_t frames_max = 3;
  static constexpr std::size_t devices_max = 2;
  static constexpr std::size_t threads_max = 5;
  struct Device {
    std::uint8_t locked = 0;
    std::uint8_t sequence = 0;
    std::uint8_t invalidations = 0;  // In progress.
    std::array<std::uint8_t, pages_max> table{};
    std::array<std::uint8_t, pages_max> tlb{};
    bool operator==(const Device&) const = default;
  };
  struct State {
    std::array<std::uint8_t, pages_max> mapped{};  // Whether the page has a VMA.
    std::array<std::uint8_t, pages_max> pte{};     // Its frame.
    std::array<std::uint8_t, frames_max> owner{};  // 0: free; page + 1; or orphan().
    std::array<Device, devices_max> devices{};
    std::array<Thread, threads_max> threads{};
    bool operator==(const State&) const = default;
  };
  // The steps that can be taken, one after the other: the chosen one is carried out.
  class Moves;

  std::uint8_t threads() const;
  bool invalidates(std::size_t thread) const;
  bool replaces(std::size_t thread) const;
  bool unmaps(std::size_t thread) const;
  bool leaves_out(IntervalVariant part) const { return protocol_->left_out == part; }
  bool bracketed() const;
  std::uint8_t orphan() const { return protocol_->scope.pages + 1; }
  bool in_flight(std::uint8_t device, std::uint8_t page) const;
  bool referenced(std::uint8_t frame) const;

  void moves_of_device(std::size_t index, Moves& moves);
  void get_page(Thread& thread, Moves& moves);
  bool overtaken(const Thread& thread, const Device& device) const;
  void transfer(Thread& thread);
  void moves_of_invalidator(std::size_t index, Moves& moves);
  void pick(std::size_t index, Moves& moves);
  void clear_pte(std::size_t index);
  void free(Thread& thread);
  Pc after(Pc step) const;
  void go_to(Thread& thread, Pc next);

  const IntervalProtocol* protocol_;
  State state_;
  bool violated_ = false;
  bool stuck_ = false;
};

static_assert(sim::System<IntervalNotifier>);

}  // namespace yardstick
