// SPDX-License-Identifier: Apache-2.0
// Numbers with their units.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "scenarios/language/parser.hpp"

namespace language {
namespace {

// Units that must be attached; here only to say so.
bool is_attached_unit(std::string_view word) {
  constexpr std::array units = {"ns", "us", "ms", "B", "k", "M", "G", "bps", "Mbps", "Gbps"};
  return std::ranges::find(units, word) != units.end();
}

std::optional<Rational> decimal(std::string_view digits) {
  Wide numerator = 0;
  Wide denominator = 1;
  bool after_point = false;
  for (const char c : digits) {
    if (c == '.') {
      after_point = true;
      continue;
    }
    numerator = numerator * 10 + (c - '0');
    if (after_point) denominator *= 10;
    if (numerator >> 100 != 0 || denominator >> 100 != 0) return std::nullopt;
  }
  return Rational::of(numerator, denominator);
}

std::optional<Rational> hexadecimal(std::string_view digits) {
  Wide value = 0;
  for (const char c : digits) {
    if (value >> 64 != 0) return std::nullopt;
    const bool is_digit = c >= '0' && c <= '9';
    value = value * 16 + (is_digit ? c - '0' : (c | 0x20) - 'a' + 10);
  }
  return Rational::of(value, 1);
}

NumberExpr read_number(Cursor& cursor, const Token& token) {
  const std::string_view text = cursor.text(token);
  NumberExpr number;
  std::optional<Rational> value;
  if (text.starts_with("0x") || text.starts_with("0X")) {
    number.text = text;
    const std::string_view digits = text.substr(2);
    const bool valid = digits.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos;
    value = valid ? hexadecimal(digits) : Rational(0);  // The lexer has complained.
  } else {
    const std::size_t end = std::min(text.find_first_not_of("0123456789."), text.size());
    number.text = text.substr(0, end);
    number.unit = text.substr(end);
    number.unit_span = token.span;
    number.unit_span.offset += static_cast<std::uint32_t>(end);
    number.unit_span.length -= static_cast<std::uint32_t>(end);
    value = decimal(number.text);
  }
  if (!value) cursor.mistake(token.span, "the number is too large");
  number.value = value.value_or(0);
  return number;
}

// `4 us` for `4us`, unless a statement follows: `+1 s: call()`.
bool at_detached_unit(const Cursor& cursor) {
  if (!cursor.at(TokenKind::name) || !is_attached_unit(cursor.text(cursor.peek()))) return false;
  const TokenKind next = cursor.peek(1).kind;
  return next != TokenKind::colon && next != TokenKind::dot && next != TokenKind::assign &&
         next != TokenKind::left_paren;
}

}  // namespace

bool is_unit_apart(std::string_view word) {
  return word == "pages" || word == "page" || word == "entries";
}

Expr parse_number(Cursor& cursor) {
  const Token token = cursor.take();
  NumberExpr number = read_number(cursor, token);
  if (number.unit.empty() && cursor.at(TokenKind::name)) {
    const std::string_view word = cursor.text(cursor.peek());
    if (is_unit_apart(word)) {
      number.unit_apart = true;
      number.unit = word;
      number.unit_span = cursor.take().span;
    } else if (at_detached_unit(cursor)) {
      const std::string fixed = number.text + std::string(word);
      number.unit = word;
      number.unit_span = cursor.take().span;
      cursor.mistake(cursor.since(token),
                     fmt::format("a unit is attached to its number: '{}'", fixed), fixed);
    }
  }
  return make_expr(cursor, cursor.since(token), 0, std::move(number));
}

}  // namespace language
