// SPDX-License-Identifier: Apache-2.0
#include "bench/yardstick/spin.hpp"

#include <fmt/core.h>
#include <sys/resource.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace yardstick {
namespace {
constexpr std::string_view models = "bench/yardstick/";
constexpr std::string_view work_folder = "build/yardstick/spin";

bool succeeds(const std::string& command) { return std::system(command.c_str()) == 0; }

// The -D options of the scope.
std::string defines(std::string_view scope) {
  std::ifstream file(std::string(models) + "scopes.txt");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(std::string(scope) + ' ')) continue;
    return line.substr(line.find("-D"));
  }
  return {};
}

std::string_view flags(SpinMode mode) {
  switch (mode) {
    case SpinMode::depth_first:
      return "-DNOREDUCE";
    case SpinMode::depth_first_reduced:
      return "";
    case SpinMode::breadth_first:
      return "-DNOREDUCE -DBFS";
  }
  return {};
}

// The number at the beginning of the line with `label`. The verifier prints large ones as
// "1.1370667e+08".
std::optional<std::uint64_t> number_before(const std::string& text, std::string_view label) {
  const std::size_t found = text.find(label);
  if (found == std::string::npos) return std::nullopt;
  const std::size_t line = text.rfind('\n', found) + 1;
  return static_cast<std::uint64_t>(std::strtod(text.c_str() + line, nullptr));
}

std::optional<std::uint64_t> number_after(const std::string& text, std::string_view label) {
  const std::size_t found = text.find(label);
  if (found == std::string::npos) return std::nullopt;
  return std::strtoull(text.c_str() + found + label.size(), nullptr, 10);
}

// To the digits that the verifier prints.
std::uint64_t rounded(std::uint64_t number) {
  std::uint64_t unit = 1;
  while (number / unit >= 100'000'000) unit *= 10;
  return (number + unit / 2) / unit * unit;
}

// CPU time of the commands that have been run.
double seconds_of_commands() {
  rusage usage{};
  getrusage(RUSAGE_CHILDREN, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

bool build_verifier(const Case& one, SpinMode mode) {
  const std::string model = std::filesystem::absolute(models).string() +
                            std::string(name_of(model_of(one.scope))) + ".pml";
  return succeeds(
      fmt::format("cd {} && spin -a -o3 {} -DVAR={} -DPROP={} {} > spin.log 2>&1 && "
                  "gcc -O2 -w -DSAFETY -DMEMLIM=9000 {} -o pan pan.c",
                  work_folder, defines(one.scope), one.variant, one.property, model, flags(mode)));
}

std::string verifier_output(const Case& one, SpinMode mode) {
  // As many slots as are needed, to the next power of two.
  const auto slots = std::clamp<std::uint64_t>(std::bit_width(proof_of(one.scope).states), 20, 30);
  const std::string_view depth = mode == SpinMode::breadth_first ? "" : "-m100000";
  if (!succeeds(fmt::format("cd {} && ./pan {} -w{} > pan.log 2>&1", work_folder, depth, slots)))
    return {};
  std::ifstream log(std::string(work_folder) + "/pan.log");
  std::ostringstream text;
  text << log.rdbuf();
  return text.str();
}
}  // namespace

bool same(const SpinFigures& spin, const Result& result) {
  return rounded(spin.states) == rounded(result.states) &&
         rounded(spin.transitions + 1) == rounded(result.transitions + 1);
}

bool spin_installed() { return succeeds("command -v spin > /dev/null 2>&1"); }

std::optional<SpinResult> run_spin(const Case& one, SpinMode mode) {
  std::filesystem::create_directories(work_folder);
  if (!build_verifier(one, mode)) return std::nullopt;
  const double before = seconds_of_commands();
  const std::string text = verifier_output(one, mode);
  const double taken = seconds_of_commands() - before;

  const auto states = number_before(text, "states, stored");
  const auto transitions = number_before(text, "transitions (");
  const bool wrong = text.find("assertion violated") != std::string::npos;
  const bool partial = !wrong && text.find("Search not completed") != std::string::npos;
  if (!states || !transitions || partial) return std::nullopt;
  SpinResult result{
      .figures = {.states = *states, .transitions = *transitions - 1, .seconds = taken}};
  if (wrong) result.steps = number_after(text, "(at depth ").value_or(0) + 1;
  return result;
}
}  // namespace yardstick
