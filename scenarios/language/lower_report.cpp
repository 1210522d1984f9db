// SPDX-License-Identifier: Apache-2.0
// `check` and `report`: what is asked of the measures of a run.
#include <fmt/format.h>

#include "scenarios/language/canonical.hpp"
#include "scenarios/language/evaluate.hpp"

namespace language {
namespace {

using Op = Statistic::Code;

Op operator_of(BinaryOp op) {
  switch (op) {
    case BinaryOp::logical_or:
      return Op::logical_or;
    case BinaryOp::logical_and:
      return Op::logical_and;
    case BinaryOp::equal:
      return Op::equal;
    case BinaryOp::not_equal:
      return Op::not_equal;
    case BinaryOp::less:
      return Op::less;
    case BinaryOp::less_equal:
      return Op::less_equal;
    case BinaryOp::greater:
      return Op::greater;
    case BinaryOp::greater_equal:
      return Op::greater_equal;
    case BinaryOp::subtract:
      return Op::subtract;
    case BinaryOp::multiply:
      return Op::multiply;
    case BinaryOp::divide:
      return Op::divide;
    default:
      return Op::add;
  }
}

bool is_truth(Op code) { return code >= Op::logical_or && code <= Op::logical_and; }
bool is_sum(Op code) { return code == Op::add || code == Op::subtract; }
bool is_comparison(Op code) { return code >= Op::equal && code <= Op::greater_equal; }

// Gives an expression in postfix order, and its dimension.
class Compiler {
 public:
  Compiler(const Checked& checked, const Assignment& assignment, Problems& problems)
      : checked_(checked), assignment_(assignment), problems_(problems) {}

  Statistic compile(const Expr& expr) {
    out_ = {};
    out_.text = canonical(expr);
    out_.dimension = emit(expr).dimension;
    return std::move(out_);
  }

 private:
  struct Term {
    Dimension dimension = Dimension::none;
    bool zero = false;  // 0 is 0 of everything.
  };

  Term emit(const Expr& expr) {
    const Symbol symbol = checked_.meaning(expr).symbol;
    if (symbol.kind == SymbolKind::function) return emit_measure(expr, symbol);
    if (const auto* unary = std::get_if<UnaryExpr>(&expr.node)) {
      const Term term = emit(*unary->operand);
      const bool negates = unary->op == UnaryOp::negate;
      out_.parts.push_back({.code = negates ? Op::negate : Op::logical_not});
      return negates ? term : Term{};
    }
    if (const auto* binary = std::get_if<BinaryExpr>(&expr.node)) {
      const Term left = emit(*binary->left);
      const Term right = emit(*binary->right);
      out_.parts.push_back({.code = operator_of(binary->op)});
      return {.dimension = combined(expr, operator_of(binary->op), left, right)};
    }
    const Evaluated result = evaluate(checked_, assignment_, expr);
    const Quantity* quantity = result.value.quantity();
    if (quantity == nullptr) {
      problem(expr,
              result.problem.empty() ? "a measure or a number is wanted here" : result.problem);
      return {};
    }
    out_.parts.push_back({.code = Op::number, .number = quantity->amount.to_double()});
    return {.dimension = quantity->dimension, .zero = quantity->amount == Rational(0)};
  }

  Term emit_measure(const Expr& expr, Symbol symbol) {
    constexpr std::string_view prefix = "baseline.";
    const FunctionRow& row = checked_.vocabulary->functions[symbol.index];
    std::string name = canonical(expr);
    if (!row.statistic) {
      problem(expr, fmt::format("'{}' is asked of a state, not of a whole run", name));
      return {};
    }
    const bool of_baseline = name.starts_with(prefix);
    if (of_baseline) name.erase(0, prefix.size());
    out_.parts.push_back(
        {.code = of_baseline ? Op::baseline : Op::measure, .measure = std::move(name)});
    return {.dimension = row.dimension};
  }

  Dimension combined(const Expr& expr, Op code, Term left, Term right) {
    if (is_truth(code)) return Dimension::none;
    const Dimension a = left.dimension;
    const Dimension b = right.dimension;
    const bool alike = a == b || left.zero || right.zero;
    if (is_sum(code) || is_comparison(code)) {
      if (!alike) {
        problem(expr, fmt::format("{} and {} cannot be {}", description(a), description(b),
                                  is_sum(code) ? "added" : "compared"));
      }
      return is_sum(code) ? (left.zero ? b : a) : Dimension::none;
    }
    if (code == Op::divide && a == b) return Dimension::none;
    if (b == Dimension::none) return a;
    if (code == Op::multiply && a == Dimension::none) return b;
    problem(expr, fmt::format("{} and {} cannot be {}", description(a), description(b),
                              code == Op::divide ? "divided" : "multiplied"));
    return Dimension::none;
  }

  void problem(const Expr& expr, std::string message) {
    problems_.push_back({.span = expr.span, .message = std::move(message)});
  }

  const Checked& checked_;
  const Assignment& assignment_;
  Problems& problems_;
  Statistic out_;
};

ReportPlan::Kind kind_named(std::string_view word) {
  if (word == "bars") return ReportPlan::Kind::bars;
  if (word == "cdf") return ReportPlan::Kind::cdf;
  return word == "heat_map" ? ReportPlan::Kind::heat_map : ReportPlan::Kind::lines;
}

// Where the names of params in a clause go. Null: it has values.
std::string* param_of(ReportPlan& plan, std::string_view key) {
  const bool heat_map = plan.kind == ReportPlan::Kind::heat_map;
  if (key == "lines") return &plan.lines;
  if (key == "facets") return &plan.facets;
  if (key == "x" && plan.kind != ReportPlan::Kind::cdf) return &plan.x;
  return key == "y" && heat_map ? &plan.y : nullptr;
}

bool holds(const Value& value) {
  const Quantity* quantity = value.quantity();
  return quantity != nullptr && quantity->amount != Rational(0);
}

void add_report(Compiler& compiler, const Report& report, Statistics& statistics) {
  ReportPlan plan{.kind = report.kind == ReportKind::table ? ReportPlan::Kind::table
                                                           : ReportPlan::Kind::lines};
  for (const ReportClause& clause : report.clauses) {
    if (clause.key.text != "as") continue;
    plan.kind = kind_named(canonical(clause.values.front()));
    plan.chosen = true;
  }
  for (const ReportClause& clause : report.clauses) {
    if (clause.key.text == "as") continue;
    if (std::string* param = param_of(plan, clause.key.text)) {
      *param = canonical(clause.values.front());
      continue;
    }
    for (const Expr& value : clause.values) {
      if (clause.key.text == "by") {
        plan.by.push_back(canonical(value));
      } else {
        plan.of.push_back(statistics.reported.size());
        statistics.reported.push_back(compiler.compile(value));
      }
    }
  }
  statistics.reports.push_back(std::move(plan));
}

}  // namespace

Statistics statistics_of(const Checked& checked, const Assignment& assignment, Problems& problems) {
  Statistics statistics;
  Compiler compiler(checked, assignment, problems);
  for (const File& file : checked.script->files) {
    for (const Item& item : file.items) {
      if (const auto* check = std::get_if<Check>(&item.node)) {
        Statistic condition = compiler.compile(check->condition);
        if (check->when && !holds(evaluate(checked, assignment, *check->when).value)) continue;
        statistics.checks.push_back({.condition = std::move(condition), .span = item.span});
      }
      if (const auto* report = std::get_if<Report>(&item.node)) {
        add_report(compiler, *report, statistics);
      }
    }
  }
  return statistics;
}

}  // namespace language
