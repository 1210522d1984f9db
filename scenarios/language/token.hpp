// SPDX-License-Identifier: Apache-2.0
// Tokens of a scenario text. Every byte of the text belongs to one token, one comment or white
// space; what belongs to none of them is a problem and is left out.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/language/ast.hpp"
#include "scenarios/language/problem.hpp"
#include "scenarios/language/source.hpp"
#include "scenarios/language/span.hpp"

namespace language {

enum class TokenKind : std::uint8_t {
  name,
  number,  // With the unit that is attached to it.
  string,  // With its quotes.
  newline,
  end,
  left_brace,
  right_brace,
  left_paren,
  right_paren,
  left_bracket,
  right_bracket,
  comma,
  semicolon,
  colon,
  assign,         // :=
  equals,         // =
  equal_equal,    // ==
  not_equal,      // !=
  less,           // <
  less_equal,     // <=
  greater,        // >
  greater_equal,  // >=
  link,           // <->
  forbid,         // !>
  plus,
  minus,
  star,
  slash,
  bar,      // |
  or_or,    // ||
  and_and,  // &&
  bang,
  tilde,
  at,
  dot,
  dot_dot,
  ellipsis,  // ...
};
std::string_view spelling(TokenKind kind);  // "':='", "a name", "end of line"

struct Token {
  TokenKind kind = TokenKind::end;
  Span span;
};

struct Lexed {
  std::vector<Token> tokens;  // The last one is `end`.
  std::vector<Comment> comments;
};

Lexed lex(const Sources& sources, SourceId id, Problems& problems);

// The value of a string token: without its quotes, with its escapes replaced.
std::string unquote(std::string_view text);
// The other way round.
std::string quote(std::string_view text);

}  // namespace language
