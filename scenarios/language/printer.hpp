// SPDX-License-Identifier: Apache-2.0
// Collects the lines of a formatted file and puts the source's comments and blank lines among
// them. Whoever prints goes through the tree in the order of the text.
// Invariant: all comments before `done_` are printed. Private to the formatter.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/language/ast.hpp"
#include "scenarios/language/layout.hpp"
#include "scenarios/language/source.hpp"

namespace language {

class Printer {
 public:
  Printer(const Source& source, const std::vector<Comment>& comments)
      : source_(source), comments_(comments) {}

  // One line for what the span covers.
  void line(Span span, std::vector<std::string> cells);
  // The same, aligned with its neighbours of that kind; a blank line or a comment separates.
  void aligned(Span span, std::string_view kind, std::vector<std::string> cells);
  // The same, aligned with all lines of the group.
  void grouped(Span span, Group group, std::size_t gap, std::vector<std::string> cells);
  Group new_group() { return {++groups_}; }

  // "text {", what `inside` prints, and "}".
  template <class Inside>
  void block(Span whole, Span braces, const std::string& text, Inside inside) {
    open(whole, braces, text);
    inside();
    close(braces);
  }

  // Whether the source has that block on one line, without comments.
  bool on_one_line(Span braces) const;
  // Whether a line of that many characters fits here.
  bool fits(std::size_t width) const { return level_ * indent_width + width <= width_max; }

  std::string finish();

 private:
  void open(Span whole, Span braces, const std::string& text);
  void close(Span braces);
  void print_comments(std::uint32_t before);
  void print_comment(Span span);
  void own_line_comment(Span span, std::string_view text);
  bool same_line(std::uint32_t first, std::uint32_t second) const;
  bool blank_between(std::uint32_t first, std::uint32_t second) const;
  Line& add(std::uint32_t offset, std::vector<std::string> cells);

  const Source& source_;
  const std::vector<Comment>& comments_;
  std::vector<Line> lines_;
  std::size_t next_comment_ = 0;
  std::uint32_t done_ = 0;  // Offset in the source.
  std::size_t level_ = 0;
  bool block_just_opened_ = false;
  std::uint32_t groups_ = 0;
  std::string last_kind_;  // Of the last line, if it was aligned.
};

}  // namespace language
