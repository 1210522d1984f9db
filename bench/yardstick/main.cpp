// SPDX-License-Identifier: Apache-2.0
// Searches the scopes of the yardstick, with all variants, and holds each figure against the
// recorded one and, where it is installed, against SPIN's.
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/yardstick/liveness.hpp"
#include "bench/yardstick/measure.hpp"
#include "bench/yardstick/spin.hpp"

namespace yardstick {
namespace {
constexpr std::uint64_t quick_max = 3'000'000;  // States.
constexpr std::uint64_t spin_max = 50'000'000;  // Beyond, SPIN needs too much memory.

constexpr std::string_view usage = R"(usage: yardstick [OPTION...] [SCOPE...]

SCOPE is A1 to A11 or B1 to B8; all of them, if none is named.
  --quick        leave out scopes of more than 3 million states
  --threads=N    search with so many threads (default 1)
  --store=WHICH  know a state by all its bytes, or by 64 bits: exact (default), compact
  --order=WHICH  search breadth first or, always exactly, depth first: breadth (default), depth
  --explorer     search by the explorer of scenarios
  --reduce=HOW   visit fewer states, and compare verdicts: none (default), symmetry,
                 merge, both, all
  --proofs       leave out the variants with a mistake
  --runs=N       time each proof so often, in turn with SPIN, and show the medians (default 1)
  --liveness     look for invalidations that never end instead, in A1 to A3
  --spin=WHICH   run SPIN as well, if it is installed: none, proofs (default), all
)";

constexpr std::string_view reduced_legend =
    "spin s: with its partial-order reduction. L counts what is merged as one step.\n";

enum class Spin : std::uint8_t { none, proofs, all };

struct Options {
  std::vector<std::string_view> scopes;
  bool quick = false;
  bool proofs_only = false;
  std::size_t runs = 1;
  How how;
  bool liveness = false;
  Spin spin = Spin::proofs;
};

struct Row {
  Case one;
  Result result{};
  std::optional<SpinFigures> spin{};
  bool spin_recorded = false;  // And not run.
  bool agrees = false;         // With what is recorded.
  bool spin_agrees = true;     // If it was run.
};

constexpr std::array<std::pair<std::string_view, sim::Reductions>, 5> reductions{{
    {"none", {}},
    {"symmetry", {.symmetry = true}},
    {"merge", {.regions = true}},
    {"both", {.symmetry = true, .regions = true}},
    {"all", {.symmetry = true, .regions = true, .settling = true, .forgetting = true}},
}};

struct Tally {
  int agree = 0;
  int all = 0;
  void add(bool agrees) {
    ++all;
    if (agrees) ++agree;
  }
};

std::string_view verdict(const Result& result) {
  if (result.steps != 0) return "broken";
  return result.deadlocks != 0 ? "stuck" : "holds";
}

void print_header() {
  fmt::print("{:4}{:12}{:3}{:7}{:>9}{:>10}{:>3}{:>7}{:>7}{:>7}{:>4}{:>5}\n", "", "variant", "", "",
             "states", "steps", "L", "s", "cpu s", "spin s", "B", "r");
}

std::string seconds(double value) {
  return value < 100 ? fmt::format("{:.2f}", value) : fmt::format("{:.1f}", value);
}

std::string ratio_text(double value) {
  return value < 100 ? fmt::format("{:.1f}", value) : fmt::format("{:.0f}", value);
}

void print(const Row& row) {
  const Model model = model_of(row.one.scope);
  const std::string property =
      fmt::format("{}{}", model == Model::interval_notifier ? 'P' : 'J', row.one.property);
  const std::string steps = row.result.steps == 0 ? "-" : fmt::format("{}", row.result.steps);
  std::string spin = "-";
  std::string ratio = "-";
  if (row.spin) {
    spin = fmt::format("{:.2f}{}", row.spin->seconds, row.spin_recorded ? "*" : "");
    if (row.result.cpu_seconds >= 0.005)
      ratio = ratio_text(row.spin->seconds / row.result.cpu_seconds);
  }
  fmt::print("{:4}{:12}{:3}{:7}{:>9}{:>10}{:>3}{:>7}{:>7}{:>7}{:>4}{:>5} {}\n", row.one.scope,
             name_of(model, row.one.variant), property, verdict(row.result), row.result.states,
             row.result.transitions, steps, seconds(row.result.seconds),
             seconds(row.result.cpu_seconds), spin, row.result.bytes_per_state, ratio,
             row.agrees && row.spin_agrees ? "ok" : "NO");
  std::fflush(stdout);
}

// The mode, and how far it can be trusted.
void print_mode(const How& how) {
  if (how.core == Core::explorer) return fmt::print("Searched by the explorer of scenarios.\n");
  const bool exact = how.store == sim::Store::exact || how.order == sim::SearchOrder::depth;
  fmt::print("Searched {} first, {} store, {} thread{}.\n", name_of(how.order),
             name_of(exact ? sim::Store::exact : how.store), how.threads,
             how.threads == 1 ? "" : "s");
}

// How many states are missed, on average, if two may have the same fingerprint of 64 bits.
void print_omissions(std::uint64_t states, const How& how) {
  const bool compact = how.store == sim::Store::compact && how.order == sim::SearchOrder::breadth;
  if (how.core == Core::explorer || !compact) return;
  const auto count = static_cast<double>(states);
  fmt::print("Of {} states, {:.1e} are expected to be missed.\n", states,
             std::ldexp(count * count, -65));
}

template <class T, class Projection>
T median_of(std::vector<T> all, Projection seconds) {
  std::ranges::sort(all, {}, seconds);
  return all[all.size() / 2];
}

// The median of this and of what further runs need, and SPIN's in turn with it.
void time_again(Row& row, const Options& options, SpinMode mode) {
  std::vector<Result> ours{row.result};
  std::vector<SpinFigures> others;
  const bool spin = row.spin && !row.spin_recorded;
  if (spin) others.push_back(*row.spin);
  for (std::size_t i = 1; i < options.runs; ++i) {
    ours.push_back(measure(row.one, options.how));
    const auto found = spin ? run_spin(row.one, mode) : std::nullopt;
    if (found) others.push_back(found->figures);
  }
  const bool shared = options.how.threads > 1;
  row.result = median_of(ours, shared ? &Result::seconds : &Result::cpu_seconds);
  if (spin) row.spin = median_of(others, &SpinFigures::seconds);
}

// What the compiled verifier says, or what is recorded of it.
void add_spin(Row& row, const Proof& proof, Spin which) {
  if (which == Spin::none || proof.states > spin_max) {
    row.spin_recorded = true;
    if (proof.spin.states != 0) row.spin = proof.spin;
    return;
  }
  const auto found = run_spin(row.one, SpinMode::depth_first);
  if (found) row.spin = found->figures;
  row.spin_agrees = found && found->steps == 0 && same(found->figures, row.result);
}

// Nothing: it is not recorded, hence too large to be run.
std::optional<SpinFigures> spin_reduced(const Proof& proof, Spin which) {
  if (proof.spin_reduced.states == 0) return {};
  if (which == Spin::none) return proof.spin_reduced;
  const auto found = run_spin({.scope = proof.scope}, SpinMode::depth_first_reduced);
  if (!found) return {};
  return found->figures;
}

void print_reduced(const Row& row, const Proof& proof, Spin which) {
  const auto figures = spin_reduced(proof, which);
  if (!figures) return;
  fmt::print("    spin with reduction: {} states, {} steps, {:.2f} s{}\n", figures->states,
             figures->transitions, figures->seconds, row.spin_recorded ? " (recorded)" : "");
}

bool compare_proof(const Proof& proof, const Options& options) {
  Row row{.one = {.scope = proof.scope}};
  row.result = measure(row.one, options.how);
  row.agrees = agrees(proof, row.result);
  add_spin(row, proof, options.spin);
  time_again(row, options, SpinMode::depth_first);
  print(row);
  if (!row.agrees) {
    fmt::print("    recorded: {} states, {} steps, depth {}, {} ends; here depth {}, {} ends\n",
               proof.states, proof.transitions, proof.depth, proof.ends, row.result.depth,
               row.result.ends);
  }
  if (!row.spin_agrees) {
    const SpinFigures found = row.spin.value_or(SpinFigures{});
    fmt::print("    spin: {} states, {} steps\n", found.states, found.transitions);
  }
  print_reduced(row, proof, options.spin);
  print_omissions(row.result.states, options.how);
  return row.agrees && row.spin_agrees;
}

bool compare_violation(const Violation& violation, const Options& options) {
  Row row{.one = {violation.scope, violation.variant, violation.property}};
  row.result = measure(row.one, options.how);
  row.agrees = agrees(violation, row.result);
  if (options.spin == Spin::all) {
    const auto found = run_spin(row.one, SpinMode::breadth_first);
    if (found) row.spin = found->figures;
    row.spin_agrees = found && found->steps == violation.steps;
  }
  print(row);
  if (!row.agrees) {
    fmt::print("    recorded: {} states, L {}, {} before, {} at L; here {} before, {} at L\n",
               violation.states, violation.steps, violation.states_before,
               violation.violations_last, row.result.states_before.value_or(0),
               row.result.violations_last.value_or(0));
  }
  return row.agrees && row.spin_agrees;
}

// Against SPIN with its reduction.
bool compare_reduced_proof(const Proof& proof, const Options& options) {
  Row row{.one = {.scope = proof.scope}};
  row.result = measure(row.one, options.how);
  row.agrees = agrees_reduced(proof, options.how.reductions, row.result);
  row.spin = spin_reduced(proof, options.spin);
  row.spin_recorded = options.spin == Spin::none;
  time_again(row, options, SpinMode::depth_first_reduced);
  print(row);
  return row.agrees;
}

bool compare_reduced_violation(const Violation& violation, const Options& options) {
  Row row{.one = {violation.scope, violation.variant, violation.property}};
  row.result = measure(row.one, options.how);
  row.agrees = agrees_reduced(violation, options.how.reductions, row.result);
  print(row);
  return row.agrees;
}

bool compare_scope(const Proof& proof, const Options& options, Tally& rows) {
  const bool reduced = options.how.reductions != sim::Reductions{};
  Tally own;
  own.add(reduced ? compare_reduced_proof(proof, options) : compare_proof(proof, options));
  for (const Violation& violation : violations()) {
    if (options.proofs_only) break;
    const bool left_out = options.quick && violation.states > quick_max && !reduced;
    if (violation.scope != proof.scope || left_out) continue;
    own.add(reduced ? compare_reduced_violation(violation, options)
                    : compare_violation(violation, options));
  }
  rows.agree += own.agree;
  rows.all += own.all;
  return own.agree == own.all;
}

int run(const Options& options) {
  Tally scopes;
  Tally rows;
  print_mode(options.how);
  print_header();
  for (const Proof& proof : proofs()) {
    const auto& names = options.scopes;
    if (!names.empty() && std::ranges::find(names, proof.scope) == names.end()) continue;
    if (options.quick && proof.states > quick_max) continue;
    scopes.add(compare_scope(proof, options, rows));
  }
  fmt::print("L: length of a shortest counterexample. B: bytes a state.\n");
  fmt::print("r: SPIN's CPU time by ours. *: recorded, not run.\n");
  if (options.how.reductions != sim::Reductions{}) fmt::print("{}", reduced_legend);
  fmt::print("{} of {} rows agree\n{} of {} scopes agree\n", rows.agree, rows.all, scopes.agree,
             scopes.all);
  return scopes.agree == scopes.all ? 0 : 1;
}

std::string starvation_text(const Liveness& found) {
  if (!found.cyclic) return "every run comes to rest";
  if (!found.starves) return "no invalidation is starved";
  return fmt::format("starves range_end after {} + {} steps, {}", found.stem, found.loop,
                     found.starves_strongly ? "whatever the locks" : "unless locks are fair");
}

// Both must come out: one form of the protocol starves the end of an invalidation, one does not.
int run_liveness() {
  bool as_known = true;
  fmt::print("{:4}{:12}{:>9}\n", "", "fault", "states");
  for (std::size_t scope = 0; scope < liveness_scopes; ++scope) {
    for (const IntervalBegin begin : {IntervalBegin::reads, IntervalBegin::waits}) {
      const bool reads = begin == IntervalBegin::reads;
      const Liveness found = look_for_starvation(scope, begin);
      as_known = as_known && found.starves == reads && !found.starves_strongly;
      fmt::print("A{:<3}{:12}{:>9}  {}\n", scope + 1, reads ? "reads" : "waits", found.states,
                 starvation_text(found));
    }
  }
  fmt::print(
      "reads: KVM's, at once. waits: in mmu_interval_read_begin(). Threads are weakly fair.\n");
  fmt::print("{}\n", as_known ? "as known" : "NOT as known");
  return as_known ? 0 : 1;
}

bool read_number(std::string_view text, std::size_t& number) {
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  return read.ec == std::errc() && read.ptr == text.data() + text.size() && number > 0;
}

struct Word {
  std::string_view text;
  void (*set)(Options&);
};
constexpr std::array words{
    Word{"--quick", [](Options& options) { options.quick = true; }},
    Word{"--proofs", [](Options& options) { options.proofs_only = true; }},
    Word{"--liveness", [](Options& options) { options.liveness = true; }},
    Word{"--explorer", [](Options& options) { options.how.core = Core::explorer; }},
    Word{"--store=exact", [](Options& options) { options.how.store = sim::Store::exact; }},
    Word{"--store=compact", [](Options& options) { options.how.store = sim::Store::compact; }},
    Word{"--order=breadth",
         [](Options& options) { options.how.order = sim::SearchOrder::breadth; }},
    Word{"--order=depth", [](Options& options) { options.how.order = sim::SearchOrder::depth; }},
    Word{"--spin=none", [](Options& options) { options.spin = Spin::none; }},
    Word{"--spin=proofs", [](Options& options) { options.spin = Spin::proofs; }},
    Word{"--spin=all", [](Options& options) { options.spin = Spin::all; }},
};

bool read_option(std::string_view argument, Options& options) {
  constexpr std::string_view threads = "--threads=";
  if (argument.starts_with(threads))
    return read_number(argument.substr(threads.size()), options.how.threads);
  constexpr std::string_view runs = "--runs=";
  if (argument.starts_with(runs)) return read_number(argument.substr(runs.size()), options.runs);
  constexpr std::string_view reduce = "--reduce=";
  if (argument.starts_with(reduce)) {
    const auto* const found = std::ranges::find(reductions, argument.substr(reduce.size()),
                                                &decltype(reductions)::value_type::first);
    if (found == reductions.end()) return false;
    options.how.reductions = found->second;
    return true;
  }
  const auto* word = std::ranges::find(words, argument, &Word::text);
  if (word != words.end()) {
    word->set(options);
    return true;
  }
  const auto all = proofs();
  options.scopes.push_back(argument);
  return std::ranges::find(all, argument, &Proof::scope) != all.end();
}
}  // namespace
}  // namespace yardstick

int main(int count, char** arguments) {
  yardstick::Options options;
  for (const std::string_view argument : std::span(arguments + 1, arguments + count)) {
    if (yardstick::read_option(argument, options)) continue;
    fmt::print(stderr, "error: what is '{}'?\n{}", argument, yardstick::usage);
    return 2;
  }
  using yardstick::Core;
  if (options.how.core == Core::explorer && options.how.reductions != sim::Reductions{}) {
    fmt::print(stderr, "error: --explorer knows no reductions of the protocols\n");
    return 2;
  }
  if (options.liveness) return yardstick::run_liveness();
  if (!yardstick::spin_installed()) options.spin = yardstick::Spin::none;
  return yardstick::run(options);
}
