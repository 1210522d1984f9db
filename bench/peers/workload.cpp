// SPDX-License-Identifier: Apache-2.0
#include "bench/peers/workload.hpp"

#include <cmath>

namespace peers {
namespace {
constexpr std::size_t quantiles = 4096;
constexpr std::array<std::string_view, 4> names{"hold", "wire", "phold", "timeout"};

std::array<std::uint64_t, quantiles> make_quantiles() {
  std::array<std::uint64_t, quantiles> table{};
  for (std::size_t i = 0; i < quantiles; ++i) {
    const double share = (static_cast<double>(i) + 0.5) / quantiles;
    table[i] = static_cast<std::uint64_t>(-std::log(share) * static_cast<double>(mean));
  }
  return table;
}

const std::array<std::uint64_t, quantiles> quantile_table = make_quantiles();

// Events come at this rate: the mean time from one of a token to its next.
std::uint64_t period(Model model) {
  switch (model) {
    case Model::hold:
    case Model::phold:
      return mean;
    case Model::wire:
      return (150 + 150 + 1200 + 9600) / 4;
    case Model::time_out:
      return mean * 17 / 10;
  }
  return 0;
}

// Off the grid of the constant times.
std::uint64_t off_grid(std::uint64_t time) { return time / 50 * 50 + 25; }
}  // namespace

const std::array<std::uint64_t, 4> wire_delays{150, 150, 1200, 9600};

std::uint64_t Workload::warm_up_end() const {
  const std::uint64_t rounds = model == Model::time_out ? 12 : 2;
  return off_grid(rounds * period(model));
}

std::uint64_t Workload::end() const {
  const double rounds = static_cast<double>(events) / pending;
  const double ticks = rounds * static_cast<double>(period(model));
  return off_grid(warm_up_end() + static_cast<std::uint64_t>(ticks));
}

bool parse_model(std::string_view text, Model& model) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (text != names[i]) continue;
    model = static_cast<Model>(i);
    return true;
  }
  return false;
}

std::string_view name_of(Model model) { return names[static_cast<std::size_t>(model)]; }

std::uint64_t exponential(std::uint64_t word) {
  return 1 + quantile_table[word >> 52] + ((word >> 8) & 0xfffff);
}
}  // namespace peers
