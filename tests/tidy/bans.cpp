// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <regex>

#include "tests/tidy/checks.hpp"

namespace tidy {
namespace {

// Headers that would let in what must come from outside: time, chance, threads, files, the order of
// hash tables. One letter a folder: s(im), m(odel), l(anguage).
struct HeaderBan {
  std::string_view name;
  std::string_view folders;
};
constexpr std::array header_bans = {
    HeaderBan{"random", "sml"},       HeaderBan{"chrono", "sml"},
    HeaderBan{"ctime", "sml"},        HeaderBan{"thread", "sml"},
    HeaderBan{"mutex", "sml"},        HeaderBan{"condition_variable", "sml"},
    HeaderBan{"future", "sml"},       HeaderBan{"atomic", "sm"},
    HeaderBan{"unordered_map", "sm"}, HeaderBan{"unordered_set", "sm"},
    HeaderBan{"iostream", "sml"},     HeaderBan{"fstream", "sml"},
    HeaderBan{"filesystem", "sml"},   HeaderBan{"cstdio", "sml"},
    HeaderBan{"stdio.h", "sml"},      HeaderBan{"CLI/", "sml"},
    HeaderBan{"nlohmann/", "sml"},    HeaderBan{"doctest/", "smlc"},
    HeaderBan{"benchmark/", "smlc"},
};

struct WordBan {
  const char* pattern;
  std::string_view folders;
  std::string_view reason;
};
constexpr std::array word_bans = {
    WordBan{R"(\bthrow\b)", "sml", "no exceptions: return a value, or check()"},
    WordBan{R"(\b(s?rand|random_device)\b\s*[({]?)", "smlc", "chance comes from the chooser"},
    WordBan{R"(\bstd::time\s*\(|\btime\s*\(\s*(nullptr|NULL|0)\s*\))", "smlc", "time is simulated"},
    WordBan{R"(\bgetenv\b)", "sml", "only cli knows the environment"},
    WordBan{R"(\b(float|double)\b)", "s", "the clockwork counts in integers"},
};

// A file that needs a banned header to do its one job.
struct Exception {
  std::string_view path;
  std::string_view name;
};
constexpr std::array exceptions = {
    Exception{"sim/check.cpp", "cstdio"},  // Prints the broken condition, and aborts.
    // A search by several threads, whose result does not depend on them.
    Exception{"sim/part_table.hpp", "atomic"},
    Exception{"sim/part_table.hpp", "mutex"},
};

char folder_letter(std::string_view path) {
  if (in(path, "sim/")) return 's';
  if (in(path, "model/")) return 'm';
  if (in(path, "scenarios/language/")) return 'l';
  if (in(path, "cli/")) return 'c';
  return '-';
}

bool banned(std::string_view include, const HeaderBan& ban) {
  return ban.name.ends_with('/') ? include.starts_with(ban.name) : include == ban.name;
}

bool excepted(std::string_view path, std::string_view name) {
  return std::ranges::any_of(exceptions, [&](const Exception& exception) {
    return exception.path == path && exception.name == name;
  });
}

Findings banned_headers(const File& file, char folder) {
  Findings findings;
  each_line(file.text, [&](std::string_view line, std::size_t number) {
    const Include include = included(line);
    for (const HeaderBan& ban : header_bans) {
      if (ban.folders.find(folder) == std::string_view::npos) continue;
      if (!banned(include.name, ban) || excepted(file.path, ban.name)) continue;
      findings.push_back({file.path, number, "banned here: <" + std::string(include.name) + ">"});
    }
  });
  return findings;
}

Findings banned_words(const File& file, char folder) {
  Findings findings;
  const std::string code = code_only(file.text);
  for (const WordBan& ban : word_bans) {
    if (ban.folders.find(folder) == std::string_view::npos) continue;
    const std::regex pattern(ban.pattern);
    each_line(code, [&](std::string_view line, std::size_t number) {
      std::cmatch match;
      if (std::regex_search(line.data(), line.data() + line.size(), match, pattern)) {
        findings.push_back({file.path, number,
                            "banned here: " + match.str() + " (" + std::string(ban.reason) + ")"});
      }
    });
  }
  return findings;
}

}  // namespace

Findings bans(const File& file) {
  if (!source(file.path)) return {};
  const char folder = folder_letter(file.path);
  Findings findings = banned_headers(file, folder);
  for (Finding& finding : banned_words(file, folder)) findings.push_back(std::move(finding));
  return findings;
}

}  // namespace tidy
