// SPDX-License-Identifier: Apache-2.0
#include "scenarios/language/printer.hpp"

#include <algorithm>

namespace language {
namespace {

std::string_view trimmed_right(std::string_view text) {
  const std::size_t last = text.find_last_not_of(" \t\r\n\v\f");
  return text.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = std::min(text.find_first_not_of(" \t"), text.size());
  return trimmed_right(text.substr(first));
}

std::vector<std::string_view> split_lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (true) {
    const std::size_t end = text.find('\n');
    lines.push_back(trimmed_right(text.substr(0, end)));
    if (end == std::string_view::npos) return lines;
    text.remove_prefix(end + 1);
  }
}

std::string clean(std::string_view text) {
  std::string result;
  for (const std::string_view line : split_lines(text)) {
    if (!result.empty()) result += '\n';
    result += line;
  }
  return result;
}

}  // namespace

bool Printer::same_line(std::uint32_t first, std::uint32_t second) const {
  return source_.line_of(first) == source_.line_of(second);
}

bool Printer::blank_between(std::uint32_t first, std::uint32_t second) const {
  return source_.line_of(second) > source_.line_of(first) + 1;
}

Line& Printer::add(std::uint32_t offset, std::vector<std::string> cells) {
  Line line;
  line.level = level_;
  line.blank_before = !lines_.empty() && !block_just_opened_ && blank_between(done_, offset);
  line.cells = std::move(cells);
  lines_.push_back(std::move(line));
  block_just_opened_ = false;
  return lines_.back();
}

void Printer::own_line_comment(Span span, std::string_view text) {
  const std::vector<std::string_view> parts = split_lines(text);
  // " * like this": moves with its first line. Anything else stays where it is.
  const bool starred = std::all_of(parts.begin() + 1, parts.end(), [](std::string_view part) {
    return trimmed(part).starts_with('*');
  });
  std::string laid_out(parts[0]);
  for (std::size_t i = 1; i < parts.size(); ++i) {
    laid_out += '\n';
    laid_out += starred
                    ? std::string(level_ * indent_width + 1, ' ') + std::string(trimmed(parts[i]))
                    : std::string(parts[i]);
  }
  add(span.offset, {std::move(laid_out)}).verbatim = true;
  last_kind_.clear();
}

void Printer::print_comment(Span span) {
  const std::string_view text = source_.text_of(span);
  Line* last = lines_.empty() ? nullptr : &lines_.back();
  const bool inside = span.offset < done_;  // Of a statement that was printed.
  const bool beside = last != nullptr && (inside || same_line(done_, span.offset));
  const std::string& ending = last == nullptr         ? std::string()
                              : last->comment.empty() ? last->cells.back()
                                                      : last->comment;
  const bool line_ended = last != nullptr && (last->verbatim || !last->comment.empty()) &&
                          ending.substr(ending.rfind('\n') + 1).find("//") != std::string::npos;
  if (beside && !line_ended) {
    std::string& comment = last->verbatim ? last->cells.back() : last->comment;
    if (!comment.empty()) comment += ' ';
    comment += clean(text);
  } else {
    own_line_comment(inside ? Span{span.source, done_, 0} : span, text);
  }
  done_ = std::max(done_, span.end());
}

void Printer::print_comments(std::uint32_t before) {
  while (next_comment_ < comments_.size() && comments_[next_comment_].span.offset < before) {
    print_comment(comments_[next_comment_++].span);
  }
}

void Printer::line(Span span, std::vector<std::string> cells) {
  print_comments(span.offset);
  add(span.offset, std::move(cells));
  done_ = span.end();
  last_kind_.clear();
}

void Printer::aligned(Span span, std::string_view kind, std::vector<std::string> cells) {
  print_comments(span.offset);
  const bool follows = last_kind_ == kind && !lines_.empty() && lines_.back().level == level_;
  const Group before = follows ? lines_.back().group : Group{};
  Line& line = add(span.offset, std::move(cells));
  line.group = follows && !line.blank_before ? before : new_group();
  done_ = span.end();
  last_kind_ = kind;
}

void Printer::grouped(Span span, Group group, std::size_t gap, std::vector<std::string> cells) {
  line(span, std::move(cells));
  lines_.back().group = group;
  lines_.back().gap = gap;
}

bool Printer::on_one_line(Span braces) const {
  if (!same_line(braces.offset, braces.end() - 1)) return false;
  return std::ranges::none_of(comments_, [&](const Comment& comment) {
    return comment.span.offset >= braces.offset && comment.span.offset < braces.end();
  });
}

void Printer::open(Span whole, Span braces, const std::string& text) {
  line(whole, {text + " {"});
  done_ = braces.offset + 1;
  block_just_opened_ = true;
  ++level_;
}

void Printer::close(Span braces) {
  const bool nothing = block_just_opened_ && (next_comment_ == comments_.size() ||
                                              comments_[next_comment_].span.offset > braces.end());
  print_comments(braces.end() - 1);
  --level_;
  block_just_opened_ = false;
  last_kind_.clear();
  if (nothing) {
    lines_.back().cells.back() += "}";
  } else {
    add(done_, {"}"});
  }
  done_ = braces.end();
}

std::string Printer::finish() {
  print_comments(static_cast<std::uint32_t>(source_.text.size()) + 1);
  return lay_out(lines_);
}

}  // namespace language
