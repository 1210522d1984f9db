// SPDX-License-Identifier: Apache-2.0
// What is compared, and the figures that independent model checkers gave for it: SPIN 6.5.2 with
// -DNOREDUCE on the .pml files beside this one; for the interval notifier also Rumur and TLC.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "bench/yardstick/holt_scope.hpp"
#include "bench/yardstick/interval_scope.hpp"
#include "bench/yardstick/result.hpp"
#include "sim/search/reduced.hpp"

namespace yardstick {
enum class Model : std::uint8_t { interval_notifier, holt_handle };
using Variant = std::uint8_t;   // An IntervalVariant or a HoltVariant; the model's VAR.
using Property = std::uint8_t;  // Likewise; the model's PROP.

// A1 to A11.
inline constexpr std::array<IntervalScope, 11> interval_scopes{{
    {1, 1, 2, 1, 2, 1, 0, 0},
    {1, 1, 2, 2, 2, 1, 0, 0},
    {1, 2, 2, 2, 2, 1, 0, 0},
    {1, 2, 3, 2, 2, 1, 0, 0},
    {2, 2, 3, 2, 2, 1, 0, 0},
    {2, 1, 2, 2, 2, 1, 1, 1},
    {1, 2, 3, 2, 2, 1, 1, 0},
    {2, 2, 3, 2, 2, 2, 0, 0},
    {2, 2, 3, 2, 2, 1, 1, 0},
    {2, 2, 3, 2, 1, 1, 1, 1},
    {2, 2, 3, 2, 2, 1, 1, 1},
}};

// B1 to B8.
inline constexpr std::array<HoltScope, 8> holt_scopes{{
    {1, 1, 2, 3, 2, 1, 0},
    {1, 2, 1, 2, 2, 1, 0},
    {1, 1, 2, 3, 2, 1, 1},
    {2, 1, 2, 3, 2, 1, 0},
    {2, 2, 1, 3, 2, 1, 0},
    {2, 1, 2, 3, 2, 1, 1},
    {2, 2, 1, 3, 2, 1, 1},
    {3, 1, 2, 3, 1, 1, 0},
}};

// What SPIN found. It counts the initial state as a transition; that one is taken off here.
struct SpinFigures {
  std::uint64_t states = 0;  // 0: not recorded.
  std::uint64_t transitions = 0;
  double seconds = 0;  // Of CPU, depth first.
};

// States that are left; 0: not recorded.
struct ReducedStates {
  std::uint64_t symmetry = 0;
  std::uint64_t regions = 0;
  std::uint64_t both = 0;
};

// The protocol as it should be, with property 1.
struct Proof {
  std::string_view scope;
  std::uint64_t states = 0;
  std::uint64_t transitions = 0;
  std::uint64_t depth = 0;
  std::uint64_t ends = 0;  // 0: not recorded.
  SpinFigures spin;        // With -DNOREDUCE.
  SpinFigures spin_reduced;
  ReducedStates reduced{};
};

// One with a mistake. The last four as in Result.
struct Violation {
  std::string_view scope;
  Variant variant = 0;
  Property property = 1;
  std::uint64_t steps = 0;
  std::uint64_t states_before = 0;
  std::uint64_t violations_last = 0;
  std::uint64_t states = 0;
};

std::span<const Proof> proofs();
std::span<const Violation> violations();
const Proof& proof_of(std::string_view scope);
Model model_of(std::string_view scope);
std::string_view name_of(Model model);
std::string_view name_of(Model model, Variant variant);

// Every number that is recorded.
bool agrees(const Proof& recorded, const Result& found);
bool agrees(const Violation& recorded, const Result& found);

// With reductions the verdict; the states, where they are recorded; and with symmetry alone the
// length of the shortest counterexample.
bool agrees_reduced(const Proof& recorded, const sim::Reductions& reductions, const Result& found);
bool agrees_reduced(const Violation& recorded, const sim::Reductions& reductions,
                    const Result& found);
}  // namespace yardstick
