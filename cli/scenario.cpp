// SPDX-License-Identifier: Apache-2.0
#include "cli/scenario.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>

#include "scenarios/language/parse.hpp"

namespace cli {
namespace {

namespace fs = std::filesystem;

void add_folder(const std::string& folder, FoundFiles& found) {
  std::error_code error;
  fs::recursive_directory_iterator walk(folder, error);
  for (; !error && walk != fs::recursive_directory_iterator(); walk.increment(error)) {
    const std::string path = walk->path().lexically_normal().generic_string();
    if (path.ends_with(".sd") && has_scenario_statement(path)) found.scenarios.push_back(path);
  }
  if (error) found.missing.push_back(folder);
}

}  // namespace

std::optional<std::string> read_file(const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"),
                                                             std::fclose);
  if (!file) return std::nullopt;
  std::string text;
  std::array<char, 65536> block{};
  while (const std::size_t size = std::fread(block.data(), 1, block.size(), file.get())) {
    text.append(block.data(), size);
  }
  if (std::ferror(file.get()) != 0) return std::nullopt;  // A folder, for example.
  return text;
}

Scenario load_scenario(const std::string& path, const language::Choices& choices) {
  Scenario scenario{
      .path = path, .sources = std::make_unique<language::Sources>(read_file), .loaded = {}};
  scenario.loaded = language::load(*scenario.sources, path, choices);
  return scenario;
}

std::vector<Scenario> load_scenarios(const std::vector<std::string>& paths,
                                     const language::Choices& choices) {
  std::vector<Scenario> scenarios;
  for (const std::string& path : paths) scenarios.push_back(load_scenario(path, choices));
  return scenarios;
}

bool has_scenario_statement(const std::string& path) {
  language::Sources sources(read_file);
  const auto id = sources.load(path);
  if (!id) return false;
  const language::ParsedFile parsed = language::parse_file(sources, *id);
  return std::ranges::any_of(parsed.file.items, [](const language::Item& item) {
    return std::holds_alternative<language::ScenarioName>(item.node);
  });
}

FoundFiles find_scenarios(const std::vector<std::string>& places) {
  FoundFiles found;
  for (const std::string& place : places) {
    if (fs::is_directory(place)) {
      add_folder(place, found);
    } else if (fs::exists(place)) {
      found.scenarios.push_back(fs::path(place).lexically_normal().generic_string());
    } else {
      found.missing.push_back(place);
    }
  }
  std::ranges::sort(found.scenarios);
  found.scenarios.erase(std::unique(found.scenarios.begin(), found.scenarios.end()),
                        found.scenarios.end());
  return found;
}

std::optional<language::Span> Case::place(std::uint32_t source) const {
  if (source >= cell->places.size()) return std::nullopt;
  return cell->places[source];
}

std::vector<Case> cases_of(std::span<const Scenario> scenarios) {
  std::vector<Case> cases;
  for (const Scenario& scenario : scenarios) {
    for (const language::Cell& cell : scenario.loaded.cells) cases.push_back({&scenario, &cell});
  }
  return cases;
}

}  // namespace cli
