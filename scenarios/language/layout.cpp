// SPDX-License-Identifier: Apache-2.0
#include "scenarios/language/layout.hpp"

#include <algorithm>
#include <map>

#include "scenarios/language/utf8.hpp"

namespace language {
namespace {

constexpr std::size_t column_max = 48;          // A longer cell is not waited for by others.
constexpr std::size_t comment_column_max = 72;  // Nor is a longer line by comments.

using Widths = std::vector<std::size_t>;

bool is_last(const Line& line, std::size_t cell) {
  return std::all_of(line.cells.begin() + static_cast<std::ptrdiff_t>(cell) + 1, line.cells.end(),
                     [](const std::string& text) { return text.empty(); });
}

// The width of each column of each group: that of its widest cell with another after it.
std::map<Group, Widths> measure(const std::vector<Line>& lines) {
  std::map<Group, Widths> widths;
  for (const Line& line : lines) {
    if (line.group == Group{}) continue;
    Widths& known = widths[line.group];
    known.resize(std::max(known.size(), line.cells.size()));
    for (std::size_t i = 0; i < line.cells.size() && !is_last(line, i); ++i) {
      const std::size_t width = count_characters(line.cells[i]);
      if (width <= column_max) known[i] = std::max(known[i], width);
    }
  }
  return widths;
}

struct Assembled {
  std::string text;
  std::size_t hang = 0;  // Where the second cell begins: lists are continued below it.
};

Assembled assemble(const Line& line, const Widths* widths) {
  std::string text(line.level * indent_width, ' ');
  std::size_t hang = (line.level + 2) * indent_width;
  for (std::size_t i = 0; i < line.cells.size(); ++i) {
    if (i == 1) hang = count_characters(text);
    text += line.cells[i];
    if (is_last(line, i)) break;
    const std::size_t width = count_characters(line.cells[i]);
    const std::size_t wanted = widths != nullptr ? (*widths)[i] : 0;
    if (wanted > width) text.append(wanted - width, ' ');
    if (wanted > 0 || width > 0) text.append(line.gap, ' ');
  }
  return {std::move(text), hang <= width_max / 2 ? hang : (line.level + 2) * indent_width};
}

struct Break {             // A place where a line may be continued.
  std::size_t end = 0;     // Of what stays on the line.
  std::size_t at = 0;      // Where the next line begins.
  std::size_t indent = 0;  // Of the next line: inside the outermost bracket.
  std::size_t depth = 0;   // In brackets.
};

// Between flags: PROT_READ|PROT_WRITE.
bool joins_flags(const std::string& text, std::size_t i) {
  const auto apart = [](char c) { return c == ' ' || c == '|'; };
  return text[i] == '|' && i > 0 && !apart(text[i - 1]) && !apart(text[i + 1]);
}

// After a comma, inside brackets after an operator or, if nothing else will do, a flag, and after a
// bracket that opens a group; but not inside strings.
std::vector<Break> find_breaks(const std::string& text, std::size_t hang) {
  std::vector<Break> breaks;
  std::vector<std::size_t> open;
  bool quoted = false;
  for (std::size_t i = 0; i + 1 < text.size(); ++i) {
    const char c = text[i];
    const bool after_space = i > 0 && text[i - 1] == ' ';
    if (quoted) {
      if (c == '\\') ++i;
      quoted = c != '"';
    } else if (c == '"') {
      quoted = true;
    } else if (c == '(' || c == '[') {
      if (c == '(' && after_space && open.empty()) {
        breaks.push_back({.end = i + 1, .at = i + 1, .indent = hang, .depth = 0});
      }
      open.push_back(i + 1);
    } else if ((c == ')' || c == ']') && !open.empty()) {
      open.pop_back();
    }
    if (!quoted && !open.empty() && joins_flags(text, i)) {
      breaks.push_back(
          {.end = i + 1, .at = i + 1, .indent = open.front(), .depth = open.size() + 1});
    }
    const bool operation = i > 0 && (c == '&' || c == '|') && text[i - 1] == c;
    if (quoted || text[i + 1] != ' ' || (c != ',' && (!operation || open.empty()))) continue;
    const std::size_t indent = open.empty() ? hang : open.front();
    breaks.push_back({.end = i + 1, .at = i + 2, .indent = indent, .depth = open.size()});
  }
  return breaks;
}

// The line in pieces: each as long as fits, but for what holds less together.
std::string wrap(const std::string& text, std::size_t hang) {
  std::string result;
  std::size_t begin = 0;
  std::size_t indent = 0;
  const std::vector<Break> breaks = find_breaks(text, hang);
  while (indent + count_characters(text.substr(begin)) > width_max) {
    const Break* best = nullptr;
    for (const Break& next : breaks) {
      if (next.end <= begin || next.at == begin) continue;
      const bool fits =
          indent + count_characters(text.substr(begin, next.end - begin)) <= width_max;
      if (best != nullptr && (!fits || next.depth > best->depth)) continue;
      best = &next;
    }
    if (best == nullptr) break;
    result += std::string(begin > 0 ? indent : 0, ' ');
    result += text.substr(begin, best->end - begin) + "\n";
    begin = best->at;
    indent = best->indent <= width_max / 2 ? best->indent : hang;
  }
  return result + std::string(begin > 0 ? indent : 0, ' ') + text.substr(begin);
}

std::size_t last_width(const std::string& text) {
  const std::size_t start = text.rfind('\n');
  return count_characters(start == std::string::npos ? text : text.substr(start + 1));
}

// Whether the comment of `line` stands under that of the line before it.
bool continues_comments(const Line& before, const Line& line) {
  return !before.comment.empty() && !line.comment.empty() && !line.blank_before &&
         before.level == line.level && before.comment.find('\n') == std::string::npos;
}

// The column of the comments of the run of lines that begins at `first`; its end goes to `end`.
std::size_t comment_column(const std::vector<Line>& lines, const std::vector<std::string>& texts,
                           std::size_t first, std::size_t& end) {
  std::size_t column = 0;
  for (end = first; end < lines.size(); ++end) {
    if (end > first && !continues_comments(lines[end - 1], lines[end])) break;
    const std::size_t width = last_width(texts[end]);
    if (width <= comment_column_max) column = std::max(column, width);
  }
  return column;
}

}  // namespace

std::string lay_out(const std::vector<Line>& lines) {
  const std::map<Group, Widths> widths = measure(lines);
  std::vector<std::string> texts;
  for (const Line& line : lines) {
    const auto known = widths.find(line.group);
    Assembled whole = assemble(line, known == widths.end() ? nullptr : &known->second);
    texts.push_back(line.verbatim ? std::move(whole.text) : wrap(whole.text, whole.hang));
  }
  std::string result;
  std::size_t run_end = 0;
  std::size_t column = 0;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].blank_before && i > 0) result += '\n';
    result += texts[i];
    if (!lines[i].comment.empty()) {
      if (i >= run_end) column = comment_column(lines, texts, i, run_end);
      const std::size_t width = last_width(texts[i]);
      result.append(std::max(column, width) - width + 2, ' ');
      result += lines[i].comment;
    }
    result += '\n';
  }
  return result;
}

}  // namespace language
