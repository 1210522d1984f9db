// SPDX-License-Identifier: Apache-2.0
// The model against the records of real kernels, as `shootdown conform` holds it: nothing differs
// but what docs/conformance.md says and explains.
#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>

#include "cli/conform/comparison.hpp"
#include "cli/conform/record.hpp"
#include "cli/conform/recording.hpp"
#include "model/kernel.hpp"
#include "tests/cli/support.hpp"

namespace {

using cli::testing::program;
using cli::testing::Said;

struct Held {
  std::set<std::string> differing;  // "7.3 ksm 1"
  double share = 0;                 // Of the steps that are the same at each boot.
  std::size_t steps = 0;
  std::size_t without_scenario = 0;
};

Held hold_against(const std::string& version) {
  const Said said = program({"conform", "scenarios/linux", "--against",
                             "tests/linux/linux-" + version + ".jsonl", "--json"});
  Held held;
  std::istringstream lines(said.out);
  for (std::string line; std::getline(lines, line);) {
    const auto told = nlohmann::json::parse(line);
    if (told.contains("operations")) {
      held.steps = told.at("steps");
      held.share = told.at("agree").get<double>() / static_cast<double>(held.steps);
      held.without_scenario = told.at("without_scenario").size();
    } else if (told.at("stable") && told.at("result") != "agrees") {
      held.differing.insert(version + " " + told.at("operation").get<std::string>() + " " +
                            std::to_string(told.at("step").get<int>()));
    }
  }
  return held;
}

// The rows of the table in docs/conformance.md: | 7.3 | ksm | 1 | why |
std::set<std::string> explained(const std::string& version) {
  std::ifstream page("docs/conformance.md");
  std::set<std::string> rows;
  for (std::string line; std::getline(page, line);) {
    std::istringstream cells(line);
    std::string bar;
    std::string kernel;
    std::string operation;
    std::string step;
    if (!(cells >> bar >> kernel >> bar >> operation >> bar >> step) || kernel != version) continue;
    rows.insert(kernel + " " + operation + " " + step);
  }
  return rows;
}

// What conforms to what, with a switch of the kernel turned over.
class Kernel {
 public:
  explicit Kernel(std::string_view version) {
    language::Choices choices;
    choices.kernel = version;
    scenarios_ = cli::load_scenarios(cli::find_scenarios({"scenarios/linux"}).scenarios, choices);
    const std::string path = "tests/linux/linux-" + std::string(version) + ".jsonl";
    record_ = cli::conform::read_record(path, cli::read_file(path).value()).record;
  }

  void turn(const model::KernelSwitch& named) {
    for (cli::Scenario& scenario : scenarios_) {
      for (language::Cell& cell : scenario.loaded.cells) {
        bool& value = cell.setup->switches.*named.member;
        value = !value;
      }
    }
  }

  // Callbacks and flushes of which nobody knows in which function of the kernel they happen.
  std::set<std::string> homeless() const {
    std::set<std::string> steps;
    for (const cli::Case& what : cli::cases_of(scenarios_)) {
      const auto model = cli::conform::record_model(what, 1, 100'000).operation;
      for (const auto& step : model.steps) {
        for (const auto& event : step.events) {
          const bool freed = event.what == cli::conform::Callback::page_free;
          if (!freed && event.within.empty()) steps.insert(what.setup().name + " " + step.text);
        }
      }
    }
    return steps;
  }

  std::set<std::string> differing() const {
    std::set<std::string> steps;
    for (const cli::Case& what : cli::cases_of(scenarios_)) {
      for (const cli::conform::Operation& operation : record_.operations) {
        if (operation.name != what.setup().name) continue;
        const auto model = cli::conform::record_model(what, 1, 100'000).operation;
        for (const auto& step : cli::conform::compare(operation, model)) {
          if (step.agreement == cli::conform::Agreement::agrees) continue;
          steps.insert(operation.name + " " + std::to_string(step.number));
        }
      }
    }
    return steps;
  }

 private:
  std::vector<cli::Scenario> scenarios_;
  cli::conform::Record record_;
};

// Those that no operation of the shipped records depends on, and the order of frees, which is not
// compared.
const std::set<std::string_view> unseen{
    "aging_asks",         "close_evicts",      "mirror_holes_read_only",
    "collapse_read_only", "exclusive_refuses", "exclusive_waits",
    "flush_at_once",      "force_write",       "free_in_order",
    "gather_advice",      "migrate_splits",    "move_by_range",
    "mremap_several",     "pin_breaks_early",  "protect_by_pud",
    "remove_read_only",   "retract_unlocked",  "self_advice",
    "uffd_moves",         "unmap_exclusive",   "unmap_splits",
    "unsplit_poison",     "whole_large",       "zero_huge_hole"};

}  // namespace

TEST_CASE("each callback says in which function of the kernel it happens") {
  for (const std::string_view version : model::kernel_versions) {
    CHECK(Kernel(version).homeless() == std::set<std::string>{});
  }
}

TEST_CASE("no switch in which kernels differ can be turned over without a record that tells") {
  std::set<std::string_view> told;
  for (const std::string_view version : model::kernel_versions) {
    Kernel kernel(version);
    const std::set<std::string> before = kernel.differing();
    for (const model::KernelSwitch& named : model::kernel_switches()) {
      if (named.guards || told.contains(named.name)) continue;
      kernel.turn(named);
      const std::set<std::string> after = kernel.differing();
      kernel.turn(named);
      if (!std::ranges::includes(before, after)) told.insert(named.name);
    }
  }
  for (const model::KernelSwitch& named : model::kernel_switches()) {
    if (named.guards) continue;
    CAPTURE(named.name);
    CHECK(told.contains(named.name) != unseen.contains(named.name));
  }
}

TEST_CASE("each recorded kernel does what the model does, but for what is explained") {
  for (const std::string version : {"6.1", "6.12", "7.3"}) {
    CAPTURE(version);
    const Held held = hold_against(version);
    CHECK(held.steps > 250);
    CHECK(held.share >= 0.98);
    CHECK(held.without_scenario == 0);
    std::string differing;
    for (const std::string& step : held.differing) differing += step + "\n";
    std::string known;
    for (const std::string& step : explained(version)) known += step + "\n";
    CHECK(differing == known);
  }
}
