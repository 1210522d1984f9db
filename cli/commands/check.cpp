// SPDX-License-Identifier: Apache-2.0
// check FILE...: what is wrong with scenarios.
#include "cli/commands/all.hpp"
#include "scenarios/language/json.hpp"
#include "scenarios/language/parse.hpp"

namespace cli {

bool report_problems(Session& session, const std::vector<Scenario>& scenarios) {
  bool good = true;
  for (const Scenario& scenario : scenarios) {
    good = good && !scenario.broken();
    session.err.write(scenario.problems());
  }
  return good;
}

bool report_loads(Session& session, const std::vector<Scenario>& scenarios) {
  bool none = true;
  for (const Scenario& scenario : scenarios) {
    for (const language::Cell& cell : scenario.loaded.cells) {
      if (cell.setup->load.workloads.empty()) continue;
      session.err.print("shootdown: {}: a load is by time, and not explored\n", scenario.path);
      none = false;
      break;
    }
  }
  return none;
}

namespace {

// What has become of the lines of the traces that a scenario replays.
void report_traces(Session& session, const std::vector<Scenario>& scenarios) {
  for (const Scenario& scenario : scenarios) {
    if (scenario.loaded.cells.empty()) continue;
    for (const language::TraceSummary& trace : scenario.loaded.cells.front().traces) {
      session.out.print("{}: trace \"{}\"\n", scenario.path, trace.path);
      for (const std::string& line : trace.lines) session.out.print("  {}\n", line);
    }
  }
}

}  // namespace

ExitStatus check_files(Session& session) {
  const Options& options = session.options;
  if (!options.ast) {
    const std::vector<Scenario> scenarios = load_scenarios(options.files, options.choices);
    report_traces(session, scenarios);
    return report_problems(session, scenarios) ? ExitStatus::ok : ExitStatus::misuse;
  }
  // The tree shows a text as it is: what is wrong with it is said beside it.
  ExitStatus status = ExitStatus::ok;
  for (const std::string& path : options.files) {
    language::Sources sources(read_file);
    const language::Parsed parsed = language::parse(sources, path);
    session.err.write(language::render(sources, parsed.problems));
    if (language::has_errors(parsed.problems)) status = ExitStatus::misuse;
    if (parsed.script.files.empty()) continue;
    const language::File& file = parsed.script.files.back();
    session.out.print("{}\n", language::to_json(file, &sources.at(file.source)));
  }
  return status;
}

}  // namespace cli
