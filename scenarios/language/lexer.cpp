// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "scenarios/language/token.hpp"
#include "scenarios/language/utf8.hpp"

namespace language {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool starts_name(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool continues_name(char c) { return starts_name(c) || is_digit(c); }
bool is_hex_digit(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

struct Sign {
  std::string_view text;
  TokenKind kind;
};
constexpr std::array signs = {
    // The longer of two with the same start comes first.
    Sign{"<->", TokenKind::link},
    Sign{"...", TokenKind::ellipsis},
    Sign{"..", TokenKind::dot_dot},
    Sign{":=", TokenKind::assign},
    Sign{"==", TokenKind::equal_equal},
    Sign{"!=", TokenKind::not_equal},
    Sign{"!>", TokenKind::forbid},
    Sign{"<=", TokenKind::less_equal},
    Sign{">=", TokenKind::greater_equal},
    Sign{"||", TokenKind::or_or},
    Sign{"\\/", TokenKind::or_or},
    Sign{"&&", TokenKind::and_and},
    Sign{"/\\", TokenKind::and_and},
    Sign{"{", TokenKind::left_brace},
    Sign{"}", TokenKind::right_brace},
    Sign{"(", TokenKind::left_paren},
    Sign{")", TokenKind::right_paren},
    Sign{"[", TokenKind::left_bracket},
    Sign{"]", TokenKind::right_bracket},
    Sign{",", TokenKind::comma},
    Sign{";", TokenKind::semicolon},
    Sign{":", TokenKind::colon},
    Sign{"=", TokenKind::equals},
    Sign{"<", TokenKind::less},
    Sign{">", TokenKind::greater},
    Sign{"+", TokenKind::plus},
    Sign{"-", TokenKind::minus},
    Sign{"*", TokenKind::star},
    Sign{"/", TokenKind::slash},
    Sign{"|", TokenKind::bar},
    Sign{"!", TokenKind::bang},
    Sign{"~", TokenKind::tilde},
    Sign{"@", TokenKind::at},
    Sign{".", TokenKind::dot},
};

// Reads one text from front to back. Invariant: what lies before `position_` is done with.
class Lexer {
 public:
  Lexer(const Source& source, SourceId id, Problems& problems)
      : text_(source.text), id_(id), problems_(problems) {}

  Lexed run() {
    if (text_.starts_with("\xEF\xBB\xBF")) position_ = 3;  // A byte order mark.
    while (position_ < text_.size()) read_one();
    if (text_.size() >= size_max) report(0, 1, "the file is too large (16 MiB at most)");
    add(TokenKind::newline, 0);
    add(TokenKind::end, 0);
    return std::move(lexed_);
  }

 private:
  std::string_view rest() const { return text_.substr(position_); }
  bool at(std::string_view word) const { return rest().starts_with(word); }

  Span span(std::size_t offset, std::size_t length) const {
    return {.source = id_,
            .offset = static_cast<std::uint32_t>(offset),
            .length = static_cast<std::uint32_t>(length)};
  }

  void report(std::size_t offset, std::size_t length, std::string message) {
    problems_.push_back({.span = span(offset, length), .message = std::move(message)});
  }

  void add(TokenKind kind, std::size_t length) {
    lexed_.tokens.push_back({.kind = kind, .span = span(position_, length)});
    position_ += length;
  }

  void add_comment(std::size_t length) {
    std::size_t shown = length;  // A carriage return belongs to the end of the line.
    while (shown > 0 && text_[position_ + shown - 1] == '\r') --shown;
    lexed_.comments.push_back({.span = span(position_, shown)});
    check_text(length);
    position_ += length;
  }

  void read_one() {
    const char c = text_[position_];
    if (c == '\n') return add(TokenKind::newline, 1);
    if (c == ' ' || c == '\t' || c == '\r') {
      ++position_;
      return;
    }
    if (at("//")) return add_comment(std::min(rest().find('\n'), rest().size()));
    if (at("/*")) return read_block_comment();
    if (c == '"') return read_string();
    if (is_digit(c)) return read_number();
    if (starts_name(c)) return add(TokenKind::name, length_while(0, continues_name));
    for (const Sign& sign : signs) {
      if (at(sign.text)) return add(sign.kind, sign.text.size());
    }
    read_unknown();
  }

  template <class Predicate>
  std::size_t length_while(std::size_t from, Predicate predicate) const {
    const std::string_view ahead = rest().substr(from);
    const auto stop = std::ranges::find_if_not(ahead, predicate);
    return from + static_cast<std::size_t>(stop - ahead.begin());
  }

  void read_block_comment() {
    const std::size_t end = rest().find("*/", 2);
    if (end == std::string_view::npos) {
      report(position_, 2, "the comment is not closed; expected '*/'");
      position_ = text_.size();
      return;
    }
    add_comment(end + 2);
  }

  void read_string() {
    std::size_t length = 1;
    while (length < rest().size() && rest()[length] != '"' && rest()[length] != '\n') {
      length += rest()[length] == '\\' && length + 1 < rest().size() ? 2U : 1U;
    }
    const bool closed = length < rest().size() && rest()[length] == '"';
    if (!closed) {
      length = std::min(rest().find('\n'), rest().size());
      while (length > 1 && rest()[length - 1] == '\r') --length;
      report(position_, length, "the string is not closed; expected '\"' before the end of line");
    }
    const std::size_t whole = closed ? length + 1 : length;
    check_text(whole);
    add(TokenKind::string, whole);
  }

  // Digits, a fraction and a unit: 12  0x1f  1.2us  120%  4k  200k/s.
  void read_number() {
    if (at("0x") || at("0X")) {
      const std::size_t length = length_while(2, is_hex_digit);
      const std::size_t whole = length_while(length, continues_name);
      if (length == 2 || whole != length) report(position_, whole, "not a hexadecimal number");
      return add(TokenKind::number, whole);
    }
    std::size_t length = length_while(0, is_digit);
    const bool fraction =
        length + 1 < rest().size() && rest()[length] == '.' && is_digit(rest()[length + 1]);
    if (fraction) length = length_while(length + 1, is_digit);
    if (length < rest().size() && rest()[length] == '%') return add(TokenKind::number, length + 1);
    length = length_while(length, continues_name);
    const bool per_second = rest().substr(length).starts_with("/s") &&
                            (length + 2 >= rest().size() || !continues_name(rest()[length + 2]));
    add(TokenKind::number, per_second ? length + 2 : length);
  }

  void read_unknown() {
    const std::size_t length = valid_character_length(rest());
    const auto byte = static_cast<unsigned char>(text_[position_]);
    if (at("&")) {
      report(position_, 1, "'&' has no meaning here; 'and' is written '&&'");
      return add(TokenKind::and_and, 1);
    }
    if (at("#")) {
      report(position_, 1, "unexpected character '#'; a comment is written '//'");
      position_ += std::min(rest().find('\n'), rest().size());
      return;
    }
    if (length == 0) {
      report_no_text(position_);
    } else if (byte < 0x20 || byte == 0x7F) {
      report(position_, 1, fmt::format("unexpected byte 0x{:02x}", byte));
    } else {
      report(position_, length, fmt::format("unexpected character '{}'", rest().substr(0, length)));
    }
    position_ += std::max<std::size_t>(1, length);
    // A run of the same nonsense is one problem.
    while (position_ < text_.size() && static_cast<unsigned char>(text_[position_]) == byte) {
      ++position_;
    }
  }

  // Comments and strings may hold any text, but it must be text.
  void check_text(std::size_t length) {
    const std::string_view text = rest().substr(0, length);
    for (std::size_t i = 0; i < text.size();) {
      const std::size_t step = valid_character_length(text.substr(i));
      if (step == 0) return report_no_text(position_ + i);
      if (text[i] == '\0') return report(position_ + i, 1, "unexpected byte 0x00");
      i += step;
    }
  }

  void report_no_text(std::size_t offset) {
    if (!reported_no_text_) report(offset, 1, "the file is not valid UTF-8");
    reported_no_text_ = true;
  }

  std::string_view text_;
  SourceId id_;
  Problems& problems_;
  Lexed lexed_;
  std::size_t position_ = 0;
  bool reported_no_text_ = false;
};

}  // namespace

Lexed lex(const Sources& sources, SourceId id, Problems& problems) {
  return Lexer(sources.at(id), id, problems).run();
}

std::string_view spelling(TokenKind kind) {
  for (const Sign& sign : signs) {
    if (sign.kind == kind) return sign.text;
  }
  switch (kind) {
    case TokenKind::name:
      return "a name";
    case TokenKind::number:
      return "a number";
    case TokenKind::string:
      return "a string";
    case TokenKind::newline:
      return "end of line";
    default:
      return "end of file";
  }
}

std::string unquote(std::string_view text) {
  if (text.starts_with('"')) text.remove_prefix(1);
  std::string result;
  for (std::size_t i = 0; i < text.size() && text[i] != '"'; ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      result.push_back(text[i]);
      continue;
    }
    const char c = text[++i];
    result.push_back(c == 'n' ? '\n' : c == 't' ? '\t' : c);
  }
  return result;
}

std::string quote(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result.push_back('\\');
    if (c == '\n') {
      result += "\\n";
    } else if (c == '\t') {
      result += "\\t";
    } else {
      result.push_back(c);
    }
  }
  return result + '"';
}

}  // namespace language
