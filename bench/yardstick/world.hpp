// SPDX-License-Identifier: Apache-2.0
// World: a protocol as a sim::System. A step asks once, which of all that can be done is next.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "bench/yardstick/protocol.hpp"
#include "sim/check.hpp"
#include "sim/encoding.hpp"
#include "sim/system.hpp"

namespace yardstick {
// What comes after a violation is not looked at: all violations lead to one world, which is at rest
// and not a state of the protocol.
template <Protocol P>
class World {
 public:
  explicit World(const P& protocol) : protocol_(&protocol), state_(protocol.start()) {}

  bool step(sim::Turn turn) {
    if (violated_ != 0) return false;
    Steps steps;
    sim::each_step(*protocol_, state_, [&steps](const State& next, Outcome outcome) {
      check(steps.count < steps_max);
      steps.next[steps.count] = next;
      steps.outcomes[steps.count++] = outcome;
    });
    if (steps.count == 0) return false;
    const std::uint32_t chosen = turn.chooser.choose("which step is next?", steps.count);
    violated_ = steps.outcomes[chosen] == Outcome::violates ? 1 : 0;
    state_ = violated_ != 0 ? State{} : steps.next[chosen];
    return true;
  }

  void rest() { deadlocked_ = violated_ == 0 && !protocol_->may_end(state_) ? 1 : 0; }

  // Bit 0: the property does not hold; bit 1: a thread waits for ever.
  std::uint64_t broken() const {
    return std::uint64_t{violated_} | std::uint64_t{deadlocked_} << 1;
  }
  std::uint64_t witnessed() const { return 0; }

  void encode(sim::Encoder& encoder) const {
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(&state_);
    for (std::size_t i = 0; i < sizeof(State); ++i) encoder.add(bytes[i]);
    encoder.add(violated_);
    encoder.add(deadlocked_);
  }
  bool operator==(const World&) const = default;

 private:
  using State = typename P::State;

  static constexpr std::size_t steps_max = 32;
  struct Steps {
    std::uint32_t count = 0;
    std::array<State, steps_max> next;
    std::array<Outcome, steps_max> outcomes;
  };

  const P* protocol_;
  State state_;
  std::uint8_t violated_ = 0;
  std::uint8_t deadlocked_ = 0;
};
}  // namespace yardstick
