// SPDX-License-Identifier: Apache-2.0
#include "cli/operations.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "cli/conform/lines.hpp"
#include "cli/conform/recording.hpp"
#include "cli/layout.hpp"
#include "cli/names.hpp"
#include "cli/pages.hpp"

namespace cli {
namespace {

constexpr std::uint64_t operation_steps_max = 20'000;
constexpr std::size_t steps_shown_max = 6;
const std::string folder = "scenarios/linux/";

std::optional<std::string> embedded(const std::string& path) {
  if (path == "scenarios/machines/linux.sd") return std::string(linux_machine);
  for (const Page& page : operation_scenarios) {
    if (path == folder + std::string(page.name) + ".sd") return std::string(page.text);
  }
  return std::nullopt;
}

// The comment below the licence, on one line.
std::string about_of(std::string_view text) {
  std::string about;
  text.remove_prefix(std::min(text.find('\n') + 1, text.size()));
  while (text.starts_with("// ")) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    about += (about.empty() ? "" : " ") + std::string(text.substr(3, end - 3));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return about;
}

// "child: "; nothing for the process that the operation is about.
std::string actor_of(const model::Setup& setup, model::LineId line) {
  for (const model::Program& program : setup.programs) {
    if (std::ranges::find(program.lines, line) == program.lines.end()) continue;
    const bool main = !setup.windows.empty() && program.mm == setup.windows.front().mm;
    return main ? std::string() : program.name + ": ";
  }
  return {};
}

std::vector<OperationStep> run_operation(std::string_view name, const std::string& kernel,
                                         Verbosity verbosity) {
  Scenario scenario;
  scenario.path = folder + std::string(name) + ".sd";
  scenario.sources = std::make_unique<language::Sources>(embedded);
  language::Choices choices;
  choices.kernel = kernel;
  scenario.loaded = language::load(*scenario.sources, scenario.path, choices);
  if (scenario.broken()) return {};
  const Case what = cases_of({&scenario, 1}).front();
  const conform::Recording recording = conform::record_model(what, 1, operation_steps_max);
  const Names names(what.setup());
  std::vector<OperationStep> steps;
  for (std::size_t i = 0; i < recording.operation.steps.size(); ++i) {
    const conform::Step& step = recording.operation.steps[i];
    OperationStep shown{.text = step.text, .calls = {}, .lines = conform::words_of(step)};
    if (verbosity == Verbosity::verbose) {
      shown.lines = conform::lines_of(step, nullptr, conform::Detail::full);
    }
    for (const model::LineId line : what.cell->steps[i].lines) {
      shown.calls.push_back(actor_of(what.setup(), line) + names.call(line));
    }
    steps.push_back(std::move(shown));
  }
  return steps;
}

bool is_call(const OperationStep& step, std::string_view call) {
  if (step.calls.size() != 1) return false;
  const std::string& made = step.calls.front();
  const std::size_t colon = made.find(": ");
  const std::size_t start = colon < made.find('(') ? colon + 2 : 0;
  return made.substr(start).starts_with(std::string(call) + "(");
}

// What the call says besides the pages: MADV_FREE.
std::string how_of(const OperationStep& step) {
  const std::string& made = step.calls.front();
  const std::size_t comma = made.find(", ");
  return comma == std::string::npos ? std::string() : made.substr(comma);
}

}  // namespace

const std::vector<OperationInfo>& operations() {
  static const std::vector<OperationInfo> all = [] {
    std::vector<OperationInfo> infos;
    for (const Page& page : operation_scenarios) {
      infos.push_back({.name = std::string(page.name), .about = about_of(page.text)});
    }
    return infos;
  }();
  return all;
}

std::vector<OperationStep> steps_of(std::string_view operation, const std::string& kernel,
                                    Verbosity verbosity) {
  return run_operation(operation, kernel, verbosity);
}

std::vector<OperationStep> steps_with(std::string_view call, const std::string& kernel) {
  std::vector<OperationStep> found;
  std::set<std::vector<std::string>> known;
  std::set<std::string> ways;
  for (const Page& page : operation_scenarios) {
    if (page.text.find(std::string(call) + "(") == std::string_view::npos) continue;
    for (OperationStep& step : run_operation(page.name, kernel, Verbosity::normal)) {
      if (!is_call(step, call) || known.contains(step.lines)) continue;
      if (const std::string how = how_of(step); !how.empty() && !ways.insert(how).second) continue;
      known.insert(step.lines);
      step.text += fmt::format(" ({})", page.name);
      found.push_back(std::move(step));
      if (found.size() == steps_shown_max) return found;
    }
  }
  return found;
}

}  // namespace cli
