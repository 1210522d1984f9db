// SPDX-License-Identifier: Apache-2.0
#include "bench/yardstick/interval_notifier.hpp"
#include "bench/yardstick/interval_regions.hpp"
#include "bench/yardstick/interval_symmetry.hpp"
#include "bench/yardstick/measure_scope.hpp"

namespace yardstick {
namespace {
static_assert(offers_reductions<IntervalNotifier<interval_scopes[0]>>);
static_assert(sim::Forgetful<IntervalNotifier<interval_scopes[0]>>);

template <std::size_t... index>
constexpr auto runs(std::index_sequence<index...>) {
  return std::array<Run, sizeof...(index)>{&run<IntervalNotifier<interval_scopes[index]>>...};
}
}  // namespace

Run interval_run(std::size_t index) {
  static constexpr auto all = runs(std::make_index_sequence<interval_scopes.size()>{});
  return all.at(index);
}
}  // namespace yardstick
