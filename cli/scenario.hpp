// SPDX-License-Identifier: Apache-2.0
// A scenario file with everything that was made of it.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "scenarios/language/lower.hpp"
#include "scenarios/language/source.hpp"

namespace cli {

std::optional<std::string> read_file(const std::string& path);

struct Scenario {
  std::string path;  // As it was given.
  std::unique_ptr<language::Sources> sources;
  language::Loaded loaded;

  bool broken() const { return language::has_errors(loaded.problems); }
  std::string problems() const { return language::render(*sources, loaded.problems); }
};

Scenario load_scenario(const std::string& path, const language::Choices& choices);
std::vector<Scenario> load_scenarios(const std::vector<std::string>& paths,
                                     const language::Choices& choices);

// Whether the file says `scenario "..."`: others are machines and costs, to be imported.
bool has_scenario_statement(const std::string& path);

// Files that are named are taken as they are; folders are searched for scenarios.
struct FoundFiles {
  std::vector<std::string> scenarios;
  std::vector<std::string> missing;
};
FoundFiles find_scenarios(const std::vector<std::string>& places);

// One cell of a scenario; where the reports point to.
struct Case {
  const Scenario* scenario = nullptr;
  const language::Cell* cell = nullptr;

  const model::Setup& setup() const { return *cell->setup; }
  const language::Sources& sources() const { return *scenario->sources; }
  // Of a line or a claim; none if it has no place in a file.
  std::optional<language::Span> place(std::uint32_t source) const;
};

std::vector<Case> cases_of(std::span<const Scenario> scenarios);

}  // namespace cli
