// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "scenarios/language/checking.hpp"
#include "scenarios/language/nearest.hpp"

namespace language {
namespace {

constexpr std::size_t problems_max = 1000;    // More help nobody.
constexpr std::size_t suggestions_max = 100;  // They take time in proportion to the script.
constexpr std::size_t listed_max = 8;

}  // namespace

void report(Checking& checking, Span span, std::string message) {
  Problems& problems = checking.checked.problems;
  if (problems.size() >= problems_max) return;
  problems.push_back({.span = span, .message = std::move(message)});
}

void report_with_note(Checking& checking, Span span, std::string message, Note note) {
  Problems& problems = checking.checked.problems;
  if (problems.size() >= problems_max) return;
  problems.push_back({.span = span, .message = std::move(message), .notes = {std::move(note)}});
}

std::string listed(const std::vector<std::string>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? " or " : ", ";
    text += words[i];
  }
  return text;
}

void report_suggesting(Checking& checking, Span span, std::string message, std::string suggestion) {
  Problems& problems = checking.checked.problems;
  if (problems.size() >= problems_max) return;
  problems.push_back(
      {.span = span, .message = std::move(message), .suggestion = std::move(suggestion)});
}

std::string with_article(std::string_view noun) {
  const bool vowel = !noun.empty() && std::string_view("aeiou").find(noun[0]) != std::string::npos;
  return (vowel ? "an " : "a ") + std::string(noun);
}

void report_unknown(Checking& checking, Span span, std::string_view word, std::string_view what,
                    const std::vector<std::string>& known, std::string_view list) {
  Problems& problems = checking.checked.problems;
  // No word: the parser has complained.
  if (word.empty() || problems.size() >= problems_max) return;
  std::optional<std::string> meant;
  if (problems.size() < suggestions_max) meant = nearest(word, known);
  std::string message = fmt::format("'{}' is not {}", word, what);
  if (meant) {
    message += fmt::format("; did you mean '{}'?", *meant);
  } else if (!known.empty() && known.size() <= listed_max) {
    message += fmt::format("; expected {}", listed(known));
  } else if (!list.empty()) {
    message += fmt::format("; see 'shootdown list {}'", list);
  }
  problems.push_back({.span = span, .message = std::move(message), .suggestion = meant});
}

void report_unknown_unit(Checking& checking, const NumberExpr& number) {
  Problems& problems = checking.checked.problems;
  if (problems.size() >= problems_max) return;
  const auto meant = nearest(number.unit, row_names(checking.vocabulary.units));
  std::string message = fmt::format("unknown unit '{}'", number.unit);
  if (meant) message += fmt::format("; did you mean '{}'?", *meant);
  problems.push_back(
      {.span = number.unit_span, .message = std::move(message), .suggestion = meant});
}

std::vector<std::string> names_of(const std::vector<Entry>& entries) { return row_names(entries); }

void report_undefined(Checking& checking, const Scope& scope, const Name& name) {
  Problems& problems = checking.checked.problems;
  // A statement that could not be read may have defined it.
  const bool missing = checking.checked.script->broken || name.text.empty();
  if (missing || problems.size() >= problems_max) return;
  if (checking.labels.contains(name.text)) {
    return report(checking, name.span,
                  fmt::format("'{0}' is the label of an operation; ask finished({0}), retries({0}) "
                              "or starts_after({0}, ...)",
                              name.text));
  }
  std::optional<std::string> meant;
  std::string what;
  if (problems.size() < suggestions_max) {
    std::vector<std::string> known;
    for (const auto& [known_name, symbols] : checking.symbols) known.push_back(known_name);
    if (scope.words != nullptr) {
      known.insert(known.end(), scope.words->begin(), scope.words->end());
    }
    for (const FunctionRow& row : checking.vocabulary.functions) {
      if (row.forms.empty()) known.push_back(row.name);
    }
    meant = nearest(name.text, known);
  }
  const auto found = meant ? checking.symbols.find(*meant) : checking.symbols.end();
  if (found != checking.symbols.end()) {
    const Symbol symbol = found->second.front();
    const bool is_register = symbol.kind == SymbolKind::variable &&
                             checking.checked.variables[symbol.index].thread.has_value();
    what = fmt::format(" ({})", is_register ? "register" : noun(symbol.kind));
  }
  std::string message = fmt::format("'{}' is not defined", name.text);
  if (meant) message += fmt::format("; did you mean '{}'{}?", *meant, what);
  problems.push_back({.span = name.span, .message = std::move(message), .suggestion = meant});
}

}  // namespace language
