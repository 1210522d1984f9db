// SPDX-License-Identifier: Apache-2.0
#pragma once

// What is to be compared, and the figures that independent model checkers gave for it: SPIN 6.5.2
// with -DNOREDUCE on interval_notifier.pml, Rumur and TLC on translations of it.

#include <array>
#include <cstdint>

#include "bench/yardstick/interval_notifier.hpp"

namespace yardstick {

// The protocol as it should be: use_after_free holds.
struct RecordedProof {
  IntervalScope scope;
  std::uint64_t states = 0;
  std::uint64_t transitions = 0;
  std::uint64_t depth = 0;  // The last level of a breadth-first search.
  std::uint64_t ends = 0;   // States without a step; 0: not recorded.
};

struct RecordedViolation {
  std::string_view scope;
  IntervalVariant left_out = IntervalVariant::none;
  IntervalProperty property = IntervalProperty::use_after_free;
  std::uint64_t steps = 0;   // Of a shortest counterexample; 0: there is none.
  std::uint64_t states = 0;  // Reachable ones, but for what lies behind a violation.
};

inline constexpr std::array<RecordedProof, 11> recorded_proofs{{
    {{"A1", 1, 1, 2, 1, 2, 1, 0, 0}, 302, 481, 27, 3},
    {{"A2", 1, 1, 2, 2, 2, 1, 0, 0}, 5'832, 13'454, 35, 3},
    {{"A3", 1, 2, 2, 2, 2, 1, 0, 0}, 55'807, 140'838, 42, 7},
    {{"A4", 1, 2, 3, 2, 2, 1, 0, 0}, 143'515, 372'352, 42, 13},
    {{"A5", 2, 2, 3, 2, 2, 1, 0, 0}, 323'335, 888'556, 57, 73},
    {{"A6", 2, 1, 2, 2, 2, 1, 1, 1}, 1'799'100, 6'557'147, 75, 4},
    {{"A7", 1, 2, 3, 2, 2, 1, 1, 0}, 2'821'207, 8'520'464, 54, 32},
    {{"A8", 2, 2, 3, 2, 2, 2, 0, 0}, 8'736'305, 29'817'602, 72, 75},
    {{"A9", 2, 2, 3, 2, 2, 1, 1, 0}, 10'171'421, 33'638'736, 72, 116},
    {{"A10", 2, 2, 3, 2, 1, 1, 1, 1}, 30'729'257, 113'706'668, 70, 0},
    {{"A11", 2, 2, 3, 2, 2, 1, 1, 1}, 220'399'577, 858'262'546, 79, 0},
}};

using enum IntervalVariant;
using enum IntervalProperty;
inline constexpr std::array<RecordedViolation, 54> recorded_violations{{
    {"A1", retry, use_after_free, 17, 346},
    {"A1", retry, coherence, 16, 346},
    {"A1", sequence, use_after_free, 18, 308},
    {"A1", sequence, coherence, 18, 308},
    {"A1", count, use_after_free, 17, 360},
    {"A1", count, coherence, 16, 360},
    {"A1", flush, use_after_free, 17, 241},
    {"A1", flush, coherence, 16, 241},
    {"A1", drain, use_after_free, 17, 322},
    {"A1", drain, coherence, 16, 322},
    {"A1", order, use_after_free, 12, 241},
    {"A1", order, coherence, 11, 241},
    {"A1", end_after_pte, use_after_free, 24, 396},
    {"A1", end_after_pte, coherence, 23, 396},
    {"A1", range, use_after_free, 16, 226},
    {"A1", range, coherence, 11, 210},
    {"A1", range_pinned, use_after_free, 0, 226},
    {"A1", range_pinned, coherence, 11, 210},
    {"A4", retry, use_after_free, 17, 251'765},
    {"A4", retry, coherence, 16, 231'029},
    {"A4", sequence, use_after_free, 18, 159'575},
    {"A4", sequence, coherence, 18, 159'575},
    {"A4", count, use_after_free, 17, 273'955},
    {"A4", count, coherence, 16, 253'411},
    {"A4", flush, use_after_free, 17, 177'559},
    {"A4", flush, coherence, 16, 166'591},
    {"A4", drain, use_after_free, 17, 162'631},
    {"A4", drain, coherence, 16, 162'631},
    {"A4", order, use_after_free, 12, 205'957},
    {"A4", order, coherence, 11, 182'113},
    {"A4", end_after_pte, use_after_free, 22, 318'969},
    {"A4", end_after_pte, coherence, 21, 308'841},
    {"A4", range, use_after_free, 16, 195'609},
    {"A4", range, coherence, 11, 150'501},
    {"A4", range_pinned, use_after_free, 0, 188'211},
    {"A4", range_pinned, coherence, 11, 149'715},
    {"A5", retry, use_after_free, 22, 577'879},
    {"A5", retry, coherence, 21, 577'879},
    {"A5", sequence, use_after_free, 23, 342'199},
    {"A5", sequence, coherence, 23, 342'199},
    {"A5", count, use_after_free, 22, 638'093},
    {"A5", count, coherence, 21, 638'093},
    {"A5", flush, use_after_free, 22, 382'253},
    {"A5", flush, coherence, 21, 382'253},
    {"A5", drain, use_after_free, 22, 362'467},
    {"A5", drain, coherence, 21, 362'467},
    {"A5", order, use_after_free, 12, 503'517},
    {"A5", order, coherence, 11, 503'517},
    {"A5", end_after_pte, use_after_free, 28, 568'709},
    {"A5", end_after_pte, coherence, 27, 568'709},
    {"A5", range, use_after_free, 20, 481'905},
    {"A5", range, coherence, 11, 381'729},
    {"A5", range_pinned, use_after_free, 0, 465'057},
    {"A5", range_pinned, coherence, 11, 378'729},
}};

std::string_view name_of(IntervalVariant left_out);
std::string_view name_of(IntervalProperty property);
const IntervalScope& scope_named(std::string_view name);

struct Measured {
  std::uint64_t states = 0;
  std::uint64_t transitions = 0;
  std::uint64_t depth = 0;
  std::uint64_t ends = 0;
  std::uint64_t steps = 0;  // Of a shortest counterexample; 0: there is none.
  bool stuck = false;
};

// Explores it all.
Measured measure(const IntervalProtocol& protocol);
bool agrees(const RecordedProof& recorded, const Measured& measured);
bool agrees(const RecordedViolation& recorded, const Measured& measured);

}  // namespace yardstick
