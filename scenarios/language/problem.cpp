// SPDX-License-Identifier: Apache-2.0
#include "scenarios/language/problem.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "scenarios/language/utf8.hpp"

namespace language {
namespace {

// The spaces before the marker: as wide as the text before it, tabs kept.
std::string indent_under(std::string_view before) {
  std::string result;
  for (std::size_t i = 0; i < before.size(); i += character_length(before.substr(i))) {
    result.push_back(before[i] == '\t' ? '\t' : ' ');
  }
  return result;
}

std::string render_note(const Sources& sources, const Note& note, SourceId here) {
  const Source& source = sources.at(note.span.source);
  const std::string path = note.span.source == here ? "" : source.path;
  return fmt::format(" {}:{}: note: {}\n", path, source.position(note.span.offset).line,
                     note.message);
}

std::string render_one(const Sources& sources, const Problem& problem) {
  const Source& source = sources.at(problem.span.source);
  const Position position = source.position(problem.span.offset);
  const char* severity = problem.severity == Severity::error ? "error" : "warning";
  std::string text = fmt::format("{}:{}:{}: {}: {}\n", source.path, position.line, position.column,
                                 severity, problem.message);
  text += excerpt(source, problem.span);
  for (const Note& note : problem.notes) text += render_note(sources, note, problem.span.source);
  return text;
}

}  // namespace

std::string excerpt(const Source& source, Span span) {
  const Position position = source.position(span.offset);
  const std::string_view line = source.line_text(position.line);
  const std::size_t begin =
      std::min<std::size_t>(span.offset - source.line_starts[position.line - 1], line.size());
  const std::string_view marked = line.substr(begin, span.length);
  const std::size_t width = count_characters(marked);
  std::string marker = "^";
  if (width > 1) marker.append(width - 1, '~');
  return fmt::format("{:5} | {}\n      | {}{}\n", position.line, printable(line),
                     indent_under(line.substr(0, begin)), marker);
}

bool has_errors(const Problems& problems) {
  return std::ranges::any_of(
      problems, [](Severity severity) { return severity == Severity::error; }, &Problem::severity);
}

void sort_problems(Problems& problems) {
  const auto key = [](const Problem& problem) {
    return std::tie(problem.span.source, problem.span.offset, problem.message);
  };
  std::ranges::stable_sort(problems, {}, key);
  const auto same = [&](const Problem& a, const Problem& b) { return key(a) == key(b); };
  problems.erase(std::unique(problems.begin(), problems.end(), same), problems.end());
}

std::string render(const Sources& sources, const Problems& problems, std::size_t limit) {
  std::string text;
  const std::size_t shown = std::min(limit, problems.size());
  for (std::size_t i = 0; i < shown; ++i) text += render_one(sources, problems[i]);
  const std::size_t left = problems.size() - shown;
  if (left > 0) text += fmt::format("{} more error{}\n", left, left == 1 ? "" : "s");
  return text;
}

}  // namespace language
