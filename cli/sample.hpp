// SPDX-License-Identifier: Apache-2.0
// Sample: what some runs of a scenario have shown. It is the same whoever made the runs, and in
// whatever order they were finished: they are added by their numbers.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cli/coverage.hpp"
#include "cli/watchdog.hpp"
#include "sim/encoding.hpp"
#include "sim/explore_report.hpp"

namespace cli {

// Fingerprints are hashes already.
struct FingerprintHash {
  using is_avalanching = void;
  std::size_t operator()(const sim::Fingerprint& print) const { return print.low; }
};

using Fingerprints = boost::unordered_flat_set<sim::Fingerprint, FingerprintHash>;

// One run.
struct RunFacts {
  Stopped stopped = Stopped::no;
  bool at_rest = false;
  std::uint64_t steps = 0;
  std::uint64_t lanes = 0;  // That took part, if a chooser looked at them.
  std::uint64_t broken = 0;
  std::uint64_t witnessed = 0;
  sim::Fingerprint final{};  // At rest.
  sim::Path path{};          // May be left out if an earlier run shows the same in as few steps.
  std::vector<sim::Fingerprint> states{};  // That it went through, and that its maker has not seen.
  bool more_states = false;                // Some were left out.
  // At rest: of each question; none of those that ask for no value.
  std::vector<std::optional<std::int64_t>> values{};
  Coverage coverage{};
};

// How much there may be that no run has shown.
struct SampleFacts {
  std::uint64_t states = 0;  // Distinct. 0: not counted.
  bool more_states = false;
  std::uint64_t final_classes = 0;      // Alike in all that is claimed and asked.
  std::uint64_t final_states = 0;       // Distinct.
  std::uint64_t final_states_once = 0;  // Those in which a single run ended.
  std::uint64_t lanes = 0;
  std::uint64_t steps_expected = 0;  // pct: over how many steps change points were drawn.

  bool operator==(const SampleFacts&) const = default;
};

class Sample {
 public:
  static constexpr std::size_t states_max = std::size_t{1} << 22;  // More are not told apart.

  explicit Sample(std::size_t questions) : values_(questions) {}

  // The next run. False: the sample ends with it.
  bool add(const RunFacts& run);

  std::uint64_t runs() const { return runs_; }  // That came to rest.
  std::uint64_t steps() const { return steps_; }
  std::uint64_t steps_max() const { return steps_max_; }
  Stopped stopped() const { return stopped_; }
  const Coverage& coverage() const { return coverage_; }
  const std::vector<std::set<std::int64_t>>& values() const { return values_; }
  SampleFacts facts() const;
  // Runs as if they were executions that a search has found.
  sim::ExploreReport report() const;

 private:
  void note_broken(const RunFacts& run);
  void note_final(const RunFacts& run);

  std::uint64_t runs_ = 0;
  std::uint64_t steps_ = 0;
  std::uint64_t steps_max_ = 0;
  std::uint64_t lanes_ = 0;
  Stopped stopped_ = Stopped::no;
  Coverage coverage_;
  std::vector<std::set<std::int64_t>> values_;
  std::map<std::pair<std::uint64_t, std::uint64_t>, sim::FinalClass> classes_;
  std::map<unsigned, sim::Counterexample> shortest_;
  boost::unordered_flat_map<sim::Fingerprint, std::uint64_t, FingerprintHash>
      finals_;  // In how many runs.
  Fingerprints states_;
  bool more_states_ = false;
};

}  // namespace cli
