// SPDX-License-Identifier: Apache-2.0
#include "bench/yardstick/measure.hpp"

#include <charconv>

#include "bench/yardstick/measure_scope.hpp"

namespace yardstick {
namespace {
// "A10" is 9.
std::size_t index_of(std::string_view scope) {
  std::size_t number = 0;
  std::from_chars(scope.data() + 1, scope.data() + scope.size(), number);
  return number - 1;
}
}  // namespace

std::uint64_t states_expected(const Case& one) {
  for (const Violation& each : violations()) {
    const bool same = each.variant == one.variant && each.property == one.property;
    if (each.scope == one.scope && same) return each.states;
  }
  return proof_of(one.scope).states;
}

Result measure(const Case& one, const How& how) {
  const std::size_t index = index_of(one.scope);
  const bool first = model_of(one.scope) == Model::interval_notifier;
  return (first ? interval_run(index) : holt_run(index))(one, how);
}
}  // namespace yardstick
