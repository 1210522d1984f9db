// SPDX-License-Identifier: Apache-2.0
#include "bench/yardstick/measure.hpp"

#include <charconv>
#include <chrono>
#include <cstddef>
#include <ctime>
#include <utility>

#include "bench/yardstick/holt_handle.hpp"
#include "bench/yardstick/holt_regions.hpp"
#include "bench/yardstick/holt_symmetry.hpp"
#include "bench/yardstick/interval_notifier.hpp"
#include "bench/yardstick/interval_regions.hpp"
#include "bench/yardstick/interval_symmetry.hpp"
#include "bench/yardstick/world.hpp"
#include "cli/spill_file.hpp"
#include "cli/thread_crew.hpp"
#include "sim/explore.hpp"
#include "sim/search/reduced.hpp"
#include "sim/search/search.hpp"

namespace yardstick {
namespace {
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
std::uint64_t states_expected(const Case& one) {
  for (const Violation& each : violations()) {
    const bool same = each.variant == one.variant && each.property == one.property;
    if (each.scope == one.scope && same) return each.states;
  }
  return proof_of(one.scope).states;
}

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
static_assert(offers_reductions<IntervalNotifier<interval_scopes[0]>>);
static_assert(sim::Forgetful<IntervalNotifier<interval_scopes[0]>>);
static_assert(offers_reductions<HoltHandle<holt_scopes[0]>>);

template <std::size_t... index>
constexpr auto interval_runs(std::index_sequence<index...>) {
  return std::array<Run, sizeof...(index)>{&run<IntervalNotifier<interval_scopes[index]>>...};
}

template <std::size_t... index>
constexpr auto holt_runs(std::index_sequence<index...>) {
  return std::array<Run, sizeof...(index)>{&run<HoltHandle<holt_scopes[index]>>...};
}

// "A10" is 9.
std::size_t index_of(std::string_view scope) {
  std::size_t number = 0;
  std::from_chars(scope.data() + 1, scope.data() + scope.size(), number);
  return number - 1;
}
}  // namespace

Result measure(const Case& one, const How& how) {
  static constexpr auto interval =
      interval_runs(std::make_index_sequence<interval_scopes.size()>{});
  static constexpr auto holt = holt_runs(std::make_index_sequence<holt_scopes.size()>{});
  const std::size_t index = index_of(one.scope);
  const bool first = model_of(one.scope) == Model::interval_notifier;
  return (first ? interval.at(index) : holt.at(index))(one, how);
}
}  // namespace yardstick
