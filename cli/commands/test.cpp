// SPDX-License-Identifier: Apache-2.0
// test DIR|FILE...: each scenario is a test. Prints KTAP version 1
// (Documentation/dev-tools/ktap.rst of Linux), and JUnit XML on request.
#include <algorithm>

#include "cli/commands/all.hpp"
#include "cli/interrupt.hpp"
#include "cli/json.hpp"
#include "cli/junit.hpp"
#include "cli/report.hpp"

namespace cli {
namespace {

class Tester {
 public:
  explicit Tester(Session& session)
      : session_(session),
        options_(session.options),
        as_json_(session.options.json || session.options.format == "jsonl"),
        progress_(session.options.progress) {}

  void begin(std::size_t count) {
    if (!as_json_) session_.out.print("KTAP version 1\n1..{}\n", count);
  }

  void run(const std::string& path) {
    TestResult result{.path = path};
    if (!has_scenario_statement(path) && language_accepts(path)) {
      result.status = TestStatus::skipped;
      result.details = "it has no scenario statement\n";
    } else {
      run_scenario(load_scenario(path, options_.choices), result);
    }
    print(result);
    results_.push_back(std::move(result));
  }

  ExitStatus finish() {
    const auto count = [&](TestStatus status) {
      return std::ranges::count(results_, status, &TestResult::status);
    };
    const auto failed = count(TestStatus::failed);
    const auto undecided = count(TestStatus::undecided);
    if (!as_json_) {
      session_.out.print("# Totals: pass:{} fail:{} skip:{}\n", count(TestStatus::passed),
                         failed + undecided, count(TestStatus::skipped));
    }
    if (!write_junit()) return ExitStatus::misuse;
    if (interrupted()) return ExitStatus::interrupted;
    if (failed > 0) return ExitStatus::failed;
    if (undecided > 0) return ExitStatus::undecided;
    return count(TestStatus::passed) == 0 ? ExitStatus::skipped : ExitStatus::ok;
  }

 private:
  // A text in which nothing is wrong, and which is there for others to import.
  static bool language_accepts(const std::string& path) {
    return !language::has_errors(load_scenario(path, {}).loaded.problems);
  }

  void run_scenario(const Scenario& scenario, TestResult& result) {
    if (scenario.broken()) {
      result.status = TestStatus::failed;
      result.details = scenario.problems();
      if (as_json_) {
        const Json json = {{"file", result.path}, {"problems", result.details}};
        session_.out.print("{}\n", to_text(json));
      }
      return;
    }
    for (const Case& what : cases_of({&scenario, 1})) {
      const Outcome outcome = cli::run(what, options_, progress_, nullptr);
      if (as_json_) session_.out.print("{}\n", to_text(json_of(what, outcome, options_)));
      note(what, outcome, result);
      if (interrupted()) break;
    }
  }

  void note(const Case& what, const Outcome& outcome, TestResult& result) {
    if (outcome.judgement == Judgement::pass) return;
    const bool failed = outcome.judgement == Judgement::fail;
    if (failed) result.status = TestStatus::failed;
    if (result.status == TestStatus::passed) result.status = TestStatus::undecided;
    Output details(result.details);
    if (!failed) details.write("undecided\n");
    write_heading(details, what, options_, mode_text(*what.cell, options_));
    write_result(details, what, outcome, options_);
    write_failures(details, what, outcome, options_);
  }

  void print(const TestResult& result) {
    if (as_json_) return;
    const bool good = result.status == TestStatus::passed || result.status == TestStatus::skipped;
    const std::string word =
        session_.out.styled(good ? Style::good : Style::bad, good ? "ok" : "not ok");
    const std::string_view skip =
        result.status == TestStatus::skipped ? " # SKIP no scenario statement" : "";
    session_.out.print("{} {} {}{}\n", word, results_.size() + 1, result.path, skip);
    if (good) return;
    std::string_view left = result.details;
    while (!left.empty()) {
      const std::size_t end = std::min(left.find('\n'), left.size());
      session_.out.print("#{}{}\n", end == 0 ? "" : " ", left.substr(0, end));
      left.remove_prefix(std::min(end + 1, left.size()));
    }
  }

  bool write_junit() {
    if (options_.junit.empty()) return true;
    Output file(stderr);
    if (file.redirect(options_.junit)) {
      file.write(junit_text(results_));
      if (file.commit()) return true;
    }
    session_.err.print("shootdown: {} could not be written\n", options_.junit);
    return false;
  }

  Session& session_;
  const Options& options_;
  bool as_json_;
  Progress progress_;
  std::vector<TestResult> results_;
};

}  // namespace

ExitStatus test_scenarios(Session& session) {
  const FoundFiles found = find_scenarios(session.options.files);
  for (const std::string& place : found.missing) {
    session.err.print("shootdown: there is no file or folder '{}'\n", place);
  }
  if (!found.missing.empty()) return ExitStatus::misuse;
  if (found.scenarios.empty()) {
    session.err.print("shootdown: there is no scenario\n");
    return ExitStatus::misuse;
  }
  Tester tester(session);
  tester.begin(found.scenarios.size());
  for (const std::string& path : found.scenarios) {
    tester.run(path);
    if (interrupted()) break;
  }
  return tester.finish();
}

}  // namespace cli
