// SPDX-License-Identifier: Apache-2.0
#include "tests/language/support.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace language_test {

using language::ParameterKind;
using language::SettingKind;
using language::Vocabulary;

std::optional<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void write_file(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
}

std::vector<std::string> scenarios_in(const std::string& folder) {
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().extension() == ".sd") paths.push_back(entry.path().generic_string());
  }
  std::ranges::sort(paths);
  return paths;
}

language::Sources sources_of(std::map<std::string, std::string> files) {
  return language::Sources(
      [files = std::move(files)](const std::string& path) -> std::optional<std::string> {
        const auto found = files.find(path);
        return found == files.end() ? std::nullopt : std::optional(found->second);
      });
}

namespace {

Vocabulary make_vocabulary() {
  Vocabulary words = language::language_vocabulary();
  words.policies = {
      {"none", "Nothing is done.", {}},
      {"pin_all", "All pages are pinned.", {}},
      {"release_only", "Only release() is heard.", {}},
      {"page_notifier", "One page at a time.", {}},
      {"range_notifier", "Ranges.", {}},
      {"interval_notifier",
       "The driver looks at the sequence again.",
       {{"retries", SettingKind::number, "8", "How often."},
        {"recheck", SettingKind::truth, "yes", "Look again."}}},
      {"handle_quiesce",
       "Handles.",
       {{"quiesce_timeout", SettingKind::duration, "1ms", "How long."},
        {"granularity", SettingKind::word, "page", "Of what.", {"page", "handle"}}}},
  };
  words.properties = {{"use_after_free", "A frame is used after it was given back."},
                      {"stale_translation", "A translation outlives its page."},
                      {"deadlock", "Nothing can move."},
                      {"quiesce_timeout", "A card did not answer in time."}};
  for (const char* name : {"handle_active", "shootdown", "quiesced", "pte_cleared", "dma_write",
                           "invalidate", "dev_fault", "tlb_shootdown", "oom"}) {
    words.events.push_back(
        {name,
         "",
         {{"to", ParameterKind::any, {}, true}, {"users", ParameterKind::any, {}, true}}});
  }
  for (language::CallRow& call : words.calls) {
    if (call.name == "swap_out" || call.name == "munmap") {
      call.steps.push_back({"pte_cleared", "The entries are gone."});
    }
  }
  for (const char* name : {"ipi", "tlb_flush_local", "ats_invalidate", "dev_fault", "swap_in",
                           "swap_out", "pte_walk"}) {
    words.costs.push_back({name, SettingKind::cost, "1us", "", {}, {}});
  }
  for (const char* version : {"6.1", "6.12", "7.3"}) {
    words.kernels.push_back(
        {version, "", {{"flush_before_free", SettingKind::truth, "yes", "", {}, {}}}});
  }
  return words;
}

}  // namespace

const Vocabulary& small_vocabulary() {
  static const Vocabulary words = make_vocabulary();
  return words;
}

std::string problems_of(language::Sources& sources, const std::string& path,
                        const std::vector<std::string>& definitions, const std::string& policy) {
  language::Parsed parsed = language::parse(sources, path);
  language::Problems problems = std::move(parsed.problems);
  const language::Overrides overrides = language::parse_overrides(sources, definitions, policy);
  const language::Checked checked =
      language::check(std::move(parsed.script), small_vocabulary(), overrides);
  for (const language::Problems* more : {&overrides.problems, &checked.problems}) {
    problems.insert(problems.end(), more->begin(), more->end());
  }
  language::sort_problems(problems);
  return language::render(sources, problems);
}

std::string problems_in(const std::string& text, const std::vector<std::string>& definitions,
                        const std::string& policy) {
  language::Sources sources = sources_of({{"t.sd", text}});
  return problems_of(sources, "t.sd", definitions, policy);
}

language::Checked checked(const std::string& text, const std::vector<std::string>& definitions) {
  language::Sources sources = sources_of({{"t.sd", text}});
  language::Parsed parsed = language::parse(sources, "t.sd");
  CHECK(language::render(sources, parsed.problems) == "");
  const language::Overrides overrides = language::parse_overrides(sources, definitions);
  language::Checked result =
      language::check(std::move(parsed.script), small_vocabulary(), overrides);
  CHECK(language::render(sources, result.problems) == "");
  return result;
}

std::string expected(const std::string& path, const std::string& actual) {
  if (std::getenv("UPDATE_EXPECT") != nullptr) write_file(path, actual);
  return read_file(path).value_or("(no such file)");
}

}  // namespace language_test
