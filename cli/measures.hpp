// SPDX-License-Identifier: Apache-2.0
// What a run by time has measured, and what `check` says of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/options.hpp"
#include "cli/scenario.hpp"
#include "model/load/meter.hpp"
#include "model/world.hpp"

namespace cli {

// A figure under the name by which a `check` or a `report` asks for it: p99(remote).
using Measure = model::Measured;

// None: nobody has measured it. What never happened counts 0.
std::optional<double> find_measure(const std::vector<Measure>& measures, const std::string& name);

struct CheckResult {
  std::string text;
  bool of_baseline = false;     // A run alone says nothing about it.
  std::optional<bool> holds{};  // None: undecided.
};

// `baseline` may be null: then what is about it is undecided.
std::vector<CheckResult> judge_checks(const language::Statistics& statistics,
                                      const std::vector<Measure>& measures,
                                      const std::vector<Measure>* baseline);

// What every run has, what the scenario asks for, and what its checks and reports speak of. Where
// it asks for nothing, how often each event happened.
std::vector<Measure> measures_of(const Case& what, const model::Meter& meter,
                                 const model::World& world, std::uint64_t steps);

struct Measured {
  std::vector<Measure> measures{};
  std::vector<std::string> broken{};  // Of the properties claimed `never`, in their order.
  bool failed = false;                // Some claim is not as the scenario says,
  bool undecided = false;             // or a limit ended the run.
  bool interrupted = false;           // By the user: nothing of it counts.
};

// One run by time with that seed, within the limits of the options.
Measured measure(const Case& what, std::uint64_t seed, const Options& options);

}  // namespace cli
