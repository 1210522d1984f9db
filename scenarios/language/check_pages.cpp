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

std::optional<std::uint64_t> extent_of(const Checked& checked, const Expr& object) {
  const Symbol symbol = checked.meaning(object).symbol;
  if (symbol.kind == SymbolKind::region) return checked.regions[symbol.index].pages;
  if (symbol.kind != SymbolKind::variable) return std::nullopt;
  const VariableInfo& info = checked.variables[symbol.index];
  if (info.pages) return info.pages;
  return info.region ? checked.regions[*info.region].pages : std::nullopt;
}

void check_bounds(Checking& checking, const Expr& object, const Expr& first, const Expr& last) {
  const auto extent = extent_of(checking.checked, object);
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
    if (!extent || static_cast<std::uint64_t>(*high) < *extent) continue;
    return report(checking, last.span,
                  fmt::format("page {} is beyond the last one, {}", *high,
                              static_cast<std::int64_t>(*extent) - 1));
  }
}

}  // namespace language
