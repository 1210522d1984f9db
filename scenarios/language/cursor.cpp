// SPDX-License-Identifier: Apache-2.0
#include "scenarios/language/cursor.hpp"

#include <fmt/format.h>

#include <utility>

#include "scenarios/language/utf8.hpp"

namespace language {
namespace {
constexpr std::uint32_t depth_max = 64;
constexpr std::size_t quoted_max = 40;  // Longer tokens are cut in messages.
}  // namespace

const Token& Cursor::peek(std::size_t ahead) const {
  const std::size_t index = position_ + ahead;
  return index < tokens_.size() ? tokens_[index] : tokens_.back();
}

const Token& Cursor::take() {
  last_ = position_;
  if (position_ + 1 < tokens_.size()) ++position_;
  if (brackets_ > 0) skip_newlines();
  return tokens_[last_];
}

const Token& Cursor::last() const { return tokens_[last_]; }

bool Cursor::at_word(std::string_view word) const {
  return at(TokenKind::name) && text(peek()) == word;
}

bool Cursor::at_end_of_statement() const {
  return at(TokenKind::newline) || at(TokenKind::semicolon) || at(TokenKind::right_brace) ||
         at(TokenKind::end);
}

bool Cursor::accept(TokenKind kind) {
  if (!at(kind)) return false;
  take();
  return true;
}

bool Cursor::accept_word(std::string_view word) {
  if (!at_word(word)) return false;
  take();
  return true;
}

bool Cursor::accept_comma() {
  if (!accept(TokenKind::comma)) return false;
  skip_newlines();
  return true;
}

bool Cursor::expect(TokenKind kind) {
  if (accept(kind)) return true;
  error_here(fmt::format("'{}'", spelling(kind)));
  return false;
}

Name Cursor::expect_name(std::string_view what) {
  if (at(TokenKind::name)) return name_of(take());
  error_here(what);
  return {"", {peek().span.source, peek().span.offset, 0}};
}

void Cursor::enter_brackets() {
  ++brackets_;
  skip_newlines();
}

void Cursor::leave_brackets(const Token& open, TokenKind closing) {
  --brackets_;
  if (at(closing)) {
    take();
    return;
  }
  const bool same_line = source_.line_of(peek().span.offset) == source_.line_of(last().span.offset);
  position_ = last_ + 1 < tokens_.size() ? last_ + 1 : last_;  // Back before the ends of lines.
  if (same_line && !at_end_of_statement()) {
    error_here(fmt::format("',' or '{}'", spelling(closing)));
  } else {
    error(open.span, fmt::format("'{}' is not closed", text(open)));
  }
}

void Cursor::unclosed(const Token& open) {
  mistake(open.span, fmt::format("'{}' is not closed", text(open)));
  block_unclosed_ = true;
}

bool Cursor::at_line_start() const {
  const std::uint32_t offset = peek().span.offset;
  return source_.position(offset).column == 1;
}

void Cursor::skip_newlines() {
  while (at(TokenKind::newline)) ++position_;
}

void Cursor::error(Span span, std::string message) {
  if (!panicking_) mistake(span, std::move(message));
  panicking_ = true;
}

std::string Cursor::describe(const Token& token) const {
  if (token.kind == TokenKind::newline || token.kind == TokenKind::end) {
    return std::string(spelling(token.kind));
  }
  const std::string shown = printable(text(token).substr(0, quoted_max));
  return token.kind == TokenKind::string ? "a string" : fmt::format("'{}'", shown);
}

void Cursor::error_here(std::string_view expected) {
  const Token& token = peek();
  Span place = token.span;
  if (token.kind == TokenKind::newline || token.kind == TokenKind::end) {
    // Right after what is there; the end of a line is nothing one can see.
    const Span before = tokens_[position_ > 0 ? position_ - 1 : 0].span;
    const bool same_line = source_.line_of(before.offset) == source_.line_of(place.offset);
    place = {place.source, same_line && position_ > 0 ? before.end() : place.offset, 0};
  }
  error(place, fmt::format("expected {}, got {}", expected, describe(token)));
}

void Cursor::mistake(Span span, std::string message, std::optional<std::string> suggestion) {
  if (panicking_) return;
  problems_.push_back(
      {.span = span, .message = std::move(message), .suggestion = std::move(suggestion)});
}

void Cursor::skip_block() {
  std::size_t open = 0;
  do {
    if (at(TokenKind::left_brace)) ++open;
    if (at(TokenKind::right_brace)) --open;
    take();
  } while (open > 0 && !at(TokenKind::end));
}

void Cursor::recover() {
  brackets_ = 0;
  while (!at_end_of_statement()) {
    if (at(TokenKind::left_brace)) {
      skip_block();
    } else {
      take();
    }
  }
  panicking_ = false;
}

void Cursor::end_statement() {
  if (std::exchange(block_unclosed_, false) && !panicking_) return;
  if (!panicking_ && !at_end_of_statement()) error_here("end of line");
  if (panicking_) recover();
  if (!at(TokenKind::right_brace) && !at(TokenKind::end)) take();
}

bool Cursor::deeper() {
  ++depth_;
  if (depth_ <= depth_max) return true;
  error(peek().span, fmt::format("nested too deeply (at most {} levels)", depth_max));
  return false;
}

}  // namespace language
