// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <regex>

#include "tests/tidy/checks.hpp"

namespace tidy {
namespace {

constexpr std::size_t columns_max = 100;
constexpr std::size_t lines_max = 500;

struct Home {
  std::string_view folder;
  std::string_view name;  // Of the namespace.
};
constexpr std::array homes = {Home{"sim/", "sim"}, Home{"model/", "model"},
                              Home{"scenarios/language/", "language"}, Home{"cli/", "cli"},
                              Home{"tests/tidy/", "tidy"}};

// Code points, not bytes: a continuation byte takes no column.
std::size_t width(std::string_view line) {
  return static_cast<std::size_t>(std::ranges::count_if(
      line, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

// One finding for each line in which `pattern` is found.
Findings lines_with(const File& file, std::string_view text, const std::regex& pattern,
                    const std::string& message) {
  Findings findings;
  each_line(text, [&](std::string_view line, std::size_t number) {
    if (std::regex_search(line.begin(), line.end(), pattern)) {
      findings.push_back({file.path, number, message});
    }
  });
  return findings;
}

}  // namespace

Findings licence(const File& file) {
  if (!source(file.path) && !script(file.path) && !scenario(file.path)) return {};
  const bool kernel_code = file.path.ends_with(".c") || file.path.ends_with(".h");
  const std::string tag = "SPDX-License-Identifier: ";
  const std::string wanted = tag + (kernel_code ? "GPL-2.0-only" : "Apache-2.0");
  Findings findings{{file.path, 1, "must start with " + wanted}};
  bool script_line = false;
  each_line(file.text, [&](std::string_view line, std::size_t number) {
    if (number == 1) script_line = line.starts_with("#!");
    const std::size_t first = script_line ? 2 : 1;
    if (number == first && line.find(wanted) != std::string_view::npos) findings.clear();
  });
  return findings;
}

Findings columns(const File& file) {
  if (!source(file.path) && !script(file.path) && !scenario(file.path)) return {};
  Findings findings;
  each_line(file.text, [&](std::string_view line, std::size_t number) {
    if (width(line) <= columns_max) return;
    findings.push_back({file.path, number, "is wider than 100 columns"});
  });
  return findings;
}

Findings length(const File& file) {
  if (!source(file.path) && !script(file.path) && !scenario(file.path)) return {};
  const auto lines = static_cast<std::size_t>(std::ranges::count(file.text, '\n'));
  if (lines <= lines_max) return {};
  return {{file.path, lines, "is longer than 500 lines: is it still about one thing?"}};
}

Findings header_form(const File& file) {
  if (!header(file.path) && !file.path.ends_with(".hpp.in")) return {};
  static const std::regex using_namespace(R"(^\s*using\s+namespace\b)");
  Findings findings = lines_with(file, code_only(file.text), using_namespace,
                                 "a header opens no namespace to its readers");
  if (file.text.find("\n#pragma once\n") == std::string::npos) {
    findings.push_back({file.path, 0, "has no #pragma once"});
  }
  return findings;
}

Findings own_namespace(const File& file) {
  if (!source(file.path) || stem(file.path) == "main") return {};
  const auto* home =
      std::ranges::find_if(homes, [&](const Home& each) { return in(file.path, each.folder); });
  if (home == homes.end()) return {};
  const std::regex opens("\\bnamespace " + std::string(home->name) + "\\b");
  if (std::regex_search(code_only(file.text), opens)) return {};
  return {{file.path, 0, "belongs to namespace " + std::string(home->name)}};
}

Findings unfinished(const File& file) {
  static const std::regex words(R"(\b(TO)"
                                R"(DO|FIX)"
                                R"(ME|XX)"
                                R"(X)\b)");
  return lines_with(file, file.text, words, "says that it is unfinished");
}

Findings host_paths(const File& file) {
  static const std::regex paths(R"((^|[\s"'`(=:<])/(home|root|work|Users|mnt|tmp/[a-z_]*\.?\d+)/)");
  return lines_with(file, file.text, paths, "names a path of one machine");
}

}  // namespace tidy
