// SPDX-License-Identifier: Apache-2.0
#include "scenarios/language/strace_text.hpp"

#include <limits>

#include "scenarios/language/strace.hpp"

namespace language {
namespace {

bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }
bool is_letter(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || letter == '_';
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

int digit_of(char letter) {
  if (is_digit(letter)) return letter - '0';
  if (letter >= 'a' && letter <= 'f') return letter - 'a' + 10;
  if (letter >= 'A' && letter <= 'F') return letter - 'A' + 10;
  return 99;
}

std::optional<std::uint64_t> in_base(std::string_view digits, std::uint64_t base) {
  if (digits.empty()) return std::nullopt;
  std::uint64_t value = 0;
  for (const char letter : digits) {
    const auto digit = static_cast<std::uint64_t>(digit_of(letter));
    if (digit >= base) return std::nullopt;
    if (value > (std::numeric_limits<std::uint64_t>::max() - digit) / base) return std::nullopt;
    value = value * base + digit;
  }
  return value;
}

}  // namespace

bool StraceText::accept(std::string_view what) {
  if (!rest().starts_with(what)) return false;
  at_ += what.size();
  return true;
}

void StraceText::skip_blanks() {
  while (peek() == ' ') ++at_;
}

std::string_view StraceText::word() {
  const std::size_t start = at_;
  while (is_letter(peek()) || (at_ > start && is_digit(peek()))) ++at_;
  return text_.substr(start, at_ - start);
}

std::string_view StraceText::until_blank() {
  const std::size_t start = at_;
  while (at_ < text_.size() && peek() != ' ') ++at_;
  return text_.substr(start, at_ - start);
}

std::optional<std::uint64_t> StraceText::digits() {
  const std::size_t start = at_;
  while (is_digit(peek())) ++at_;
  return in_base(text_.substr(start, at_ - start), 10);
}

std::optional<std::uint64_t> StraceText::number_before_blank() {
  StraceText ahead = *this;
  const auto number = ahead.digits();
  if (!number || ahead.peek() != ' ') return std::nullopt;
  ahead.skip_blanks();
  *this = ahead;
  return number;
}

std::optional<std::uint64_t> StraceText::seconds() {
  constexpr std::uint64_t billion = 1'000'000'000;
  StraceText ahead = *this;
  const auto whole = ahead.digits();
  if (!whole || *whole > std::numeric_limits<std::uint64_t>::max() / billion - 1) return {};
  if (!ahead.accept(".")) return std::nullopt;
  std::uint64_t part = 0;
  std::uint64_t unit = billion;
  const std::size_t start = ahead.at_;
  for (; is_digit(ahead.peek()) && unit > 1; ++ahead.at_) {
    unit /= 10;
    part += unit * static_cast<std::uint64_t>(ahead.peek() - '0');
  }
  if (ahead.at_ == start) return std::nullopt;
  *this = ahead;
  return *whole * billion + part;
}

std::optional<std::uint64_t> StraceText::duration() const {
  if (!text_.ends_with('>')) return std::nullopt;
  const std::size_t open = text_.rfind(" <");
  if (open == std::string_view::npos || open < at_) return std::nullopt;
  StraceText text(text_.substr(open + 2));
  const auto time = text.seconds();
  return text.rest() == ">" ? time : std::nullopt;
}

bool StraceText::skip_string() {
  ++at_;
  while (at_ < text_.size() && peek() != '"') at_ += peek() == '\\' ? 2 : 1;
  if (at_ >= text_.size()) return false;
  ++at_;
  return true;
}

// The file of a descriptor: 3</usr/lib/x.so>, AT_FDCWD</root>. Within it strace writes '>' as \76.
bool StraceText::skip_path() {
  while (at_ < text_.size() && peek() != '>') ++at_;
  if (at_ >= text_.size()) return false;
  ++at_;
  return true;
}

bool StraceText::skip_comment() {
  const std::size_t end = text_.find("*/", at_ + 2);
  if (end == std::string_view::npos) return false;
  at_ = end + 2;
  return true;
}

std::optional<std::vector<std::string_view>> StraceText::arguments() {
  std::vector<std::string_view> list;
  std::size_t start = at_;
  std::size_t depth = 0;
  while (at_ < text_.size()) {
    const char letter = peek();
    const char before = at_ > 0 ? text_[at_ - 1] : ' ';
    const bool path = letter == '<' && !rest().starts_with("<<") && before != '<' &&
                      (is_digit(before) || is_letter(before));
    if (letter == '"') {
      if (!skip_string()) return std::nullopt;
    } else if (path) {
      if (!skip_path()) return std::nullopt;
    } else if (rest().starts_with("/*")) {
      if (!skip_comment()) return std::nullopt;
    } else if (letter == '(' || letter == '[' || letter == '{') {
      ++depth;
      ++at_;
    } else if (depth > 0 && (letter == ')' || letter == ']' || letter == '}')) {
      --depth;
      ++at_;
    } else if (letter == ')' || (letter == ',' && depth == 0)) {
      const std::string_view argument = trimmed(text_.substr(start, at_ - start));
      if (letter == ',' || !argument.empty() || !list.empty()) list.push_back(argument);
      start = ++at_;
      if (letter == ')') return list;
    } else {
      ++at_;
    }
  }
  at_ = text_.size();
  return std::nullopt;
}

std::optional<std::uint64_t> strace_number(std::string_view text) {
  text = trimmed(text.substr(0, text.find("/*")));
  if (text == "NULL") return 0;
  if (text.starts_with("0x")) return in_base(text.substr(2), 16);
  if (text.size() > 1 && text[0] == '0') return in_base(text.substr(1), 8);
  return in_base(text, 10);
}

std::string_view strace_path(std::string_view argument) {
  const std::size_t open = argument.find('<');
  const std::size_t close = argument.rfind('>');  // "(deleted)" may follow.
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) return {};
  return argument.substr(open + 1, close - open - 1);
}

}  // namespace language
