// SPDX-License-Identifier: Apache-2.0
// Lines of text with columns: lines of one group have their cells under each other, comments at
// the ends of neighbouring lines too, and what is too wide is continued inside its brackets.
// Knows nothing of the language but its brackets, strings and operators. Private to the formatter.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace language {

struct Group {  // Lines that are aligned with each other; 0: with none.
  std::uint32_t value = 0;
  auto operator<=>(const Group&) const = default;
};

struct Line {
  std::size_t level = 0;  // Of nesting.
  bool blank_before = false;
  std::vector<std::string> cells = {};
  Group group = {};
  std::size_t gap = 1;       // Spaces between two cells, at least.
  bool verbatim = false;     // A comment of its own, already laid out; may have several lines.
  std::string comment = {};  // At the end.
};

inline constexpr std::size_t indent_width = 4;
inline constexpr std::size_t width_max = 100;

// The lines as text, each with its end of line.
std::string lay_out(const std::vector<Line>& lines);

}  // namespace language
