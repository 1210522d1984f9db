// SPDX-License-Identifier: Apache-2.0
#include "cli/by_time.hpp"

#include <algorithm>

#include "model/world.hpp"
#include "sim/simulate.hpp"

namespace cli {
namespace {

using model::Claim;

constexpr std::uint64_t steps_of_runs_max = 200'000;  // Of all runs: some tenths of a second.

bool has(std::uint64_t bits, std::size_t claim) { return ((bits >> claim) & 1) != 0; }

// Whether a run that ended so is an example against the claim.
bool fails(const Claim& claim, std::size_t number, const model::World& world) {
  switch (claim.kind) {
    case Claim::Kind::exists:
    case Claim::Kind::question:
      return false;
    case Claim::Kind::not_exists:
      return has(world.witnessed(), number);
    case Claim::Kind::forall:
      return !has(world.witnessed(), number);
    default:
      return has(world.broken(), number);
  }
}

}  // namespace

std::optional<RunsByTime> all_runs_by_time(const model::Setup& setup) {
  const bool windows =
      std::ranges::any_of(setup.lines, [](const auto& line) { return line.gate.window != 0; });
  if (windows || !setup.varying.empty()) return std::nullopt;
  RunsByTime found{.failing = std::vector<std::uint64_t>(setup.claims.size())};
  const model::World start(setup, sim::Order::by_time);
  sim::ExhaustiveChooser chooser;
  sim::NoTrace quiet;
  std::uint64_t steps = 0;
  do {
    model::World world = start;
    const sim::Run run =
        sim::simulate(world, {.chooser = chooser, .trace = quiet}, steps_of_runs_max - steps);
    if (!run.at_rest) return std::nullopt;
    steps += run.steps;
    ++found.runs;
    for (std::size_t claim = 0; claim < setup.claims.size(); ++claim)
      if (fails(setup.claims[claim], claim, world)) ++found.failing[claim];
  } while (chooser.advance());
  return found;
}

}  // namespace cli
