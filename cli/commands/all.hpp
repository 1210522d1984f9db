// SPDX-License-Identifier: Apache-2.0
// The commands. A new one is a file here and one line in all.cpp.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "cli/options.hpp"
#include "cli/output.hpp"
#include "cli/scenario.hpp"

namespace cli {

struct Session {  // Data goes to `out`, everything else to `err`.
  const Options& options;
  Output& out;
  Output& err;
};

// Which options a command takes, besides those that all have.
struct Takes {
  bool files = false;
  bool searches = false;  // Seed, limits, choices of params and policy, progress.
  bool formats = false;   // --format of a timeline, --json.
  bool json = false;      // --json alone.
  bool measures = false;  // What compare and sweep take.
};

struct CommandInfo {
  std::string_view name;
  std::string_view meaning;
  Takes takes;
  ExitStatus (*run)(Session& session);
};

std::span<const CommandInfo> commands();
const CommandInfo* find_command(std::string_view name);  // Or null.

ExitStatus run_scenarios(Session& session);
ExitStatus test_scenarios(Session& session);
ExitStatus replay_path(Session& session);
ExitStatus show_necessary(Session& session);
ExitStatus show_matrix(Session& session);
ExitStatus shrink_scenario(Session& session);
ExitStatus compare_policies(Session& session);
ExitStatus sweep_scenario(Session& session);
ExitStatus conform_scenarios(Session& session);
ExitStatus check_files(Session& session);
ExitStatus format_files(Session& session);
ExitStatus list_words(Session& session);
ExitStatus explain_word(Session& session);

// Shows what is wrong with them; false if some cannot be run.
bool report_problems(Session& session, const std::vector<Scenario>& scenarios);
// For commands that explore. False: one of them has workloads.
bool report_loads(Session& session, const std::vector<Scenario>& scenarios);

// What run does with scenarios that are in order; what replay does with one.
ExitStatus run_cases(Session& session, const std::vector<Case>& cases);
ExitStatus replay_case(Session& session, const Case& what);

}  // namespace cli
