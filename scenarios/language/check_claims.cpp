// SPDX-License-Identifier: Apache-2.0
// Claims, questions, columns and load.
#include <fmt/format.h>

#include "scenarios/language/checking.hpp"

namespace language {
namespace {

const Scope anywhere{.any_register = true};

void check_when(Checking& checking, const std::optional<Expr>& when) {
  if (!when) return;
  for (const Assignment& sample : checking.samples) {
    const Evaluated result = evaluate(checking.checked, sample, *when);
    if (!result.problem.empty()) return report(checking, when->span, result.problem);
    if (result.value.quantity() != nullptr) continue;
    return report(checking, when->span, "a condition over params is wanted after 'if'");
  }
}

void check_assertion(Checking& checking, const Assertion& assertion) {
  check_when(checking, assertion.when);
  if (assertion.kind != AssertionKind::never) {
    return check_condition(checking, anywhere, assertion.condition);
  }
  for (const Name& name : assertion.properties) {
    if (find(checking.vocabulary.properties, name.text) != nullptr) continue;
    report_unknown(checking, name.span, name.text, "a property; see 'shootdown list properties'",
                   names_of(checking.vocabulary.properties));
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
    if (explore.count) {
      check_quantity(checking, {}, *explore.count, Dimension::none, "a number");
    }
    if (explore.bound) {
      check_quantity(checking, {}, *explore.bound, Dimension::none, "a number");
    }
  });
}

}  // namespace language
