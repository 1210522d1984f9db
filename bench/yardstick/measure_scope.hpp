// SPDX-License-Identifier: Apache-2.0
// How one scope of a protocol is run: included by a file for each protocol, as the search is
// compiled for each scope.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <ctime>
#include <utility>

#include "bench/yardstick/measure.hpp"
#include "bench/yardstick/world.hpp"
#include "cli/spill_file.hpp"
#include "cli/thread_crew.hpp"
#include "sim/explore.hpp"
#include "sim/search/reduced.hpp"
#include "sim/search/search.hpp"

namespace yardstick {
class Watch {
 public:
  void stop(Result& result) const {
    result.seconds = std::chrono::duration<double>(Clock::now() - start_).count();
    result.cpu_seconds = static_cast<double>(std::clock() - cpu_start_) / CLOCKS_PER_SEC;
  }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point start_ = Clock::now();
  std::clock_t cpu_start_ = std::clock();  // Of all threads.
};

template <Protocol P>
Result explore(const P& protocol) {
  const Watch watch;
  const sim::ExploreReport report = sim::explore(World<P>(protocol), {});
  check(report.complete());
  Result result{.states = report.states,
                .transitions = report.transitions,
                .depth = report.depth,
                .ends = report.finals,
                .bytes_per_state = report.bytes_per_state};
  watch.stop(result);
  for (const sim::Counterexample& example : report.counterexamples) {
    if (example.claim == 0) {
      result.steps = example.steps;
      result.violations = 1;  // At least.
      --result.states;        // The world of all violations.
      --result.ends;
    } else {
      result.deadlocks = 1;  // At least.
    }
  }
  return result;
}

template <Protocol P>
Result search(const P& protocol, const How& how, std::uint64_t expected) {
  const Watch watch;
  cli::ThreadCrew crew(how.threads);
  cli::SpillFile spill;
  const sim::SearchResult found =
      sim::search(protocol, {.store = how.store,
                             .order = how.order,
                             .find_paths = how.paths == Paths::sought,
                             .states_expected = expected,
                             .frontier_bytes_max = how.frontier_bytes_max,
                             .crew = &crew,
                             .spill = &spill});
  Result result{.states = found.states,
                .transitions = found.transitions,
                .depth = found.depth,
                .ends = found.ends,
                .deadlocks = found.deadlocks,
                .violations = found.violations,
                .steps = found.steps,
                .states_before = found.states_before,
                .violations_last = found.violations_last,
                .bytes_per_state = found.bytes_visited / found.states,
                .bytes_spilled = found.bytes_spilled};
  if (found.violation_path) {
    check(found.violation_path->size() >= found.steps);  // Regions count as one step.
    result.context_switches = sim::context_switches(*found.violation_path);
  }
  watch.stop(result);
  return result;
}

// What the tables are made for, as SPIN's are by its -w.
std::uint64_t states_expected(const Case& one);

template <Protocol P>
Result run(const Case& one, const How& how) {
  const P protocol(static_cast<typename P::Variant>(one.variant),
                   static_cast<typename P::Property>(one.property));
  if (how.reductions != sim::Reductions{}) {
    check(how.core == Core::search);
    return search(sim::Reduced<P>(protocol, how.reductions), how, 0);
  }
  if (how.core == Core::explorer) return explore(protocol);
  return search(protocol, how, states_expected(one));
}

using Run = Result (*)(const Case&, const How&);

// What is not offered is not used, and nothing else would tell.
template <class P>
constexpr bool offers_reductions = sim::Symmetric<P>&& sim::Regional<P>&& sim::Settling<P>;

// Of the scope with that index.
Run interval_run(std::size_t index);
Run holt_run(std::size_t index);
}  // namespace yardstick
