// SPDX-License-Identifier: Apache-2.0
// The values that params take, and what the command line says of them.
#include <fmt/format.h>

#include <algorithm>

#include "scenarios/language/checking.hpp"

namespace language {
namespace {

constexpr std::size_t values_max = 10'000;

void add_range(Checking& checking, ParamInfo& info, const ParamRange& range) {
  const Vocabulary& words = checking.vocabulary;
  const Value first = literal_value(range.first, words);
  const Value last = literal_value(range.last, words);
  const Value step =
      range.step ? literal_value(*range.step, words) : Value{Quantity{Rational(1)}, "1"};
  const Quantity* low = first.quantity();
  const Quantity* high = last.quantity();
  const Quantity* by = step.quantity();
  if (low == nullptr || high == nullptr || by == nullptr) {
    return report(checking, join(range.first.span, range.last.span),
                  "the ends of a range are numbers");
  }
  if (by->amount <= Rational(0)) {
    return report(checking, range.step->span, "a step is more than 0");
  }
  if (low->amount > high->amount) {
    return report(checking, join(range.first.span, range.last.span), "the range is empty");
  }
  std::optional<Rational> value = low->amount;
  while (value && *value <= high->amount && info.values.size() < values_max) {
    info.values.push_back({Quantity{*value, low->dimension}, value->text()});
    value = Rational::add(*value, by->amount);
  }
}

void find_values(Checking& checking, ParamInfo& info) {
  const Param& param = *info.param;
  if (const auto* list = std::get_if<ListExpr>(&param.choices)) {
    for (const Expr& element : list->elements) {
      const Value value = literal_value(element, checking.vocabulary);
      if (!value.constant()) report(checking, element.span, "a param takes words and numbers");
      info.values.push_back(value);
    }
  } else if (const auto* range = std::get_if<ParamRange>(&param.choices)) {
    add_range(checking, info, *range);
  }
  if (!param.value) return;
  const Value value = literal_value(*param.value, checking.vocabulary);
  if (!value.constant()) report(checking, param.value->span, "a param takes words and numbers");
  info.default_value = value;
  if (info.values.empty()) info.values.push_back(value);
}

void override_value(Checking& checking, const Override& given) {
  std::vector<std::string> known;
  for (ParamInfo& info : checking.checked.params) {
    known.push_back(info.name.text);
    if (info.name.text != given.name.text) continue;
    const Value value = literal_value(given.value, checking.vocabulary);
    if (!value.constant()) report(checking, given.value.span, "a param takes words and numbers");
    info.values = {value};
    info.overridden = true;
    return;
  }
  report_unknown(checking, given.name.span, given.name.text, "a param of this scenario", known);
}

}  // namespace

void check_params(Checking& checking) {
  for (ParamInfo& info : checking.checked.params) find_values(checking, info);
  for (const Override& given : checking.overrides.params) override_value(checking, given);
  for (ParamInfo& info : checking.checked.params) {
    if (!info.values.empty()) continue;
    report(checking, info.name.span,
           fmt::format("'{}' has no value: write '= value', 'in [...]', or give it with -D",
                       info.name.text));
    info.values.push_back({Quantity{}, "0"});
  }
  if (checking.overrides.policy) {
    checking.checked.policy_override = checking.overrides.policy->text;
  }
  checking.samples = samples(checking.checked);
  if (checking.samples.empty()) checking.samples.push_back({});
}

}  // namespace language
