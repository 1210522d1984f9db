// SPDX-License-Identifier: Apache-2.0
// The symmetry of the interval notifier protocol: which page, which frame, and which of several
// threads that do the same, makes no difference, since all of them start alike and every choice
// among them is free. Devices differ, for an invalidator tells them in turn.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

#include "bench/yardstick/interval_notifier.hpp"

// A value fits its bit-field: see the static_asserts in IntervalState.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"

namespace yardstick {
// The least of the states that are `given` with other names. Pages and threads are sorted by what
// can be said of them without names; only those that are still alike are tried in each order.
// Frames are numbered as they come.
template <IntervalScope scope>
class IntervalSymmetry {
 public:
  using State = IntervalState<scope>;

  explicit IntervalSymmetry(const State& given) : given_(given) {}

  State least() {
    mark_pages();
    for (Byte i = 0; i < scope.pages; ++i) order_[i] = i;
    for (std::size_t i = 1; i < scope.pages; ++i) {
      for (std::size_t k = i; k > 0 && mark(k) < mark(k - 1); --k)
        std::swap(order_[k], order_[k - 1]);
    }
    order_pages<0>();
    return least_;
  }

 private:
  using Byte = std::uint8_t;
  using DeviceThread = typename State::DeviceThread;
  using Invalidator = typename State::Invalidator;
  using Page = typename State::Page;

  static bool has_page(const DeviceThread& thread) { return thread.pc != IntervalDevicePc::choose; }
  static bool has_page(const Invalidator& one) { return one.pc != IntervalInvalidatorPc::pick; }

  // Without frames.
  static std::uint32_t key(const DeviceThread& thread) {
    return std::uint32_t{static_cast<Byte>(thread.pc)} << 8U | std::uint32_t{thread.seen} << 4U |
           std::uint32_t{thread.left} << 2U | thread.page;
  }
  static std::uint32_t key(const Invalidator& one) {
    return std::uint32_t{static_cast<Byte>(one.pc)} << 6U | std::uint32_t{one.device} << 4U |
           std::uint32_t{one.left} << 2U | one.page;
  }

  // ---- Pages.

  std::uint32_t mark(std::size_t place) const { return marks_[order_[place]]; }

  // Equal marks of unequal pages cost time only.
  void mark_pages() {
    for (std::size_t i = 0; i < scope.pages; ++i) {
      const Page& page = given_.pages[i];
      std::uint32_t mark = page.mapped | (page.pte != 0 ? 2U : 0U);
      for (const auto& device : given_.devices) {
        const auto& [table, tlb] =
            std::pair<Byte, Byte>(device.pages[i].table, device.pages[i].tlb);
        mark = mark << 5U | (table != 0 ? 1U : 0U) | (tlb != 0 ? 2U : 0U) |
               (table == page.pte ? 4U : 0U) | (tlb == page.pte ? 8U : 0U) |
               (table == tlb ? 16U : 0U);
      }
      marks_[i] = mark;
    }
    for (std::size_t i = 0; i < scope.device_threads; ++i)
      add_mark(given_.threads[i], given_.threads[i].frame, i % scope.devices);
    for (std::size_t i = 0; i < State::invalidator_count; ++i) {
      const Invalidator& one = given_.invalidators[i];
      add_mark(one, one.frame + 8U * one.fresh, scope.devices + kind(i));
    }
  }

  template <class Thread>
  void add_mark(const Thread& thread, unsigned frame, std::size_t group) {
    if (!has_page(thread)) return;
    const bool mapped = frame == given_.pages[thread.page].pte;
    const std::uint32_t name = (key(thread) & ~3U) << 4U | group << 1U | (mapped ? 1U : 0U);
    marks_[thread.page] += (name + 1) * 0x9e3779b1U;
  }

  template <std::size_t place>
  void order_pages() {
    if constexpr (place + 1 >= scope.pages) {
      place_pages();
    } else {
      for (std::size_t k = place; k < scope.pages && mark(k) == mark(place); ++k) {
        std::swap(order_[place], order_[k]);
        order_pages<place + 1>();
        std::swap(order_[place], order_[k]);
      }
    }
  }

  void place_pages() {
    State next = given_;
    std::array<Byte, scope.pages + 2> owners{};  // The new one of each; an orphan stays one.
    owners[State::orphan] = State::orphan;
    for (Byte i = 0; i < scope.pages; ++i) {
      owners[order_[i] + 1U] = i + 1;
      next.pages[i] = given_.pages[order_[i]];
      for (std::size_t d = 0; d < scope.devices; ++d)
        next.devices[d].pages[i] = given_.devices[d].pages[order_[i]];
    }
    for (Byte& owner : next.owners) owner = owners[owner];
    for (DeviceThread& thread : next.threads) {
      if (has_page(thread)) thread.page = owners[thread.page + 1U] - 1;
    }
    for (Invalidator& one : next.invalidators) {
      if (has_page(one)) one.page = owners[one.page + 1U] - 1;
    }
    sort_threads(next);
    order_device_threads<0>(next);
  }

  // ---- Threads.

  static constexpr std::size_t kind(std::size_t i) {
    return State::unmaps(i) ? 2 : State::replaces(i) ? 1 : 0;
  }
  static constexpr bool alike(std::size_t a, std::size_t b) { return kind(a) == kind(b); }

  static void sort_threads(State& next) {
    for (std::size_t i = scope.devices; i < scope.device_threads; ++i) {
      for (std::size_t k = i; k >= scope.devices; k -= scope.devices) {
        if (key(next.threads[k]) >= key(next.threads[k - scope.devices])) break;
        std::swap(next.threads[k], next.threads[k - scope.devices]);
      }
    }
    for (std::size_t i = 1; i < State::invalidator_count; ++i) {
      for (std::size_t k = i; k >= 1 && alike(k, k - 1); --k) {
        if (key(next.invalidators[k]) >= key(next.invalidators[k - 1])) break;
        std::swap(next.invalidators[k], next.invalidators[k - 1]);
      }
    }
  }

  template <class Thread>
  static bool tied(const Thread& a, const Thread& b) {
    return key(a) == key(b) && !(a == b);
  }

  template <std::size_t i>
  void order_device_threads(State& next) {
    if constexpr (i >= scope.device_threads) {
      order_invalidators<0>(next);
    } else {
      order_device_threads<i + 1>(next);
      for (std::size_t k = i + scope.devices; k < scope.device_threads; k += scope.devices) {
        if (!tied(next.threads[i], next.threads[k])) continue;
        std::swap(next.threads[i], next.threads[k]);
        order_device_threads<i + 1>(next);
        std::swap(next.threads[i], next.threads[k]);
      }
    }
  }

  template <std::size_t i>
  void order_invalidators(State& next) {
    if constexpr (i >= State::invalidator_count) {
      compare(next);
    } else {
      order_invalidators<i + 1>(next);
      for (std::size_t k = i + 1; k < State::invalidator_count && alike(i, k); ++k) {
        if (!tied(next.invalidators[i], next.invalidators[k])) continue;
        std::swap(next.invalidators[i], next.invalidators[k]);
        order_invalidators<i + 1>(next);
        std::swap(next.invalidators[i], next.invalidators[k]);
      }
    }
  }

  // ---- Frames.

  void compare(State next) {
    number_frames(next);
    if (any_ && std::memcmp(&next, &least_, sizeof(State)) >= 0) return;
    least_ = next;
    any_ = true;
  }

  static void number_frames(State& next) {
    std::array<Byte, scope.frames + 1> numbers{};
    Byte count = 0;
    const auto number = [&](Byte frame) -> Byte {
      if (frame != 0 && numbers[frame] == 0) numbers[frame] = ++count;
      return numbers[frame];
    };
    for (Page& page : next.pages) page.pte = number(page.pte);
    for (auto& device : next.devices) {
      for (auto& page : device.pages) {
        page.table = number(page.table);
        page.tlb = number(page.tlb);
      }
    }
    for (DeviceThread& thread : next.threads) thread.frame = number(thread.frame);
    for (Invalidator& one : next.invalidators) {
      one.frame = number(one.frame);
      one.fresh = number(one.fresh);
    }
    number_owners(next, numbers, count);
  }

  // Those that are named nowhere differ by their owner only; the free ones are left over.
  static void number_owners(State& next, const std::array<Byte, scope.frames + 1>& numbers,
                            Byte count) {
    const auto owners = std::exchange(next.owners, {});
    Byte unnamed = 0;  // The greatest owner.
    for (std::size_t frame = 1; frame <= scope.frames; ++frame) {
      const Byte owner = owners[frame - 1];
      if (numbers[frame] != 0) {
        next.owners[numbers[frame] - 1U] = owner;
      } else if (owner > unnamed) {
        unnamed = owner;
      }
    }
    for (; unnamed > 0; --unnamed) {
      for (std::size_t frame = 1; frame <= scope.frames; ++frame) {
        if (numbers[frame] == 0 && owners[frame - 1] == unnamed) next.owners[count++] = unnamed;
      }
    }
  }

  const State& given_;
  State least_{};
  bool any_ = false;
  std::array<std::uint32_t, scope.pages> marks_{};
  std::array<Byte, scope.pages> order_{};  // Which page comes to each place.
};

template <IntervalScope scope>
IntervalState<scope> canonical(const IntervalNotifier<scope>&, const IntervalState<scope>& state) {
  return IntervalSymmetry<scope>(state).least();
}
}  // namespace yardstick

#pragma GCC diagnostic pop
