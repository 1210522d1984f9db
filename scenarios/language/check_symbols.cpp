// SPDX-License-Identifier: Apache-2.0
// From names to what they name.
#include <fmt/format.h>

#include <algorithm>

#include "scenarios/language/checking.hpp"

namespace language {
namespace {

const VariableInfo* variable(const Checked& checked, Symbol symbol) {
  return symbol.kind == SymbolKind::variable ? &checked.variables[symbol.index] : nullptr;
}

std::vector<Symbol> visible(const Checking& checking, std::string_view name, auto predicate) {
  std::vector<Symbol> result;
  const auto found = checking.symbols.find(name);
  if (found != checking.symbols.end()) std::ranges::copy_if(found->second, std::back_inserter(result), predicate);
  return result;
}

}  // namespace

}  // namespace language
