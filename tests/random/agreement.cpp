// SPDX-License-Identifier: Apache-2.0
#include "tests/random/agreement.hpp"

#include <optional>

#include "model/explore.hpp"
#include "model/world.hpp"
#include "scenarios/language/format.hpp"
#include "scenarios/language/json.hpp"
#include "scenarios/language/lower.hpp"
#include "scenarios/language/parse.hpp"
#include "tests/random/compare.hpp"
#include "tests/random/features.hpp"

namespace random_scenarios {
namespace {

constexpr const char* path = "random.sd";
constexpr std::size_t cells_max = 2;  // Of one scenario; more would be more of the same.

language::Sources sources_of(const std::string& text) {
  return language::Sources([text](const std::string& name) -> std::optional<std::string> {
    if (name != path) return std::nullopt;
    return text;
  });
}

std::string formatted(const std::string& text) {
  language::Sources sources = sources_of(text);
  return language::format_file(sources, path).text;
}

std::string tree_of(const std::string& text) {
  language::Sources sources = sources_of(text);
  const language::SourceId id = sources.add(path, text);
  return language::to_json(language::parse_file(sources, id).file);
}

void compare_report(Comparison& comparison, const sim::ExploreReport& report, Sizes sizes) {
  if (sizes == Sizes::same) comparison.sizes(report);
  comparison.report(report);
  comparison.verdict(model::judge(comparison.setup, report));
}

void compare_cell(const model::Setup& setup, const Limits& limits, Examined& examined) {
  const model::World start(setup, sim::Order::any);
  const sim::ExploreReport plain =
      model::explore(start, {.states_max = limits.states_max, .keep_fingerprints = true});
  if (!plain.complete()) {
    examined.skipped = true;
    return;
  }
  examined.states += plain.states;
  const Naive<model::World> naive(start);
  Comparison comparison{.setup = setup, .start = start, .naive = naive, .found = {}};
  comparison.worlds(plain);
  compare_report(comparison, plain, Sizes::same);
  for (const Variant& variant : variants()) {
    if (variant.states_max != 0 && plain.states > variant.states_max) continue;
    comparison.variant = variant.name;
    const sim::ExploreReport report = model::explore(start, variant.options);
    compare_report(comparison, report, variant.sizes);
  }
  comparison.simulations(plain, limits.seeds);
  for (std::string& each : comparison.found) examined.disagreements.push_back(std::move(each));
  note_results(setup, plain, examined.counts);
}

// The layout is a fixed point, and says the same.
void compare_layout(const std::string& text, const language::Loaded& loaded, Examined& examined) {
  const std::string once = formatted(text);
  if (formatted(once) != once) examined.disagreements.push_back("fmt: not a fixed point");
  if (tree_of(once) != tree_of(text)) examined.disagreements.push_back("fmt: another tree");
  language::Sources sources = sources_of(once);
  const language::Loaded again = language::load(sources, path, {});
  bool same = again.cells.size() == loaded.cells.size();
  for (std::size_t i = 0; same && i < again.cells.size(); ++i) {
    same = same_setup(*again.cells[i].setup, *loaded.cells[i].setup);
  }
  if (!same) examined.disagreements.push_back("fmt: loads to another scenario");
}

}  // namespace

std::vector<Variant> variants() {
  return {{.name = "compare_worlds", .options = {.compare_worlds = true}, .states_max = 400}};
}

Examined examine(const std::string& text, const Limits& limits) {
  Examined examined;
  language::Sources sources = sources_of(text);
  const language::Loaded loaded = language::load(sources, path, {});
  if (loaded.cells.empty()) {
    examined.valid = false;
    examined.counts["problem " + (loaded.problems.empty() ? "" : loaded.problems[0].message)] = 1;
    return examined;
  }
  note_words(text, examined.counts);
  compare_layout(text, loaded, examined);
  for (std::size_t i = 0; i < std::min(loaded.cells.size(), cells_max); ++i) {
    compare_cell(*loaded.cells[i].setup, limits, examined);
  }
  return examined;
}

}  // namespace random_scenarios
