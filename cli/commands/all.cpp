// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/all.hpp"

#include <array>

namespace cli {
namespace {

constexpr Takes search{.files = true, .searches = true, .formats = true};

constexpr std::array all{
    CommandInfo{"run", "Explore or simulate scenarios, as they say", search, run_scenarios},
    CommandInfo{"test", "Run all scenarios of folders and files; prints KTAP", search,
                test_scenarios},
    CommandInfo{"replay", "Show one execution again, step by step", search, replay_path},
    CommandInfo{"necessary",
                "Take each check of the policy away, and say what breaks",
                {.files = true, .searches = true, .json = true},
                show_necessary},
    CommandInfo{"matrix",
                "Hold what policies promise against what scenarios show",
                {.files = true, .searches = true, .json = true},
                show_matrix},
    CommandInfo{"compare",
                "Run a scenario under several policies, and measure what they cost",
                {.files = true, .json = true, .measures = true},
                compare_policies},
    CommandInfo{"sweep",
                "Measure every combination of params, policies and seeds",
                {.files = true, .measures = true},
                sweep_scenario},
    CommandInfo{"shrink",
                "Make a scenario in which a claim fails as small as it can be",
                {.files = true, .searches = true},
                shrink_scenario},
    CommandInfo{"conform",
                "Hold the model against records of real kernels",
                {.files = true, .searches = true, .json = true},
                conform_scenarios},
    CommandInfo{"check",
                "Say what is wrong with scenarios, and run nothing",
                {.files = true, .searches = true},
                check_files},
    CommandInfo{"fmt", "Lay scenarios out", {.files = true}, format_files},
    CommandInfo{"list", "List the words that scenarios and this program know", {}, list_words},
    CommandInfo{
        "explain", "Explain a word: a policy, call, event, property, error, ...", {}, explain_word},
};

}  // namespace

std::span<const CommandInfo> commands() { return all; }

const CommandInfo* find_command(std::string_view name) {
  for (const CommandInfo& command : all) {
    if (command.name == name) return &command;
  }
  return nullptr;
}

}  // namespace cli
