// SPDX-License-Identifier: Apache-2.0
// What the command line asks for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/exit_status.hpp"
#include "model/reduction.hpp"
#include "scenarios/language/lower.hpp"

namespace cli {

enum class Colour : std::uint8_t { automatic, always, never };
enum class ProgressStyle : std::uint8_t { automatic, plain, none };
enum class Verbosity : std::uint8_t { quiet, normal, verbose };

struct Limits {  // 0: none.
  double seconds = 0;
  std::uint64_t states = 0;          // Of an exploration.
  std::uint64_t steps = 10'000'000;  // Of a run: some never come to rest.
  std::uint64_t megabytes = 4096;
};

struct Options {
  std::string command;
  std::vector<std::string> files;

  // What is run, and how long.
  language::Choices choices;
  std::uint64_t seed = 1;
  std::uint64_t swarm = 1;  // Threads that make the runs of a sample.
  bool coverage = false;
  model::Reduce reduce;  // Of explorations.
  Limits limits;
  std::uint64_t threads = 0;  // Of a search; 0: one for each processor.
  std::string path;           // replay
  std::uint64_t steps = 0;

  // What is shown, and where.
  bool json = false;
  bool why = false;    // What led to each claim that fails; what each call of a run has caused.
  std::string format;  // Empty: what the command shows by itself.
  std::string output;  // Empty: standard output.
  std::string junit;
  Verbosity verbosity = Verbosity::normal;
  Colour colour = Colour::automatic;
  ProgressStyle progress = ProgressStyle::automatic;

  // compare, sweep
  std::vector<std::string> policies;
  std::optional<std::uint64_t> seeds;  // How many for each cell.
  std::uint64_t jobs = 1;              // Threads that make cells.
  bool measured = false;               // What a run by time has measured counts, not its path.
  std::string folder;                  // Of results.
  bool resume = false;
  std::string shard;                // I/N
  std::vector<std::string> merged;  // Folders of shards.

  // Of single commands.
  std::vector<std::string> words;    // list, explain
  std::string profile;               // list costs
  std::vector<std::string> against;  // conform: records.
  bool ast = false;                  // check --ast=json
  bool only_check = false;           // fmt --check
};

// The command line as options, or as an answer: help, the version, or what is wrong with it.
struct CommandLine {
  Options options;
  std::optional<ExitStatus> exit;
  std::string out;
  std::string err;
};

// `arguments` without the program's name.
CommandLine parse_command_line(const std::vector<std::string>& arguments);

}  // namespace cli
