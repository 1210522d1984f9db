// SPDX-License-Identifier: Apache-2.0
#include "scenarios/language/statistic.hpp"

#include <algorithm>

namespace language {
namespace {

std::optional<double> evaluated(Statistic::Code code, double left, double right) {
  switch (code) {
    case Statistic::Code::logical_or:
      return left != 0 || right != 0 ? 1 : 0;
    case Statistic::Code::logical_and:
      return left != 0 && right != 0 ? 1 : 0;
    case Statistic::Code::equal:
      return left == right ? 1 : 0;
    case Statistic::Code::not_equal:
      return left != right ? 1 : 0;
    case Statistic::Code::less:
      return left < right ? 1 : 0;
    case Statistic::Code::less_equal:
      return left <= right ? 1 : 0;
    case Statistic::Code::greater:
      return left > right ? 1 : 0;
    case Statistic::Code::greater_equal:
      return left >= right ? 1 : 0;
    case Statistic::Code::add:
      return left + right;
    case Statistic::Code::subtract:
      return left - right;
    case Statistic::Code::multiply:
      return left * right;
    case Statistic::Code::divide:
      return right == 0 ? std::nullopt : std::optional(left / right);
    default:
      return std::nullopt;
  }
}

}  // namespace

bool Statistic::has_baseline() const {
  return std::ranges::find(parts, Statistic::Code::baseline, &Part::code) != parts.end();
}

std::optional<double> value_of(const Statistic& statistic, const MeasureOf& measure_of) {
  std::vector<double> stack;
  const auto take = [&] {
    const double top = stack.back();
    stack.pop_back();
    return top;
  };
  for (const Statistic::Part& part : statistic.parts) {
    std::optional<double> value;
    switch (part.code) {
      case Statistic::Code::number:
        value = part.number;
        break;
      case Statistic::Code::measure:
      case Statistic::Code::baseline:
        value = measure_of(part.code, part.measure);
        break;
      case Statistic::Code::negate:
        value = -take();
        break;
      case Statistic::Code::logical_not:
        value = take() == 0 ? 1 : 0;
        break;
      default: {
        const double right = take();
        value = evaluated(part.code, take(), right);
      }
    }
    if (!value) return std::nullopt;
    stack.push_back(*value);
  }
  return stack.empty() ? std::nullopt : std::optional(stack.back());
}

}  // namespace language
