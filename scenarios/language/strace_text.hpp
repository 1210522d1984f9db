// SPDX-License-Identifier: Apache-2.0
// A cursor in a line of strace. Private to strace*.cpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace language {

class StraceText {
 public:
  explicit StraceText(std::string_view text) : text_(text) {}

  std::size_t at() const { return at_; }
  std::string_view rest() const { return text_.substr(at_); }
  bool accept(std::string_view what);
  void skip_blanks();
  std::string_view word();  // Letters, digits and '_'.
  std::string_view until_blank();
  std::optional<std::uint64_t> digits();
  std::optional<std::uint64_t> number_before_blank();  // "123 ": taken only if there is no '.'.
  std::optional<std::uint64_t> seconds();              // "1700000000.123456", in ns.
  std::optional<std::uint64_t> duration() const;       // "<0.000012>" at the end, in ns.
  // Up to the ')' that ends them, which is taken as well; none: it is not there.
  std::optional<std::vector<std::string_view>> arguments();

 private:
  bool skip_string();
  bool skip_path();
  bool skip_comment();
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace language
