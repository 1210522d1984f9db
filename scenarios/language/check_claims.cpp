// SPDX-License-Identifier: Apache-2.0
// Claims, questions, columns and load.
#include <fmt/format.h>

#include "scenarios/language/checking.hpp"

namespace language {
namespace {

const Scope anywhere{.any_register = true};

void check_when(Checking& checking, const std::optional<Expr>& when) {
  if (!when) return;
  const std::size_t before = checking.checked.problems.size();
  check_condition(checking, {}, *when);
  if (checking.checked.problems.size() != before) return;
  for (const Assignment& sample : checking.samples) {
    const Evaluated result = evaluate(checking.checked, sample, *when);
    if (!result.problem.empty()) return report(checking, when->span, result.problem);
    if (result.value.quantity() != nullptr) continue;
    return report(checking, when->span, "a condition over params is wanted after 'if'");
  }
}

// So many runs, such a bound.
void check_count(Checking& checking, const Expr& expr) {
  const std::size_t before = checking.checked.problems.size();
  check_quantity(checking, {}, expr, Dimension::none, "a number");
  if (checking.checked.problems.size() != before) return;
  for (const Assignment& sample : checking.samples) {
    const auto amount = amount_in(evaluate(checking.checked, sample, expr).value, Dimension::none);
    if (amount && amount->whole() && *amount > Rational(0)) continue;
    return report(checking, expr.span, "a whole number above 0 is wanted");
  }
}

void check_assertion(Checking& checking, const Assertion& assertion) {
  check_when(checking, assertion.when);
  if (assertion.kind != AssertionKind::never) {
    return check_condition(checking, anywhere, assertion.condition);
  }
  for (const Name& name : assertion.properties) {
    if (find(checking.vocabulary.properties, name.text) != nullptr) continue;
    report_unknown(checking, name.span, name.text, "a property",
                   names_of(checking.vocabulary.properties), "properties");
  }
}

}  // namespace

void check_claims(Checking& checking) {
  const Script& script = *checking.checked.script;
  each<Assertion>(script,
                  [&](const Assertion& assertion, Span) { check_assertion(checking, assertion); });
  each<Ask>(script, [&](const Ask& ask, Span) {
    check_when(checking, ask.when);
    if (ask.kind == AskKind::value) {
      infer(checking, anywhere, ask.answer);
    } else {
      check_condition(checking, anywhere, ask.answer);
    }
  });
  each<Watch>(script, [&](const Watch& watch, Span) {
    for (const Expr& column : watch.columns) infer(checking, anywhere, column);
  });
  each<Explore>(script, [&](const Explore& explore, Span) {
    if (explore.count) check_count(checking, *explore.count);
    if (explore.bound) check_count(checking, *explore.bound);
  });
}

}  // namespace language
