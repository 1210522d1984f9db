// SPDX-License-Identifier: Apache-2.0
#include "bench/validation/expression.hpp"

#include <fmt/format.h>

#include <cctype>
#include <charconv>

namespace validation {
namespace {

bool is_part_of_name(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.';
}

class Reader {
 public:
  Reader(std::string_view text, const Values& values) : rest_(text), values_(values) {}

  Evaluated read() {
    const double value = sum();
    skip_blanks();
    if (problem_.empty() && !rest_.empty()) problem_ = fmt::format("unexpected '{}'", rest_);
    return {.value = value, .problem = problem_};
  }

 private:
  double sum() {
    double value = product();
    while (true) {
      if (accept('+')) {
        value += product();
      } else if (accept('-')) {
        value -= product();
      } else {
        return value;
      }
    }
  }

  double product() {
    double value = factor();
    while (true) {
      if (accept('*')) {
        value *= factor();
      } else if (accept('/')) {
        value /= factor();
      } else {
        return value;
      }
    }
  }

  double factor() {
    if (accept('(')) {
      const double value = sum();
      if (!accept(')') && problem_.empty()) problem_ = "expected ')'";
      return value;
    }
    skip_blanks();
    std::size_t size = 0;
    while (size < rest_.size() && is_part_of_name(rest_[size])) ++size;
    const std::string_view word = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return value_of(word);
  }

  double value_of(std::string_view word) {
    double number = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    if (error == std::errc() && end == word.data() + word.size()) return number;
    const auto found = values_.find(word);
    if (found != values_.end()) return found->second;
    if (problem_.empty()) problem_ = fmt::format("there is no run '{}'", word);
    return 0;
  }

  bool accept(char c) {
    skip_blanks();
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  void skip_blanks() {
    while (!rest_.empty() && rest_.front() == ' ') rest_.remove_prefix(1);
  }

  std::string_view rest_;
  const Values& values_;
  std::string problem_;
};

}  // namespace

Evaluated evaluate(std::string_view expression, const Values& values) {
  return Reader(expression, values).read();
}

}  // namespace validation
