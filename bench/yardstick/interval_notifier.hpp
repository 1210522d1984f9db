// SPDX-License-Identifier: Apache-2.0
// Protocol A of the yardstick: devices translate on demand, and an interval notifier with a
// sequence tells them of invalidations, in the form of KVM and on-demand paging.
//
//   device thread                          invalidator
//   look into TLB, then table: transfer    for each device: lock, begin, zap, flush, unlock
//   else read sequence, get page           change PTE
//   lock; install unless overtaken;        free the frame
//   unlock; look again                     for each device: end
//
// At each transfer the frame must be the page's.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "bench/yardstick/interval_scope.hpp"
#include "bench/yardstick/protocol.hpp"

// A value fits its bit-field: see the static_asserts on the scope.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"

namespace yardstick {
template <IntervalScope scope>
class IntervalNotifier {
 public:
  using Variant = IntervalVariant;
  using Property = IntervalProperty;
  using Byte = std::uint8_t;

  enum class DevicePc : Byte {
    choose,
    translate,
    read_sequence,
    get_page,
    lock,
    install,
    unlock,
    transfer,
  };
  enum class InvalidatorPc : Byte {
    pick,
    lock,
    begin,
    zap,
    flush,
    unlock,
    change_pte,
    free,
    end,
  };

  // Frames and owners count from 1, all else from 0. What a step does not need any more is 0.
  struct DeviceThread {
    DevicePc pc : 4;
    Byte page : 2;
    Byte left : 2;
    Byte frame : 4;
    Byte seen : 4;  // The sequence.
    bool operator==(const DeviceThread&) const = default;
  };
  struct Invalidator {
    InvalidatorPc pc : 4;
    Byte page : 2;
    Byte left : 2;
    Byte frame : 3;
    Byte fresh : 3;   // The frame that a replacer puts in place.
    Byte device : 2;  // Which is told next.
    bool operator==(const Invalidator&) const = default;
  };
  struct Translation {
    Byte table : 4;
    Byte tlb : 4;
    bool operator==(const Translation&) const = default;
  };
  struct Device {
    Byte locked : 1;
    Byte sequence : 4;
    Byte invalidations : 3;  // In progress.
    std::array<Translation, scope.pages> pages;
    bool operator==(const Device&) const = default;
  };
  struct Page {
    Byte mapped : 4;  // Has a VMA.
    Byte pte : 4;
    bool operator==(const Page&) const = default;
  };

  static constexpr Byte invalidator_count = scope.reclaimers + scope.replacers + scope.unmappers;
  static constexpr Byte free_frame = 0;
  static constexpr Byte orphan = scope.pages + 1;
  static_assert(scope.devices <= 3 && scope.pages <= 4 && scope.frames <= 7);
  static_assert(scope.accesses <= 3 && invalidator_count <= 7);

  struct State {
    std::array<Page, scope.pages> pages;
    std::array<Byte, scope.frames> owners;  // free_frame, page + 1, or orphan.
    std::array<Device, scope.devices> devices;
    std::array<DeviceThread, scope.device_threads> threads;
    std::array<Invalidator, invalidator_count> invalidators;
    bool operator==(const State&) const = default;
  };

  IntervalNotifier(Variant variant, Property property) : variant_(variant), property_(property) {}

  State start() const {
    State state{};
    for (Page& page : state.pages) page.mapped = 1;
    for (DeviceThread& thread : state.threads) thread.left = scope.accesses;
    for (Invalidator& invalidator : state.invalidators) invalidator.left = 1;
    return state;
  }

  static constexpr std::size_t thread_count = scope.device_threads + invalidator_count;

  template <class Visit>
  void move(const State& now, std::size_t thread, Visit&& visit) const {
    if (thread < scope.device_threads) return move_device_thread(now, thread, visit);
    move_invalidator(now, thread - scope.device_threads, visit);
  }

  // Out of memory, an access waits in get_page for ever.
  bool may_end(const State& state) const {
    const auto& threads = state.threads;
    const auto& invalidators = state.invalidators;
    return std::all_of(threads.begin(), threads.end(),
                       [](const DeviceThread& thread) {
                         return thread.pc == DevicePc::get_page || thread.pc == DevicePc::choose;
                       }) &&
           std::all_of(invalidators.begin(), invalidators.end(),
                       [](const Invalidator& one) { return one.pc == InvalidatorPc::pick; });
  }

 private:
  bool is(Variant variant) const { return variant_ == variant; }
  bool bracketed() const { return !is(Variant::atomic) && !is(Variant::atomic_pinned); }
  static constexpr bool unmaps(std::size_t i) { return i + scope.unmappers >= invalidator_count; }
  static constexpr bool replaces(std::size_t i) { return i >= scope.reclaimers && !unmaps(i); }

  // ---- Device threads.

  template <class Visit>
  void move_device_thread(const State& now, std::size_t i, Visit& visit) const {
    const DevicePc pc = now.threads[i].pc;
    if (pc == DevicePc::choose) return choose(now, i, visit);
    if (pc == DevicePc::get_page) return get_page(now, i, visit);
    State next = now;
    DeviceThread& thread = next.threads[i];
    Device& device = next.devices[i % scope.devices];
    if (pc == DevicePc::lock && device.locked != 0) return;
    Outcome outcome = Outcome::holds;
    switch (pc) {
      case DevicePc::translate: {
        Translation& found = device.pages[thread.page];
        if (found.tlb == 0) found.tlb = found.table;
        thread.frame = found.tlb;
        thread.pc = found.tlb != 0 ? DevicePc::transfer : DevicePc::read_sequence;
        break;
      }
      case DevicePc::read_sequence:
        thread.seen = device.sequence;
        thread.pc = DevicePc::get_page;
        break;
      case DevicePc::lock:
        device.locked = 1;
        thread.pc = DevicePc::install;
        break;
      case DevicePc::install:
        if (!overtaken(thread, device)) device.pages[thread.page].table = thread.frame;
        thread.frame = thread.seen = 0;
        thread.pc = DevicePc::unlock;
        break;
      case DevicePc::unlock:
        device.locked = 0;
        thread.pc = DevicePc::translate;
        break;
      case DevicePc::transfer:
        if (!good(now, thread)) outcome = Outcome::violates;
        thread.frame = thread.page = 0;
        thread.pc = DevicePc::choose;
        break;
      case DevicePc::choose:
      case DevicePc::get_page:
        break;  // Above.
    }
    visit(next, outcome);
  }

  template <class Visit>
  void choose(const State& now, std::size_t i, Visit& visit) const {
    if (now.threads[i].left == 0) return;
    State next = now;
    DeviceThread& thread = next.threads[i];
    thread.pc = DevicePc::translate;
    --thread.left;
    for (Byte page = 0; page < scope.pages; ++page) {
      thread.page = page;
      visit(next, Outcome::holds);
    }
  }

  template <class Visit>
  void get_page(const State& now, std::size_t i, Visit& visit) const {
    State next = now;
    DeviceThread& thread = next.threads[i];
    Page& page = next.pages[thread.page];
    if (page.mapped == 0) {  // The access fails.
      thread.page = thread.seen = 0;
      thread.pc = DevicePc::choose;
      return visit(next, Outcome::holds);
    }
    thread.pc = DevicePc::lock;
    if (page.pte != 0) {
      thread.frame = page.pte;
      return visit(next, Outcome::holds);
    }
    for (Byte frame = 1; frame <= scope.frames; ++frame) {
      if (now.owners[frame - 1U] != free_frame) continue;
      next.owners = now.owners;
      next.owners[frame - 1U] = thread.page + 1;
      page.pte = thread.frame = frame;
      visit(next, Outcome::holds);
    }
  }

  bool overtaken(const DeviceThread& thread, const Device& device) const {
    const bool running = device.invalidations != 0 && !is(Variant::no_progress_count);
    const bool moved = device.sequence != thread.seen && !is(Variant::no_sequence);
    return bracketed() && !is(Variant::no_retry) && (running || moved);
  }

  bool good(const State& state, const DeviceThread& thread) const {
    if (property_ == Property::coherence) return state.pages[thread.page].pte == thread.frame;
    const Byte owner = state.owners[thread.frame - 1U];
    return owner == thread.page + 1 || owner == orphan;
  }

  // ---- Invalidators.

  template <class Visit>
  void move_invalidator(const State& now, std::size_t i, Visit& visit) const {
    using Pc = InvalidatorPc;
    const Pc pc = now.invalidators[i].pc;
    if (pc == Pc::pick) return pick(now, i, visit);
    State next = now;
    Invalidator& self = next.invalidators[i];
    Device& device = next.devices[self.device];
    if (pc == Pc::change_pte || pc == Pc::free) {
      if (pc == Pc::change_pte) change_pte(next, i);
      if (pc == Pc::free) free(next, self);
      go_to(self, after(pc));
      return visit(next, Outcome::holds);
    }
    if ((pc == Pc::lock || pc == Pc::end) && device.locked != 0) return;
    if (pc == Pc::flush && drains() && in_flight(now, self.device, self.page)) return;
    tell(device, pc, self.page);
    const bool once_a_device = pc == Pc::unlock || pc == Pc::end;
    const bool again = once_a_device && self.device + 1 < scope.devices;
    if (once_a_device) self.device = again ? self.device + 1 : 0;
    go_to(self, !again ? after(pc) : pc == Pc::end ? Pc::end : Pc::lock);
    visit(next, Outcome::holds);
  }

  void tell(Device& device, InvalidatorPc pc, Byte page) const {
    using Pc = InvalidatorPc;
    if (pc == Pc::lock) device.locked = 1;
    if (pc == Pc::begin) ++device.invalidations;
    if (pc == Pc::zap) device.pages[page].table = 0;
    if (pc == Pc::flush && !is(Variant::no_flush)) device.pages[page].tlb = 0;
    if (pc == Pc::unlock) device.locked = 0;
    if (pc != Pc::end) return;
    ++device.sequence;
    --device.invalidations;
  }

  // Where the loops over the devices end, for the two of them.
  InvalidatorPc after(InvalidatorPc pc) const {
    using Pc = InvalidatorPc;
    switch (pc) {
      case Pc::pick:
        return is(Variant::free_first) || !bracketed() ? Pc::change_pte : Pc::lock;
      case Pc::lock:
        return bracketed() ? Pc::begin : Pc::zap;
      case Pc::begin:
        return Pc::zap;
      case Pc::zap:
        return Pc::flush;
      case Pc::flush:
        return Pc::unlock;
      case Pc::unlock:
        if (!bracketed()) return Pc::free;
        return is(Variant::free_first) || is(Variant::early_end) ? Pc::end : Pc::change_pte;
      case Pc::change_pte:
        return bracketed() ? Pc::free : Pc::lock;
      case Pc::free:
        if (is(Variant::free_first)) return Pc::lock;
        return is(Variant::early_end) || !bracketed() ? Pc::pick : Pc::end;
      case Pc::end:
        break;
    }
    return is(Variant::early_end) ? Pc::change_pte : Pc::pick;
  }

  static void go_to(Invalidator& self, InvalidatorPc pc) {
    self.pc = pc;
    if (pc == InvalidatorPc::pick) self.page = 0;
  }

  template <class Visit>
  void pick(const State& now, std::size_t i, Visit& visit) const {
    if (now.invalidators[i].left == 0) return;
    for (Byte page = 0; page < scope.pages; ++page) {
      if (unmaps(i) ? now.pages[page].mapped == 0 : now.pages[page].pte == 0) continue;
      State next = now;
      Invalidator& self = next.invalidators[i];
      --self.left;
      self.page = page;
      go_to(self, after(InvalidatorPc::pick));
      if (unmaps(i)) next.pages[page].mapped = 0;
      if (!replaces(i)) {
        visit(next, Outcome::holds);
        continue;
      }
      self.frame = now.pages[page].pte;
      for (Byte frame = 1; frame <= scope.frames; ++frame) {
        if (now.owners[frame - 1U] != free_frame) continue;
        next.owners = now.owners;
        next.owners[frame - 1U] = page + 1;
        self.fresh = frame;
        visit(next, Outcome::holds);
      }
    }
  }

  bool drains() const { return !is(Variant::no_flush) && !is(Variant::no_drain); }

  static bool in_flight(const State& state, std::size_t device, Byte page) {
    for (std::size_t i = device; i < scope.device_threads; i += scope.devices) {
      const DeviceThread& thread = state.threads[i];
      if (thread.pc == DevicePc::transfer && thread.page == page) return true;
    }
    return false;
  }

  static void change_pte(State& state, std::size_t i) {
    Invalidator& self = state.invalidators[i];
    Page& page = state.pages[self.page];
    if (!replaces(i)) {
      self.frame = page.pte;
      page.pte = 0;
      return;
    }
    if (page.pte == self.frame) {
      page.pte = self.fresh;
    } else {
      self.frame = self.fresh;  // The race is lost; the new frame is given back.
    }
    self.fresh = 0;
  }

  void free(State& state, Invalidator& self) const {
    if (self.frame == 0) return;
    const bool kept = is(Variant::atomic_pinned) && referenced(state, self.frame);
    state.owners[self.frame - 1U] = kept ? orphan : free_frame;
    self.frame = 0;
  }

  static bool referenced(const State& state, Byte frame) {
    for (const DeviceThread& thread : state.threads) {
      const bool pins = thread.pc == DevicePc::lock || thread.pc == DevicePc::install;
      if (pins && thread.frame == frame) return true;
    }
    for (const Device& device : state.devices) {
      for (const Translation& page : device.pages) {
        if (page.table == frame || page.tlb == frame) return true;
      }
    }
    return false;
  }

  Variant variant_;
  Property property_;
};
}  // namespace yardstick

#pragma GCC diagnostic pop
