// SPDX-License-Identifier: Apache-2.0
// The state of the protocol of interval_notifier.hpp. Frames and owners count from 1, all else from
// 0; what no step needs any more is 0.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "bench/yardstick/interval_scope.hpp"

// A value fits its bit-field: see the static_asserts.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"

namespace yardstick {
enum class IntervalDevicePc : std::uint8_t {
  choose,
  translate,
  read_sequence,
  get_page,
  lock,
  install,
  unlock,
  transfer,
};
enum class IntervalInvalidatorPc : std::uint8_t {
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

template <IntervalScope scope>
struct IntervalState {
  using Byte = std::uint8_t;

  struct DeviceThread {
    IntervalDevicePc pc : 4;
    Byte page : 2;
    Byte left : 2;
    Byte frame : 4;
    Byte seen : 4;  // The sequence.
    bool operator==(const DeviceThread&) const = default;
  };
  struct Invalidator {
    IntervalInvalidatorPc pc : 4;
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

  // Of an invalidator; the others reclaim.
  static constexpr bool unmaps(std::size_t i) {
    return scope.unmappers != 0 && i >= std::size_t{scope.reclaimers} + scope.replacers;
  }
  static constexpr bool replaces(std::size_t i) {
    return scope.replacers != 0 && i >= scope.reclaimers && !unmaps(i);
  }

  std::array<Page, scope.pages> pages;
  std::array<Byte, scope.frames> owners;  // free_frame, page + 1, or orphan.
  std::array<Device, scope.devices> devices;
  std::array<DeviceThread, scope.device_threads> threads;
  std::array<Invalidator, invalidator_count> invalidators;
  bool operator==(const IntervalState&) const = default;
};
}  // namespace yardstick

#pragma GCC diagnostic pop
