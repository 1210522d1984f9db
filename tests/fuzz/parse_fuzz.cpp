// SPDX-License-Identifier: Apache-2.0
// Any bytes as a scenario: parsed, checked and laid out. Whatever they are, nothing crashes, each
// problem has a place in the text, and what is laid out without problems parses to the same tree
// and is laid out the same way.
#include <cstddef>
#include <cstdint>
#include <string>

#include "scenarios/language/check.hpp"
#include "scenarios/language/evaluate.hpp"
#include "scenarios/language/format.hpp"
#include "scenarios/language/json.hpp"
#include "scenarios/language/model_words.hpp"
#include "scenarios/language/parse.hpp"
#include "sim/check.hpp"

namespace {

constexpr std::size_t combinations_max = 100;

// Imports find one small machine, and the text itself.
language::Sources sources_of(const std::string& text) {
  return language::Sources([text](const std::string& path) -> std::optional<std::string> {
    if (path == "t.sd" || path == "u.sd") return text;
    if (path == "m.sd") {
      return "host A { device rnic0: rnic }\nhost B { device rnic0: rnic }\n"
             "process app on A { region buf: anon 4 pages }\nprocess peer on B\n";
    }
    return std::nullopt;
  });
}

void require_places(const language::Sources& sources, const language::Problems& problems) {
  for (const language::Problem& problem : problems) {
    sim::check(!problem.message.empty());
    sim::check(problem.span.source.value < sources.size());
    sim::check(problem.span.end() <= sources.at(problem.span.source).text.size());
    for (const language::Note& note : problem.notes) {
      sim::check(note.span.end() <= sources.at(note.span.source).text.size());
    }
  }
  language::render(sources, problems);
}

void check_layout(const std::string& text) {
  language::Sources sources = sources_of(text);
  const language::Formatted once = language::format_file(sources, "t.sd");
  require_places(sources, once.problems);
  if (language::has_errors(once.problems)) return;
  language::Sources formatted = sources_of(once.text);
  const language::Formatted twice = language::format_file(formatted, "t.sd");
  sim::check(!language::has_errors(twice.problems));
  sim::check(once.text == twice.text);
  const language::ParsedFile before = language::parse_file(sources, {0});
  const language::ParsedFile after = language::parse_file(formatted, {0});
  sim::check(language::to_json(before.file) == language::to_json(after.file));
  sim::check(before.file.comments.size() == after.file.comments.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  language::Sources sources = sources_of(text);
  language::Parsed parsed = language::parse(sources, "t.sd");
  require_places(sources, parsed.problems);
  for (const language::File& file : parsed.script.files) {
    language::to_json(file, &sources.at(file.source));
  }
  const language::Checked checked =
      language::check(std::move(parsed.script), language::full_vocabulary());
  require_places(sources, checked.problems);
  language::combinations(checked, combinations_max);
  check_layout(text);
  return 0;
}
