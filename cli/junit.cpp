// SPDX-License-Identifier: Apache-2.0
#include "cli/junit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "scenarios/language/utf8.hpp"

namespace cli {
namespace {

// XML 1.0 has no way to write most control characters, nor a byte that is no text.
std::string escaped(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const std::size_t length = language::valid_character_length(text);
    const char c = text.front();
    const bool control = static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t';
    if (length == 0 || control) {
      result += '?';
    } else if (c == '&') {
      result += "&amp;";
    } else if (c == '<') {
      result += "&lt;";
    } else if (c == '>') {
      result += "&gt;";
    } else if (c == '"') {
      result += "&quot;";
    } else {
      result += text.substr(0, length);
    }
    text.remove_prefix(std::max<std::size_t>(1, length));
  }
  return result;
}

std::string_view first_line(std::string_view text) { return text.substr(0, text.find('\n')); }

std::string case_text(const TestResult& result) {
  const std::string name = escaped(result.path);
  const std::string opening = fmt::format("  <testcase classname=\"shootdown\" name=\"{}\"", name);
  switch (result.status) {
    case TestStatus::passed:
      return opening + "/>\n";
    case TestStatus::skipped:
      return fmt::format("{}>\n    <skipped message=\"{}\"/>\n  </testcase>\n", opening,
                         escaped(first_line(result.details)));
    case TestStatus::failed:
    case TestStatus::undecided:
      break;
  }
  return fmt::format("{}>\n    <failure message=\"{}\">{}</failure>\n  </testcase>\n", opening,
                     result.status == TestStatus::failed ? "not as claimed" : "undecided",
                     escaped(result.details));
}

}  // namespace

std::string junit_text(std::span<const TestResult> results) {
  const auto count = [&](TestStatus status) {
    return std::ranges::count(results, status, &TestResult::status);
  };
  std::string text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
  text +=
      fmt::format("<testsuite name=\"shootdown\" tests=\"{}\" failures=\"{}\" skipped=\"{}\">\n",
                  results.size(), count(TestStatus::failed) + count(TestStatus::undecided),
                  count(TestStatus::skipped));
  for (const TestResult& result : results) text += case_text(result);
  return text + "</testsuite>\n";
}

}  // namespace cli
