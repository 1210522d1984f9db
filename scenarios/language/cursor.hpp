// SPDX-License-Identifier: Apache-2.0
// Where the parser stands in the tokens of one file, and how it complains.
// After error() the parser is in panic: nothing more is reported until recover() has found the
// next line or brace, so that one mistake is one problem. mistake() reports and goes on.
// Invariant: the last token is `end` and is never taken.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "scenarios/language/ast.hpp"
#include "scenarios/language/problem.hpp"
#include "scenarios/language/token.hpp"

namespace language {

class Cursor {
 public:
  Cursor(const Source& source, const std::vector<Token>& tokens, Problems& problems,
         std::uint32_t first_expr_id)
      : source_(source), tokens_(tokens), problems_(problems), expr_id_(first_expr_id) {}

  const Token& peek(std::size_t ahead = 0) const;
  const Token& take();
  const Token& last() const;  // The one taken last.

  bool at(TokenKind kind) const { return peek().kind == kind; }
  bool at_word(std::string_view word) const;
  bool at_end_of_statement() const;  // End of line, ';', '}' or the end of the file.
  bool accept(TokenKind kind);
  bool accept_word(std::string_view word);
  bool accept_comma();          // With the ends of lines after it: a comma ends no statement.
  bool expect(TokenKind kind);  // error("expected ':='") if it is not there.
  Name expect_name(std::string_view what);
  std::string_view text(const Token& token) const { return source_.text_of(token.span); }
  // From that token to the one taken last.
  Span since(const Token& first) const { return join(first.span, last().span); }
  Name name_of(const Token& token) const { return {std::string(text(token)), token.span}; }

  // Inside ( ) and [ ] an end of line does not count.
  void enter_brackets();
  // Expects the closing bracket; complains at `open` if it is missing at the end of the line.
  void leave_brackets(const Token& open, TokenKind closing);
  void skip_newlines();
  void unclosed(const Token& open);  // A block that ends with the file.
  bool at_line_start() const;        // At column 1.

  void error(Span span, std::string message);
  void panic() { panicking_ = true; }
  void error_here(std::string_view expected);  // "expected <expected>, got <token>"
  void mistake(Span span, std::string message, std::optional<std::string> suggestion = {});
  bool panicking() const { return panicking_; }

  // Skips what is left of a statement, with its block if one was opened. Stops at the end of the
  // line, at ';' or before the '}' of the block around it.
  void recover();
  // Ends a statement: recovers from panic, and from what should not have been there.
  void end_statement();

  // False, with an error, when nesting is too deep: the parser's own stack must not overflow.
  bool deeper();
  void shallower() { --depth_; }

  ExprId next_expr_id() { return {expr_id_++}; }
  std::uint32_t expr_ids() const { return expr_id_; }

 private:
  std::string describe(const Token& token) const;
  void skip_block();

  const Source& source_;
  const std::vector<Token>& tokens_;
  Problems& problems_;
  std::uint32_t expr_id_;
  std::size_t position_ = 0;
  std::size_t last_ = 0;
  std::uint32_t brackets_ = 0;
  std::uint32_t depth_ = 0;
  bool panicking_ = false;
  bool block_unclosed_ = false;  // The statement ended where the next one begins.
};

}  // namespace language
