// SPDX-License-Identifier: Apache-2.0
// Bounds of what has pages.
#include <fmt/format.h>

#include "scenarios/language/checking.hpp"

namespace language {
namespace {

std::optional<std::int64_t> whole_number(const Checking& checking, const Expr& expr,
                                         const Assignment& sample) {
  const Evaluated result = evaluate(checking.checked, sample, expr);
  const auto amount = amount_in(result.value, Dimension::none);
  return amount ? amount->to_int64() : std::nullopt;
}

}  // namespace

const Expr& object_of(const Expr& expr) {
  if (const auto* index = std::get_if<IndexExpr>(&expr.node)) return *index->object;
  if (const auto* slice = std::get_if<SliceExpr>(&expr.node)) return *slice->object;
  return expr;
}

std::optional<std::int64_t> extent_of(const Checking& checking, const Expr& object,
                                      const Assignment& sample) {
  const Checked& checked = checking.checked;
  const Symbol symbol = checked.meaning(object).symbol;
  std::optional<std::uint32_t> region;
  if (symbol.kind == SymbolKind::region) region = symbol.index;
  if (symbol.kind == SymbolKind::variable) {
    const VariableInfo& info = checked.variables[symbol.index];
    region = info.region;
    if (region && info.first != nullptr) {
      const auto first = whole_number(checking, *info.first, sample);
      const auto last = whole_number(checking, *info.last, sample);
      // Anything else was reported where it is written.
      return first && last && *last >= *first ? std::optional(*last - *first + 1) : std::nullopt;
    }
  }
  if (!region) return std::nullopt;
  const Value size = evaluate(checked, sample, checked.regions[*region].region->size).value;
  const auto pages = amount_in(size, Dimension::pages);
  return pages && *pages > Rational(0) ? pages->to_int64() : std::nullopt;
}

void check_bounds(Checking& checking, const Expr& object, const Expr& first, const Expr& last) {
  for (const Assignment& sample : checking.samples) {
    const auto low = whole_number(checking, first, sample);
    const auto high = whole_number(checking, last, sample);
    if (!low || !high) {
      const Expr& wrong = low ? last : first;
      return report(checking, wrong.span, "the number of a page is wanted: a constant");
    }
    if (*low < 0) return report(checking, first.span, "pages are counted from 0");
    if (*low > *high) {
      return report(checking, join(first.span, last.span),
                    fmt::format("the range {}..{} is empty", *low, *high));
    }
    const auto extent = extent_of(checking, object, sample);
    if (!extent || *high < *extent) continue;
    return report(checking, last.span,
                  fmt::format("page {} is beyond the last one, {}", *high, *extent - 1));
  }
}

}  // namespace language
