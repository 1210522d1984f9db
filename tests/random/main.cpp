// SPDX-License-Identifier: Apache-2.0
// usage: ./run random [COUNT] [--first SEED] [--states LIMIT] [--show SEED]
//
// Random scenarios, each explored and held against a naive search, until COUNT have been compared.
// The last line says how many agree; the exit status is 1 if one does not. --show prints one
// scenario, and what is found in it.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string_view>

#include "tests/random/child.hpp"
#include "tests/random/scenario.hpp"

namespace {

using random_scenarios::Examined;

struct Options {
  std::uint64_t count = 10'000;
  std::uint64_t first = 1;
  std::optional<std::uint64_t> show;
  random_scenarios::Limits limits;
};

struct Summary {
  std::vector<std::uint64_t> states;  // Of each scenario that was explored to its end.
  std::map<std::string, std::uint64_t> counts;
  std::uint64_t compared = 0;
  std::uint64_t invalid = 0;
  std::uint64_t skipped = 0;
  std::uint64_t failed = 0;
};

constexpr unsigned seconds_max = 300;  // For one scenario.
constexpr const char* folder = "build/random";

Options options_of(int count, char** words) {
  Options options;
  for (int i = 1; i < count; ++i) {
    const std::string_view word = words[i];
    const bool named = word.starts_with("--") && i + 1 < count;
    const std::uint64_t number = std::strtoull(named ? words[++i] : words[i], nullptr, 10);
    if (word == "--first") {
      options.first = number;
    } else if (word == "--states") {
      options.limits.states_max = number;
    } else if (word == "--show") {
      options.show = number;
    } else {
      options.count = number;
    }
  }
  return options;
}

// The text of a scenario that disagrees, and how to see it again.
void print_failure(std::uint64_t seed, const std::string& text, const Examined& examined) {
  std::filesystem::create_directories(folder);
  const std::string path = fmt::format("{}/{}.sd", folder, seed);
  std::ofstream(path, std::ios::binary) << text;
  fmt::print("seed {} does not agree: ./run random --show {}; scenario: {}\n", seed, seed, path);
  for (const std::string& each : examined.disagreements) fmt::print("  {}\n", each);
  std::fflush(stdout);
}

void add(Summary& summary, const Examined& examined) {
  for (const auto& [name, count] : examined.counts) summary.counts[name] += count;
  if (!examined.valid) ++summary.invalid;
  if (examined.skipped) ++summary.skipped;
  if (!examined.agrees()) ++summary.failed;
  const bool explored = examined.valid && !examined.skipped;
  if (explored) summary.states.push_back(examined.states);
  if (explored || !examined.agrees()) ++summary.compared;
}

void print_summary(Summary& summary, const Options& options) {
  std::ranges::sort(summary.states);
  for (const auto& [name, count] : summary.counts) fmt::print("{:7} {}\n", count, name);
  const std::size_t explored = summary.states.size();
  const auto at = [&](std::size_t percent) {
    return summary.states.empty() ? 0 : summary.states[(explored - 1) * percent / 100];
  };
  fmt::print("states: median {}, 90 % {}, most {}\n", at(50), at(90), at(100));
  fmt::print("left out: {} not valid, {} with more than {} states\n", summary.invalid,
             summary.skipped, options.limits.states_max);
  fmt::print("{} of {} scenarios agree\n", summary.compared - summary.failed, summary.compared);
}

int run(const Options& options) {
  Summary summary;
  const std::uint64_t last = options.first + 4 * options.count;  // Should most be left out.
  for (std::uint64_t seed = options.first; summary.compared < options.count; ++seed) {
    if (seed > last) break;
    const std::string text = random_scenarios::random_scenario(seed);
    const Examined examined = random_scenarios::examine_apart(text, options.limits, seconds_max);
    if (!examined.agrees()) print_failure(seed, text, examined);
    add(summary, examined);
    if (seed % 100 == 0) {
      fmt::print(stderr, "{} compared, {} disagree\n", summary.compared, summary.failed);
    }
  }
  print_summary(summary, options);
  return summary.failed == 0 && summary.compared == options.count ? 0 : 1;
}

int show(std::uint64_t seed, const Options& options) {
  const std::string text = random_scenarios::random_scenario(seed);
  fmt::print("{}", text);
  std::fflush(stdout);  // Before it is tried: it may be one that hangs.
  const Examined examined = random_scenarios::examine_apart(text, options.limits, seconds_max);
  for (const auto& [name, count] : examined.counts) fmt::print("{:7} {}\n", count, name);
  fmt::print("states: {}\n", examined.states);
  if (!examined.agrees()) print_failure(seed, text, examined);
  return examined.agrees() ? 0 : 1;
}

}  // namespace

int main(int count, char** words) {
  const Options options = options_of(count, words);
  return options.show ? show(*options.show, options) : run(options);
}
