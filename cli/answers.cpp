// SPDX-License-Identifier: Apache-2.0
// The questions of a lesson, answered.
#include "cli/names.hpp"
#include "cli/report.hpp"

namespace cli {
namespace {

using model::ClaimResult;

constexpr std::size_t values_max = 8;  // More of them are shown as a range.

std::string value_answer(const Case& what, const Outcome& outcome, std::size_t question) {
  const std::set<std::int64_t>& values = outcome.values[question];
  if (values.empty()) return "not known: no execution came to rest";
  const Names names(what.setup());
  const model::Expression& expression = what.cell->questions[question].expression;
  const auto text = [&](std::int64_t value) { return names.value(expression, value); };
  if (values.size() > values_max) {
    return fmt::format("{} .. {} ({} values)", text(*values.begin()), text(*values.rbegin()),
                       values.size());
  }
  std::string list;
  for (const std::int64_t value : values) {
    if (!list.empty()) list += value == *values.rbegin() ? " or " : ", ";
    list += text(value);
  }
  return list;
}

}  // namespace

std::string answer_text(const Case& what, const Outcome& outcome, std::size_t question) {
  const language::Question& asked = what.cell->questions[question];
  if (asked.kind == language::Question::Kind::value) {
    const std::string values = value_answer(what, outcome, question);
    return outcome.stopped == Stopped::no ? values : values + " (so far)";
  }
  const ClaimResult& result = outcome.verdict.claims[asked.claim];
  const bool some = result.positive > 0 || result.has_example;
  const bool is_so = asked.kind == language::Question::Kind::exists       ? some
                     : asked.kind == language::Question::Kind::not_exists ? !some
                                                                          : result.negative == 0;
  const bool shown = asked.kind == language::Question::Kind::exists ? is_so : !is_so;
  if (!shown && !outcome.complete() && outcome.mode != language::RunMode::simulate)
    return "not decided";
  return is_so ? "yes" : "no";
}

}  // namespace cli
