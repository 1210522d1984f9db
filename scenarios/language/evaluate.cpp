// SPDX-License-Identifier: Apache-2.0
#include "scenarios/language/evaluate.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "scenarios/language/canonical.hpp"

namespace language {
namespace {

constexpr std::uint32_t lets_max = 8;  // That refer to one another; more are taken for a circle.
constexpr std::uint32_t nodes_max = 10'000;

template <class Info>
const Info* find_name(const std::vector<Info>& infos, std::string_view name, std::size_t& index) {
  const auto found =
      std::ranges::find(infos, name, [](const Info& info) { return info.name.text; });
  index = static_cast<std::size_t>(found - infos.begin());
  return found == infos.end() ? nullptr : &*found;
}

Evaluated quantity(std::optional<Rational> amount, Dimension dimension) {
  if (!amount) return {{}, "the number is too large"};
  return {{.content = Quantity{*amount, dimension}, .written = ""}, ""};
}

Evaluated truth(bool value) { return quantity(Rational(value ? 1 : 0), Dimension::none); }

Evaluated problem(std::string message) { return {{}, std::move(message)}; }

bool is_zero(const Quantity& value) {
  return value.dimension == Dimension::none && value.amount == Rational(0);
}

// Makes both of one dimension if they can be; then they can be added and compared.
bool unify(Quantity& left, Quantity& right) {
  if (left.dimension == right.dimension) return true;
  if (is_zero(left)) left.dimension = right.dimension;
  if (is_zero(right)) right.dimension = left.dimension;
  for (Quantity* side : {&left, &right}) {
    const Quantity& other = side == &left ? right : left;
    if (side->dimension != Dimension::pages || other.dimension != Dimension::size) continue;
    const auto bytes = Rational::multiply(side->amount, Rational(page_bytes));
    if (!bytes) return false;
    *side = {*bytes, Dimension::size};
  }
  return left.dimension == right.dimension;
}

Evaluated compare(BinaryOp op, const Value& left, const Value& right) {
  const Quantity* left_quantity = left.quantity();
  const Quantity* right_quantity = right.quantity();
  if (left_quantity == nullptr || right_quantity == nullptr) {
    if (op == BinaryOp::equal) return truth(left == right);
    if (op == BinaryOp::not_equal) return truth(!(left == right));
    return problem("words have no order");
  }
  Quantity a = *left_quantity;
  Quantity b = *right_quantity;
  if (!unify(a, b)) {
    return problem(fmt::format("{} and {} cannot be compared", description(a.dimension),
                               description(b.dimension)));
  }
  switch (op) {
    case BinaryOp::equal:
      return truth(a.amount == b.amount);
    case BinaryOp::not_equal:
      return truth(a.amount != b.amount);
    case BinaryOp::less:
      return truth(a.amount < b.amount);
    case BinaryOp::less_equal:
      return truth(a.amount <= b.amount);
    case BinaryOp::greater:
      return truth(a.amount > b.amount);
    default:
      return truth(a.amount >= b.amount);
  }
}

Evaluated combine(BinaryOp op, Quantity left, Quantity right) {
  const bool sum = op == BinaryOp::add || op == BinaryOp::subtract;
  const Dimension a = left.dimension;
  const Dimension b = right.dimension;
  if (sum) {
    if (!unify(left, right)) {
      return problem(fmt::format("{} and {} cannot be added", description(a), description(b)));
    }
    return quantity(op == BinaryOp::add ? Rational::add(left.amount, right.amount)
                                        : Rational::subtract(left.amount, right.amount),
                    left.dimension);
  }
  if (op == BinaryOp::multiply) {
    if (a != Dimension::none && b != Dimension::none) {
      return problem(fmt::format("{} and {} cannot be multiplied", description(a), description(b)));
    }
    return quantity(Rational::multiply(left.amount, right.amount), a == Dimension::none ? b : a);
  }
  if (right.amount == Rational(0)) return problem("division by zero");
  if (b == Dimension::none) return quantity(Rational::divide(left.amount, right.amount), a);
  if (!unify(left, right)) {
    return problem(fmt::format("{} cannot be divided by {}", description(a), description(b)));
  }
  return quantity(Rational::divide(left.amount, right.amount), Dimension::none);
}

Evaluated with_unit(const Vocabulary& vocabulary, const Rational& amount, std::string_view unit) {
  if (unit.empty()) return quantity(amount, Dimension::none);
  const UnitRow* row = find(vocabulary.units, unit);
  if (row == nullptr) return {};
  return quantity(Rational::multiply(amount, row->scale), row->dimension);
}

struct Evaluator {
  const Checked& checked;
  const Assignment& assignment;
  std::uint32_t& nodes;  // Seen so far: lets may make a short text a long expression.
  std::uint32_t lets = 0;

  Evaluated run(const Expr& expr) const {
    if (++nodes > nodes_max) return problem("the expression is too long");
    return std::visit(*this, expr.node);
  }

  Evaluated operator()(const NumberExpr& number) const {
    return with_unit(*checked.vocabulary, number.value, number.unit);
  }
  Evaluated operator()(const UnitExpr& unit) const {
    Evaluated amount = run(*unit.amount);
    const Quantity* plain = amount.value.quantity();
    if (plain == nullptr) return amount;
    if (plain->dimension != Dimension::none) {
      return problem(fmt::format("{} cannot also be a number of {}", description(plain->dimension),
                                 unit.unit.text));
    }
    return with_unit(*checked.vocabulary, plain->amount, unit.unit.text);
  }
  Evaluated operator()(const PathExpr& path) const {
    if (path.path.parts.size() != 1) return {};
    const std::string& name = path.path.parts[0].text;
    std::size_t index = 0;
    if (find_name(checked.params, name, index) != nullptr) {
      return index < assignment.values.size() ? Evaluated{assignment.values[index], ""}
                                              : Evaluated{};
    }
    if (const LetInfo* let = find_name(checked.lets, name, index)) {
      if (lets >= lets_max) return problem(fmt::format("'{}' is defined by itself", name));
      return Evaluator{checked, assignment, nodes, lets + 1}.run(let->let->value);
    }
    if (const ConstantRow* constant = find(checked.vocabulary->constants, name)) {
      return quantity(Rational(constant->value), Dimension::none);
    }
    return {{.content = Word{name}, .written = name}, ""};
  }
  Evaluated operator()(const UnaryExpr& unary) const {
    Evaluated operand = run(*unary.operand);
    const Quantity* value = operand.value.quantity();
    if (value == nullptr) return {{}, operand.problem};
    if (unary.op == UnaryOp::logical_not) return truth(value->amount == Rational(0));
    return quantity(Rational::subtract(Rational(0), value->amount), value->dimension);
  }
  Evaluated operator()(const BinaryExpr& binary) const {
    Evaluated left = run(*binary.left);
    if (!left.value.constant()) return left;
    Evaluated right = run(*binary.right);
    if (!right.value.constant()) return right;
    switch (binary.op) {
      case BinaryOp::equal:
      case BinaryOp::not_equal:
      case BinaryOp::less:
      case BinaryOp::less_equal:
      case BinaryOp::greater:
      case BinaryOp::greater_equal:
        return compare(binary.op, left.value, right.value);
      default:
        break;
    }
    const Quantity* a = left.value.quantity();
    const Quantity* b = right.value.quantity();
    if (a == nullptr || b == nullptr) return {};
    if (binary.op == BinaryOp::bit_or) return {};
    if (binary.op == BinaryOp::logical_and) {
      return truth(a->amount != Rational(0) && b->amount != Rational(0));
    }
    if (binary.op == BinaryOp::logical_or) {
      return truth(a->amount != Rational(0) || b->amount != Rational(0));
    }
    return combine(binary.op, *a, *b);
  }
  template <class Node>  // Calls, regions, strings, lists: no constants.
  Evaluated operator()(const Node&) const {
    return {};
  }
};

}  // namespace

Evaluated evaluate(const Checked& checked, const Assignment& assignment, const Expr& expr) {
  std::uint32_t nodes = 0;
  Evaluated result = Evaluator{checked, assignment, nodes}.run(expr);
  if (result.value.written.empty()) result.value.written = canonical(expr);
  return result;
}

Value literal_value(const Expr& expr, const Vocabulary& vocabulary) {
  Checked nothing;
  nothing.vocabulary = &vocabulary;
  return evaluate(nothing, {}, expr).value;
}

std::optional<Rational> amount_in(const Value& value, Dimension dimension) {
  const Quantity* quantity = value.quantity();
  if (quantity == nullptr) return std::nullopt;
  Quantity from = *quantity;
  Quantity to{Rational(1), dimension};
  if (!unify(from, to)) return std::nullopt;
  if (from.dimension == dimension) return from.amount;
  // Bytes, although pages were wanted.
  return Rational::divide(from.amount, Rational(page_bytes));
}

}  // namespace language
