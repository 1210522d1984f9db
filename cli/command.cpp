// SPDX-License-Identifier: Apache-2.0
#include "cli/command.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/layout.hpp"

namespace cli {
namespace {

constexpr std::string_view harmless = "_-./=,:+@%^";
constexpr std::size_t path_length_max = 2000;

std::string shell_word(std::string_view word) {
  const bool plain = !word.empty() && std::ranges::all_of(word, [](char c) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    return letter || harmless.find(c) != std::string_view::npos;
  });
  if (plain) return std::string(word);
  std::string result = "'";
  for (const char c : word) result += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return result + "'";
}

void add_choices(std::vector<std::string>& words, const language::Choices& choices) {
  for (const auto& [name, value] : choices.params) {
    words.push_back("-D " + shell_word(name + "=" + value));
  }
  for (const auto& [name, value] : choices.set) {
    words.push_back("--set " + shell_word(name + "=" + value));
  }
  if (!choices.policy.empty()) words.push_back("--policy " + shell_word(choices.policy));
  if (!choices.kernel.empty()) words.push_back("--kernel " + shell_word(choices.kernel));
  // Without it, a scenario with times would be replayed by time.
  if (choices.explore) words.push_back("--explore all");
}

// Words, and a backslash at the end of each line but the last. A word that is too long for a line
// goes on at the start of the next: the shell joins the two.
std::string broken_into_lines(const std::vector<std::string>& words) {
  constexpr std::size_t width = page_width - 2;  // Room for " \".
  std::string text = " ";
  std::size_t column = 1;
  for (std::string word : words) {
    if (column + 1 + word.size() > width && column > 4) {
      text += " \\\n   ";
      column = 3;
    }
    text += ' ';
    ++column;
    while (column + word.size() > width + 1) {
      const std::size_t fits = width + 1 - column;
      text += word.substr(0, fits) + "\\\n";
      word.erase(0, fits);
      column = 0;
    }
    text += word;
    column += word.size();
  }
  return text + '\n';
}

}  // namespace

std::string replay_command(const Case& what, const model::ClaimResult& result,
                           const Options& options) {
  const std::string path = sim::to_text(result.path);
  const bool run_again =
      what.cell->mode == language::RunMode::simulate && path.size() > path_length_max;
  std::vector<std::string> words{"shootdown", run_again ? "run" : "replay",
                                 shell_word(what.scenario->path)};
  language::Choices choices = options.choices;
  if (what.scenario->loaded.cells.size() > 1) choices.params = what.cell->params;
  add_choices(words, choices);
  if (run_again) {
    words.push_back(fmt::format("--seed {}", options.seed));
  } else {
    words.push_back("--path " + (path.empty() ? "''" : path));
    words.push_back(fmt::format("--steps {}", result.steps));
  }
  return broken_into_lines(words);
}

std::string command_again(std::string_view command, const std::string& path,
                          const language::Choices& choices) {
  std::vector<std::string> words{"shootdown", std::string(command), shell_word(path)};
  add_choices(words, choices);
  return broken_into_lines(words);
}

std::string run_command(const std::string& path, const language::Choices& choices,
                        std::uint64_t seed) {
  std::vector<std::string> words{"shootdown", "run", shell_word(path)};
  add_choices(words, choices);
  words.push_back(fmt::format("--seed {}", seed));
  return broken_into_lines(words);
}

}  // namespace cli
