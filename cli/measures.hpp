// SPDX-License-Identifier: Apache-2.0
// What a run by time has measured, and what `check` says of it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/options.hpp"
#include "cli/scenario.hpp"
#include "model/event.hpp"
#include "model/world.hpp"
#include "sim/record.hpp"

namespace cli {

struct Measure {
  std::string name;  // As a `check` or a `report` writes it: p99(remote), count(range_start).
  std::string unit;  // ns, 1/s; empty: a number.
  double value = 0;

  bool operator==(const Measure&) const = default;
};

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

// Counts what happens, and hands it on.
class Meter final : public sim::TraceSink {
 public:
  explicit Meter(sim::TraceSink& next) : next_(next) {}

  void write(const sim::Record& record) override;
  sim::TraceSink& next() { return next_; }
  std::vector<Measure> measures(const model::World& world, std::uint64_t steps) const;

 private:
  sim::TraceSink& next_;
  std::array<std::uint64_t, static_cast<std::size_t>(model::EventKind::count)> counts_{};
};

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
