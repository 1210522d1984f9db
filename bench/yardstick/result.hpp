// SPDX-License-Identifier: Apache-2.0
// What a search of the yardstick counts.
#pragma once

#include <cstdint>
#include <optional>

namespace yardstick {
struct Result {
  std::uint64_t states = 0;
  std::uint64_t transitions = 0;  // With the violating ones.
  std::uint64_t depth = 0;        // The last breadth-first level; the start is level 0.
  std::uint64_t ends = 0;         // States without a step.
  std::uint64_t deadlocks = 0;    // Those of them that may not be one.
  std::uint64_t violations = 0;   // Steps that break the property.
  // Of a shortest counterexample; 0: there is none. The two below are 0 then, too. Not every search
  // can tell them.
  std::uint64_t steps = 0;
  std::optional<std::uint64_t> states_before{};    // In fewer than `steps` steps.
  std::optional<std::uint64_t> violations_last{};  // That end a counterexample of `steps` steps.
  std::uint64_t bytes_per_state = 0;  // Of all memory that the search holds at its end.
  double seconds = 0;                 // That passed.
  double cpu_seconds = 0;             // Of this process.
  std::uint64_t bytes_spilled = 0;
  // If a path was sought: of one that has the fewest.
  std::optional<std::uint64_t> context_switches{};
};
}  // namespace yardstick
