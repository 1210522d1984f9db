// SPDX-License-Identifier: Apache-2.0
#include "scenarios/language/samples.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace language {
namespace {

constexpr std::string_view blanks = " \t";

std::string_view without_blanks(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) + 1 - begin);
}

// Digits with at most one point among them.
std::optional<Rational> number_in(std::string_view digits) {
  constexpr std::size_t digits_max = 18;
  if (digits.empty() || digits.size() > digits_max) return std::nullopt;
  Wide number = 0;
  Wide scale = 1;
  bool point = false;
  for (const char c : digits) {
    if (c == '.') {
      if (point) return std::nullopt;
      point = true;
      continue;
    }
    number = number * 10 + (c - '0');
    if (point) scale *= 10;
  }
  return Rational::of(number, scale);
}

std::optional<sim::Nanoseconds> time_in(std::string_view text, const std::vector<UnitRow>& units) {
  const std::size_t end = std::min(text.find_first_not_of("0123456789."), text.size());
  std::optional<Rational> amount = number_in(text.substr(0, end));
  if (!amount) return std::nullopt;
  if (end < text.size()) {
    const UnitRow* unit = find(units, text.substr(end));
    if (unit == nullptr || unit->dimension != Dimension::time) return std::nullopt;
    amount = Rational::multiply(*amount, unit->scale);
  }
  if (!amount) return std::nullopt;
  return static_cast<sim::Nanoseconds>(amount->round_down());
}

}  // namespace

Samples read_samples(const Sources& sources, SourceId id, const std::vector<UnitRow>& units) {
  Samples result;
  const Source& source = sources.at(id);
  bool first = true;
  for (std::uint32_t line = 1; line <= source.line_starts.size(); ++line) {
    const std::string_view whole = source.line_text(line);
    const std::string_view field = without_blanks(whole.substr(0, whole.find(',')));
    if (without_blanks(whole).empty() || whole.starts_with('#')) continue;
    const auto time = time_in(field, units);
    if (time) result.values.push_back(*time);
    if (!time && !first) {
      result.problem = {.span = {.source = id,
                                 .offset = source.line_starts[line - 1],
                                 .length = static_cast<std::uint32_t>(whole.size())},
                        .message = fmt::format("expected a time, not '{}'", field)};
      return result;
    }
    first = false;
  }
  if (result.values.empty()) {
    result.problem = {.span = {.source = id}, .message = "there is no time in this file"};
  }
  return result;
}

}  // namespace language
