// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which worlds a reduced search takes for one: docs/reductions.md. Worlds that are
// alike take the same steps to worlds that are alike again, one for one. Hence a reduced search
// finds the same broken claims as fast, and counts the same executions; only states get fewer.

#include <array>
#include <string>
#include <vector>

#include "model/memory/names.hpp"
#include "model/setup.hpp"

namespace model {

struct Reduce {
  bool symmetry = false;   // Programs, hosts and CPUs that the setup does not tell apart.
  bool numbers = false;    // Frames and workers are no more than their relations to others.
  bool sequences = false;  // So are sequence numbers.
  bool leftovers = false;  // What no later step can read.

  bool operator==(const Reduce&) const = default;
  bool any() const { return *this != Reduce{}; }
  static constexpr Reduce all() { return {true, true, true, true}; }
};

// Other names for the ids and numbers of a setup.
struct Permutation {
  std::array<std::vector<std::uint32_t>, kind_count> names{};  // By id; behind the end: the same.

  bool operator==(const Permutation&) const = default;
  std::uint32_t of(Kind kind, std::uint32_t id) const {
    return id < names[kind].size() ? names[kind][id] : id;
  }
  // The ids in the order of their names.
  std::vector<std::uint32_t> order(Kind kind) const;
  // The set of numbers, as bits, under their names.
  std::uint64_t bits(Kind kind, std::uint64_t set) const;
  Permutation after(const Permutation& first) const;
};

// An element of the group, with its inverse at hand.
struct Symmetry {
  Permutation names{};
  std::array<std::vector<std::uint32_t>, kind_count> order{};
};

struct Reduction {
  Reduce what{};
  std::vector<Symmetry> group{};  // The first one changes nothing.
  std::uint32_t fixed_tasks = 0;  // Those of the setup; workers come behind them.
  bool cpu_tlb_roomy = false;     // See Names.
  bool device_tlb_roomy = false;
  bool lru_unread = false;
  std::vector<bool> variable_read{};                  // By a claim or a question.
  std::vector<bool> variable_queue{};                 // It names a queue pair.
  std::vector<std::vector<LineId>> variable_calls{};  // The calls that take it as an argument.
  std::vector<std::string> alike{};  // "B.t0, C.t0": programs that may change places.
};

// The reduction without symmetries. `questions`: what is asked of final states beside the claims.
Reduction reduction_of(const Setup& setup, const std::vector<Expression>& questions, Reduce what);

}  // namespace model
