// SPDX-License-Identifier: Apache-2.0
// Explores what independent model checkers have explored, and compares the figures. Arguments are
// names of scopes; without any, those up to three million states.

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <span>
#include <string_view>

#include "bench/yardstick/scopes.hpp"

namespace yardstick {
namespace {

constexpr std::uint64_t unasked_max = 3'000'000;

struct Tally {
  int agree = 0;
  int all = 0;
};

double measure_timed(const IntervalProtocol& protocol, Measured& measured) {
  const auto start = std::chrono::steady_clock::now();
  measured = measure(protocol);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void row(std::string_view scope, const IntervalProtocol& protocol, const Measured& measured,
         double seconds, bool agreed, Tally& tally) {
  ++tally.all;
  if (agreed) ++tally.agree;
  const std::string verdict =
      measured.steps == 0 ? "holds" : fmt::format("broken in {}", measured.steps);
  const double rate = static_cast<double>(measured.states) / seconds / 1e6;
  fmt::print("{:4} {:13} {:9} {:12} {:>10} {:>7.2f} {:>5.2f}  {}\n", scope,
             name_of(protocol.left_out), name_of(protocol.property), verdict, measured.states,
             seconds, rate, agreed ? "agrees" : "DIFFERS");
}

void compare_scope(const RecordedProof& proof, Tally& tally) {
  Measured measured;
  const IntervalProtocol right{.scope = proof.scope};
  const double seconds = measure_timed(right, measured);
  row(proof.scope.name, right, measured, seconds, agrees(proof, measured), tally);
  for (const RecordedViolation& violation : recorded_violations) {
    if (violation.scope != proof.scope.name) continue;
    const IntervalProtocol wrong{
        .scope = proof.scope, .left_out = violation.left_out, .property = violation.property};
    const double taken = measure_timed(wrong, measured);
    row(violation.scope, wrong, measured, taken, agrees(violation, measured), tally);
  }
}

int run(std::span<char*> names) {
  for (const std::string_view name : names) {
    const bool known = std::ranges::any_of(
        recorded_proofs, [name](const RecordedProof& proof) { return proof.scope.name == name; });
    if (known) continue;
    fmt::print(stderr, "error: no scope '{}': they are A1 to A11\n", name);
    return 2;
  }
  Tally tally;
  fmt::print("{:4} {:13} {:9} {:12} {:>10} {:>7} {:>5}\n", "", "left out", "property", "verdict",
             "states", "s", "M/s");
  for (const RecordedProof& proof : recorded_proofs) {
    const bool named = std::ranges::find(names, proof.scope.name) != names.end();
    if (named || (names.empty() && proof.states <= unasked_max)) compare_scope(proof, tally);
  }
  fmt::print("{} of {} agree\n", tally.agree, tally.all);
  return tally.agree == tally.all ? 0 : 1;
}

}  // namespace
}  // namespace yardstick

int main(int count, char** arguments) {
  return yardstick::run({arguments + 1, static_cast<std::size_t>(count - 1)});
}
