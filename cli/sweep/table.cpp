// SPDX-License-Identifier: Apache-2.0
#include "cli/sweep/table.hpp"

#include <algorithm>

#include "cli/layout.hpp"

namespace cli {
namespace {

constexpr std::size_t gap = 2;

std::vector<std::size_t> widths_of(const Table& table) {
  std::vector<std::size_t> widths;
  for (const std::string& title : table.head) widths.push_back(width_of(title));
  for (const auto& row : table.rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  return widths;
}

// The labels, and the columns from `first` to before `end`.
std::string line_of(const Table& table, const std::vector<std::string>& row,
                    const std::vector<std::size_t>& widths, std::size_t first, std::size_t end) {
  std::string line;
  const auto add = [&](const std::string& cell) {
    line += (line.empty() ? "" : std::string(gap, ' ')) + cell;
  };
  for (std::size_t i = 0; i < table.labels; ++i) add(padded(row[i], widths[i]));
  for (std::size_t i = first; i < end; ++i) add(right_aligned(row[i], widths[i]));
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

std::string escaped(const std::string& cell) {
  std::string text;
  for (const char c : cell) text += c == '|' ? std::string("\\|") : std::string(1, c);
  return text;
}

}  // namespace

std::string table_text(const Table& table) {
  const std::vector<std::size_t> widths = widths_of(table);
  std::size_t labels = 0;
  for (std::size_t i = 0; i < table.labels; ++i) labels += widths[i] + gap;
  std::string text;
  for (std::size_t first = table.labels; first < table.head.size();) {
    std::size_t end = first;
    std::size_t width = labels - gap;
    do {
      width += gap + widths[end++];
    } while (end < table.head.size() && width + gap + widths[end] <= page_width);
    if (!text.empty()) text += "\n";
    text += line_of(table, table.head, widths, first, end);
    for (const auto& row : table.rows) text += line_of(table, row, widths, first, end);
    first = end;
  }
  return text;
}

std::string table_markdown(const Table& table) {
  std::string text;
  const auto add = [&](const std::vector<std::string>& row) {
    text += "|";
    for (const std::string& cell : row) text += " " + escaped(cell) + " |";
    text += "\n";
  };
  add(table.head);
  text += "|";
  for (std::size_t i = 0; i < table.head.size(); ++i) text += i < table.labels ? "---|" : "--:|";
  text += "\n";
  for (const auto& row : table.rows) add(row);
  return text;
}

}  // namespace cli
