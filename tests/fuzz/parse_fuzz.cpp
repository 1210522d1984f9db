// SPDX-License-Identifier: Apache-2.0
// Any bytes at all are a scenario, if perhaps a broken one: reading, checking and formatting it
// neither crash nor point outside the text, and what is formatted is read again as the same.
// A byte 0 between two texts makes the second the file "other.sd", which the first may import.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "scenarios/language/check.hpp"
#include "scenarios/language/format.hpp"
#include "scenarios/language/json.hpp"
#include "scenarios/language/model_words.hpp"
#include "scenarios/language/parse.hpp"
#include "sim/check.hpp"

namespace {

using language::Sources;

void check_span(const Sources& sources, language::Span span) {
  check(span.source.value < sources.size());
  check(span.end() >= span.offset);
  check(span.end() <= sources.at(span.source).text.size());
}

void check_problems(const Sources& sources, const language::Problems& problems) {
  for (const language::Problem& problem : problems) {
    check(!problem.message.empty());
    check_span(sources, problem.span);
    for (const language::Note& note : problem.notes) check_span(sources, note.span);
  }
  check(render(sources, problems).empty() == problems.empty());
}

void check_all(Sources& sources) {
  language::Parsed parsed = language::parse(sources, "main.sd");
  check_problems(sources, parsed.problems);
  const language::Checked checked =
      language::check(std::move(parsed.script), language::full_vocabulary());
  check_problems(sources, checked.problems);
}

void check_format(Sources& sources) {
  const language::Formatted once = language::format_file(sources, "main.sd");
  check_problems(sources, once.problems);
  if (language::has_errors(once.problems)) return;
  const language::SourceId id = sources.add("formatted", once.text);
  const language::ParsedFile again = language::parse_file(sources, id);
  check(!language::has_errors(again.problems));
  check(language::format(sources.at(id), again.file) == once.text);
  const language::ParsedFile first = language::parse_file(sources, language::SourceId{0});
  check(language::to_json(first.file) == language::to_json(again.file));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string text(data, data + size);
  std::string other;
  if (const std::size_t zero = text.find('\0'); zero != std::string::npos) {
    other = text.substr(zero + 1);
    text.resize(zero);
  }
  Sources sources([&](const std::string& path) -> std::optional<std::string> {
    if (path == "main.sd") return text;
    if (path == "other.sd") return other;
    return std::nullopt;
  });
  check_all(sources);
  check_format(sources);
  return 0;
}
