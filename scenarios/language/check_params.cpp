// SPDX-License-Identifier: Apache-2.0
// The values that params take, what the command line says of them, and lets.
#include <fmt/format.h>

#include <algorithm>

#include "scenarios/language/checking.hpp"

namespace language {
namespace {

constexpr std::size_t values_max = 10'000;

// Whose unit the values of a range are written in: the step's, or that of an end.
const NumberExpr* unit_of(const ParamRange& range) {
  for (const Expr* expr : {range.step ? &*range.step : nullptr, &range.first, &range.last}) {
    const auto* number = expr == nullptr ? nullptr : std::get_if<NumberExpr>(&expr->node);
    if (number != nullptr && !number->unit.empty()) return number;
  }
  return nullptr;
}

// "3us" of 3000 ns.
std::string written_as(const Vocabulary& words, const Rational& amount, const NumberExpr* like) {
  const UnitRow* row = like == nullptr ? nullptr : find(words.units, like->unit);
  const auto number = row == nullptr ? std::nullopt : Rational::divide(amount, row->scale);
  if (!number) return amount.text();
  return number->text() + (like->unit_apart ? " " : "") + like->unit;
}

struct RangeValues {
  Quantity first;
  Quantity last;
  Quantity step;
};

// Empty, and reported, if these are no numbers of one dimension.
std::optional<RangeValues> range_values(Checking& checking, const ParamRange& range) {
  const Span span = join(range.first.span, range.last.span);
  const auto amount = [&](const Expr& expr) { return literal_value(expr, checking.vocabulary); };
  const Value first = amount(range.first);
  const Value last = amount(range.last);
  const Value step = range.step ? amount(*range.step) : Value{Quantity{Rational(1)}, "1"};
  if (!first.quantity() || !last.quantity() || !step.quantity()) {
    report(checking, span, "the ends of a range are numbers");
    return std::nullopt;
  }
  RangeValues values{*first.quantity(), *last.quantity(), *step.quantity()};
  // 0 is 0 of everything.
  if (values.first.amount == Rational(0)) values.first.dimension = values.last.dimension;
  const Dimension dimension = values.first.dimension;
  if (values.last.dimension != dimension) {
    report(checking, span,
           fmt::format("a range cannot go from {} to {}", description(dimension),
                       description(values.last.dimension)));
    return std::nullopt;
  }
  if (values.step.dimension != dimension) {
    report(checking, range.step ? range.step->span : span,
           fmt::format("the step of this range is {}{}", description(dimension),
                       range.step ? "" : ": write 'step ...'"));
    return std::nullopt;
  }
  if (values.step.amount <= Rational(0)) {
    report(checking, range.step ? range.step->span : span, "a step is more than 0");
    return std::nullopt;
  }
  if (values.first.amount > values.last.amount) {
    report(checking, span, fmt::format("the range {}..{} is empty", first.text(), last.text()));
    return std::nullopt;
  }
  return values;
}

void add_range(Checking& checking, ParamInfo& info, const ParamRange& range) {
  const auto values = range_values(checking, range);
  if (!values) return;
  const NumberExpr* like = unit_of(range);
  std::optional<Rational> value = values->first.amount;
  while (value && *value <= values->last.amount) {
    if (info.values.size() == values_max) {
      return report(checking, join(range.first.span, range.last.span),
                    fmt::format("a param takes {} values at most", values_max));
    }
    info.values.push_back(
        {Quantity{*value, values->first.dimension}, written_as(checking.vocabulary, *value, like)});
    value = Rational::add(*value, values->step.amount);
  }
}

void add_list(Checking& checking, ParamInfo& info, const ListExpr& list) {
  if (list.elements.empty()) return report(checking, info.name.span, "the list is empty");
  for (const Expr& element : list.elements) {
    const Value value = literal_value(element, checking.vocabulary);
    if (!value.constant()) report(checking, element.span, "a param takes words and numbers");
    info.values.push_back(value);
  }
}

void find_values(Checking& checking, ParamInfo& info) {
  const Param& param = *info.param;
  if (const auto* list = std::get_if<ListExpr>(&param.choices)) {
    add_list(checking, info, *list);
  } else if (const auto* range = std::get_if<ParamRange>(&param.choices)) {
    add_range(checking, info, *range);
  } else if (!param.value && !info.overridden) {
    report(checking, info.name.span,
           fmt::format("'{}' has no value: write '= value', 'in [...]', or give it with -D",
                       info.name.text));
  }
  if (!param.value) return;
  const Value value = literal_value(*param.value, checking.vocabulary);
  if (!value.constant()) report(checking, param.value->span, "a param takes words and numbers");
  info.default_value = value;
  if (info.values.empty()) info.values.push_back(value);
}

ParamInfo* find_param(Checking& checking, const Name& name) {
  std::vector<std::string> known;
  for (ParamInfo& info : checking.checked.params) {
    if (info.name.text == name.text) return &info;
    known.push_back(info.name.text);
  }
  report_unknown(checking, name.span, name.text, "a param of this scenario", known);
  return nullptr;
}

}  // namespace

Span place_of_value(const ParamInfo& info, std::size_t i) {
  if (info.overridden) return info.name.span;
  const auto* list = std::get_if<ListExpr>(&info.param->choices);
  if (list != nullptr && i < list->elements.size()) return list->elements[i].span;
  return list == nullptr && info.param->value ? info.param->value->span : info.name.span;
}

void check_params(Checking& checking) {
  std::vector<std::pair<ParamInfo*, Value>> given;
  for (const Override& definition : checking.overrides.params) {
    ParamInfo* info = find_param(checking, definition.name);
    if (info == nullptr) continue;
    const Value value = literal_value(definition.value, checking.vocabulary);
    const bool reported = std::holds_alternative<BadExpr>(definition.value.node);
    if (!value.constant() && !reported) {
      report(checking, definition.value.span, "a param takes words and numbers");
    }
    info->overridden = true;
    given.emplace_back(info, value);
  }
  for (ParamInfo& info : checking.checked.params) {
    find_values(checking, info);
    if (info.values.empty()) info.values.push_back({Quantity{}, "0"});
  }
  for (const auto& [info, value] : given) info->values = {value};
  if (checking.overrides.policy) {
    checking.checked.policy_override = checking.overrides.policy;
  }
  checking.samples = samples(checking.checked);
  if (checking.samples.empty()) checking.samples.push_back({});
}

void check_lets(Checking& checking) {
  for (const LetInfo& info : checking.checked.lets) {
    const std::size_t before = checking.checked.problems.size();
    const Kind kind = infer(checking, {}, info.let->value).kind;
    if (kind == Kind::unknown || checking.checked.problems.size() != before) continue;
    for (const Assignment& sample : checking.samples) {
      const Evaluated result = evaluate(checking.checked, sample, info.let->value);
      if (result.value.constant()) continue;
      report(checking, info.let->value.span,
             result.problem.empty() ? "a let is worth a number or a word" : result.problem);
      break;
    }
  }
}

}  // namespace language
