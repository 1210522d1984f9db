// SPDX-License-Identifier: Apache-2.0
// Claims, questions, columns and load.
#include <fmt/format.h>

#include "scenarios/language/checking.hpp"

namespace language {
namespace {

// Params, lets, numbers and words; nothing that a run decides.
struct OverParams {
  const Checked& checked;

  bool run(const Expr& expr) const {
    const SymbolKind kind = checked.meaning(expr).symbol.kind;
    const bool constant = kind == SymbolKind::none || kind == SymbolKind::param ||
                          kind == SymbolKind::let || kind == SymbolKind::word;
    return constant && std::visit(*this, expr.node);
  }

  bool operator()(const NumberExpr&) const { return true; }
  bool operator()(const PathExpr&) const { return true; }
  bool operator()(const UnitExpr& unit) const { return run(*unit.amount); }
  bool operator()(const UnaryExpr& unary) const { return run(*unary.operand); }
  bool operator()(const BinaryExpr& binary) const {
    return run(*binary.left) && run(*binary.right);
  }
  template <class Node>
  bool operator()(const Node&) const {
    return false;
  }
};

void check_assertion(Checking& checking, const Assertion& assertion) {
  if (assertion.when) check_param_condition(checking, *assertion.when);
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

void check_param_condition(Checking& checking, const Expr& expr) {
  const std::size_t before = checking.checked.problems.size();
  check_condition(checking, {}, expr);
  if (checking.checked.problems.size() != before) return;
  if (!OverParams{checking.checked}.run(expr)) {
    return report(checking, expr.span, "a condition over params is wanted here");
  }
  for (const Assignment& sample : checking.samples) {
    const Evaluated result = evaluate(checking.checked, sample, expr);
    if (result.value.quantity() != nullptr) continue;
    const std::string& message = result.problem;
    return report(checking, expr.span,
                  message.empty() ? "a condition over params is wanted here" : message);
  }
}

void check_count(Checking& checking, const Scope& scope, const Expr& expr, std::int64_t least) {
  const std::size_t before = checking.checked.problems.size();
  check_quantity(checking, scope, expr, Dimension::none, "a number");
  if (checking.checked.problems.size() != before) return;
  for (const Assignment& sample : checking.samples) {
    const auto amount = amount_in(evaluate(checking.checked, sample, expr).value, Dimension::none);
    if (amount && amount->whole() && *amount >= Rational(least)) continue;
    return report(checking, expr.span,
                  least == 0 ? "a whole number is wanted"
                             : fmt::format("a whole number above {} is wanted", least - 1));
  }
}

void check_claims(Checking& checking) {
  const Script& script = *checking.checked.script;
  each<Assertion>(script,
                  [&](const Assertion& assertion, Span) { check_assertion(checking, assertion); });
  each<Ask>(script, [&](const Ask& ask, Span) {
    if (ask.when) check_param_condition(checking, *ask.when);
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
    if (explore.count) check_count(checking, {}, *explore.count, 1);
    if (!explore.bound) return;
    if (explore.kind != ExploreKind::pct) {
      return report(checking, explore.bound->span, "'bound' is the depth of 'explore pct'");
    }
    check_count(checking, {}, *explore.bound, 1);
  });
}

}  // namespace language
