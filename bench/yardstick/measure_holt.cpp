// SPDX-License-Identifier: Apache-2.0
#include "bench/yardstick/holt_handle.hpp"
#include "bench/yardstick/holt_regions.hpp"
#include "bench/yardstick/holt_symmetry.hpp"
#include "bench/yardstick/measure_scope.hpp"

namespace yardstick {
namespace {
static_assert(offers_reductions<HoltHandle<holt_scopes[0]>>);

template <std::size_t... index>
constexpr auto runs(std::index_sequence<index...>) {
  return std::array<Run, sizeof...(index)>{&run<HoltHandle<holt_scopes[index]>>...};
}
}  // namespace

Run holt_run(std::size_t index) {
  static constexpr auto all = runs(std::make_index_sequence<holt_scopes.size()>{});
  return all.at(index);
}
}  // namespace yardstick
