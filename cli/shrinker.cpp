// SPDX-License-Identifier: Apache-2.0
#include "cli/shrinker.hpp"

#include <algorithm>

#include "cli/names.hpp"
#include "scenarios/language/format.hpp"
#include "scenarios/language/parse.hpp"
#include "scenarios/language/reduction.hpp"

namespace cli {
namespace {

using language::Edit;
using language::Part;

constexpr std::uint64_t states_max = 200'000;  // Of one try.
constexpr std::uint64_t runs_max = 256;        // By lot, where that is not enough.

struct Parsed {
  language::Sources sources;
  language::ParsedFile file;

  explicit Parsed(const std::string& text)
      : sources([](const std::string&) { return std::nullopt; }),
        file(language::parse_file(sources, sources.add("shrunk.sd", text))) {}
  const language::Source& source() const { return sources.at(file.file.source); }
};

}  // namespace

std::string laid_out(const std::string& text) {
  const Parsed parsed(text);
  if (language::has_errors(parsed.file.problems)) return {};
  return language::format(parsed.source(), parsed.file.file);
}

const model::ClaimResult* result_of(const Case& what, const Outcome& outcome,
                                    const std::string& claim) {
  for (const model::ClaimResult& result : outcome.verdict.claims) {
    if (full_text(what.setup().claims[result.claim]) == claim) return &result;
  }
  return nullptr;
}

Shrinker::Shrinker(const Options& options, std::string path, std::string claim)
    : options_(options), path_(std::move(path)), claim_(std::move(claim)) {
  const bool tighter = options_.limits.states == 0 || options_.limits.states > states_max;
  if (tighter) options_.limits.states = states_max;
}

std::optional<Scenario> Shrinker::load(const std::string& text) const {
  const auto read = [&](const std::string& path) {
    return path == path_ ? std::optional<std::string>(text) : read_file(path);
  };
  Scenario scenario{
      .path = path_, .sources = std::make_unique<language::Sources>(read), .loaded = {}};
  scenario.loaded = language::load(*scenario.sources, path_, options_.choices);
  if (scenario.broken() || scenario.loaded.cells.empty()) return std::nullopt;
  return scenario;
}

bool Shrinker::fails(const std::string& text) {
  ++tried_;
  std::optional<Scenario> scenario = load(text);
  if (!scenario) return false;
  language::Cell& cell = scenario->loaded.cells.front();
  const Case what{.scenario = &*scenario, .cell = &cell};
  Progress progress(ProgressStyle::none);
  for (const auto mode : {language::RunMode::explore, language::RunMode::random}) {
    cell.mode = mode;
    cell.runs = runs_max;
    const Outcome outcome = run(what, options_, progress, nullptr);
    const model::ClaimResult* result = result_of(what, outcome, claim_);
    if (result == nullptr) return false;
    if (!result->holds) return result->has_example;
    if (outcome.complete()) return false;
  }
  return false;
}

// One pass over what can be left out of this part. True: something was.
bool Shrinker::shrink_part(std::string& text, std::uint8_t part) {
  bool smaller = false;
  std::size_t chunk = std::string::npos;
  std::size_t first = 0;
  for (;;) {
    const Parsed parsed(text);
    const std::vector<Edit> edits = language::reductions(parsed.file.file, static_cast<Part>(part));
    if (chunk == std::string::npos) chunk = edits.size();
    if (first >= edits.size()) {
      if (chunk <= 1) return smaller;
      chunk = (chunk + 1) / 2;
      first = 0;
      continue;
    }
    const auto begin = edits.begin() + static_cast<std::ptrdiff_t>(first);
    const auto count = std::min(chunk, edits.size() - first);
    const std::string candidate =
        language::edited(parsed.source(), {begin, begin + static_cast<std::ptrdiff_t>(count)});
    if (fails(candidate)) {
      text = candidate;
      smaller = true;
    } else {
      first += count;
    }
  }
}

std::string Shrinker::shrink(std::string text) {
  for (bool smaller = true; smaller;) {
    smaller = false;
    for (const Part part : {Part::statements, Part::lines, Part::sizes}) {
      smaller = shrink_part(text, static_cast<std::uint8_t>(part)) || smaller;
    }
  }
  return text;
}

}  // namespace cli
