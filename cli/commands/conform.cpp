// SPDX-License-Identifier: Apache-2.0
// conform FILE... --against RECORD: the model held against records of real kernels. The scenario
// of an operation has its name, and its timeline the record's steps.
#include <algorithm>
#include <set>

#include "cli/commands/all.hpp"
#include "cli/conform/recording.hpp"
#include "cli/conform/report.hpp"

namespace cli {
namespace {

std::optional<conform::Record> load_record(Session& session, const std::string& path) {
  const std::optional<std::string> text = read_file(path);
  if (!text) {
    session.err.print("shootdown: {} cannot be read\n", path);
    return std::nullopt;
  }
  conform::ReadRecord read = conform::read_record(path, *text);
  if (read.problem.empty()) return std::move(read.record);
  session.err.print("{}\n", read.problem);
  return std::nullopt;
}

const conform::Operation* operation_named(const conform::Record& record, const std::string& name) {
  for (const conform::Operation& operation : record.operations) {
    if (operation.name == name) return &operation;
  }
  return nullptr;
}

// One record: all scenarios as that kernel would run them.
ExitStatus hold_against(Session& session, const std::vector<std::string>& files,
                        const conform::Record& record) {
  const Options& options = session.options;
  language::Choices choices = options.choices;
  if (choices.kernel.empty()) choices.kernel = record.version;
  const std::vector<Scenario> scenarios = load_scenarios(files, choices);
  if (!report_problems(session, scenarios)) return ExitStatus::misuse;
  conform::Report report(options, session.out, record);
  std::set<std::string> told;
  for (const Case& what : cases_of(scenarios)) {
    const std::string& name = what.setup().name;
    const conform::Operation* operation = operation_named(record, name);
    if (operation == nullptr) {
      report.no_operation(name);
      continue;
    }
    told.insert(name);
    const conform::Recording model =
        conform::record_model(what, options.seed, options.limits.steps);
    if (!model.at_rest) report.cut_off(name);
    report.operation(what.scenario->path, name, conform::compare(*operation, model.operation));
  }
  for (const conform::Operation& operation : record.operations) {
    if (!told.contains(operation.name)) report.no_scenario(operation.name);
  }
  report.finish();
  return report.good() ? ExitStatus::ok : ExitStatus::failed;
}

}  // namespace

ExitStatus conform_scenarios(Session& session) {
  const FoundFiles found = find_scenarios(session.options.files);
  for (const std::string& path : found.missing) {
    session.err.print("shootdown: there is no {}\n", path);
  }
  if (!found.missing.empty()) return ExitStatus::misuse;
  std::vector<conform::Record> records;
  for (const std::string& path : session.options.against) {
    std::optional<conform::Record> record = load_record(session, path);
    if (!record) return ExitStatus::misuse;
    records.push_back(std::move(*record));
  }
  ExitStatus status = ExitStatus::ok;
  for (const conform::Record& record : records) {
    const ExitStatus own = hold_against(session, found.scenarios, record);
    if (own == ExitStatus::misuse) return own;
    status = std::max(status, own);
  }
  return status;
}

}  // namespace cli
