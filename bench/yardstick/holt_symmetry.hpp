// SPDX-License-Identifier: Apache-2.0
// The symmetry of the protocol of Holt's handles: which frame makes no difference, nor which of
// several revokers that do the same. Endpoints differ, for a revoker shoots at them in turn; so do
// handles, of which a user asks for the lowest, and pages, which the owner faults in in turn.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

#include "bench/yardstick/holt_handle.hpp"

// A value fits its bit-field: see the static_asserts in HoltState.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"

namespace yardstick {
// The least of the states that are `given` with other names. Revokers are sorted by what can be
// said of them without frames; those that are alike then are tried in each order. Frames are
// numbered as they come.
template <HoltScope scope>
class HoltSymmetry {
 public:
  using State = HoltState<scope>;

  explicit HoltSymmetry(const State& given) : next_(given) {}

  State least() {
    for (std::size_t i = 1; i < State::revoker_count; ++i) {
      for (std::size_t k = i; k > 0 && alike(k, k - 1) && key(k) < key(k - 1); --k)
        std::swap(next_.revokers[k], next_.revokers[k - 1]);
    }
    order_revokers<0>();
    return least_;
  }

 private:
  using Byte = std::uint8_t;
  using Revoker = typename State::Revoker;

  static constexpr bool alike(std::size_t a, std::size_t b) {
    return (a < scope.reclaimers) == (b < scope.reclaimers);
  }

  std::uint32_t key(std::size_t i) const {
    const Revoker& one = next_.revokers[i];
    return std::uint32_t{static_cast<Byte>(one.pc)} << 8U | std::uint32_t{one.page} << 4U |
           std::uint32_t{one.left} << 3U | one.endpoint;
  }

  template <std::size_t i>
  void order_revokers() {
    if constexpr (i + 1 >= State::revoker_count) {
      compare(next_);
    } else {
      order_revokers<i + 1>();
      for (std::size_t k = i + 1; k < State::revoker_count && alike(i, k); ++k) {
        if (key(i) != key(k) || next_.revokers[i] == next_.revokers[k]) continue;
        std::swap(next_.revokers[i], next_.revokers[k]);
        order_revokers<i + 1>();
        std::swap(next_.revokers[i], next_.revokers[k]);
      }
    }
  }

  void compare(State state) {
    number_frames(state);
    if (any_ && std::memcmp(&state, &least_, sizeof(State)) >= 0) return;
    least_ = state;
    any_ = true;
  }

  static void number_frames(State& state) {
    std::array<Byte, scope.frames + 1> numbers{};
    Byte count = 0;
    const auto number = [&](Byte frame) -> Byte {
      if (frame != 0 && numbers[frame] == 0) numbers[frame] = ++count;
      return numbers[frame];
    };
    for (auto& page : state.pages) page.pte = number(page.pte);
    for (auto& endpoint : state.endpoints) {
      endpoint.frame = number(endpoint.frame);
      for (Byte& frame : endpoint.tlb) frame = number(frame);
      for (HoltMessage& message : endpoint.channel) {
        message.first = number(message.first);
        message.second = number(message.second);
      }
    }
    state.owner.first = number(state.owner.first);
    state.owner.second = number(state.owner.second);
    for (Revoker& one : state.revokers) one.frame = number(one.frame);
    number_owners(state, numbers, count);
  }

  // Those that are named nowhere differ by their owner only; the free ones are left over.
  static void number_owners(State& state, const std::array<Byte, scope.frames + 1>& numbers,
                            Byte count) {
    const auto owners = std::exchange(state.owners, {});
    Byte unnamed = 0;  // The greatest owner.
    for (std::size_t frame = 1; frame <= scope.frames; ++frame) {
      const Byte owner = owners[frame - 1];
      if (numbers[frame] != 0) {
        state.owners[numbers[frame] - 1U] = owner;
      } else if (owner > unnamed) {
        unnamed = owner;
      }
    }
    for (; unnamed > 0; --unnamed) {
      for (std::size_t frame = 1; frame <= scope.frames; ++frame) {
        if (numbers[frame] == 0 && owners[frame - 1] == unnamed) state.owners[count++] = unnamed;
      }
    }
  }

  State next_;
  State least_{};
  bool any_ = false;
};

template <HoltScope scope>
HoltState<scope> canonical(const HoltHandle<scope>&, const HoltState<scope>& state) {
  return HoltSymmetry<scope>(state).least();
}
}  // namespace yardstick

#pragma GCC diagnostic pop
