// SPDX-License-Identifier: Apache-2.0
// What is wrong with the user's text, and how it is shown.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "scenarios/language/source.hpp"
#include "scenarios/language/span.hpp"

namespace language {

enum class Severity : std::uint8_t { error, warning };

struct Note {
  Span span;
  std::string message;
};

struct Problem {
  Severity severity = Severity::error;
  Span span = {};
  std::string message = {};
  std::optional<std::string> suggestion = {};  // The text that would replace the span.
  std::vector<Note> notes = {};
};

using Problems = std::vector<Problem>;

bool has_errors(const Problems& problems);

// In order of place, each said once.
void sort_problems(Problems& problems);

// The first line of what is marked, and the marker below it.
std::string excerpt(const Source& source, Span span);

// file:line:column, message, the line and a marker; after `limit` of them only how many are left.
std::string render(const Sources& sources, const Problems& problems, std::size_t limit = 20);

}  // namespace language
