// SPDX-License-Identifier: Apache-2.0
#include "cli/plot/scale.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace cli::plot {
namespace {

constexpr double ticks_wanted = 5;
constexpr double wide = 30;

// Without digits that come from binary fractions.
std::string label_of(double value) { return fmt::format("{:.6g}", value); }

double power_of_10(double value) { return std::pow(10.0, std::floor(std::log10(value))); }

// 1, 2 or 5 times a power of 10: the smallest that is not below.
double round_step(double value) {
  const double power = power_of_10(value);
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= value * 0.999'999) return factor * power;
  }
  return 10 * power;
}

}  // namespace

DisplayUnit display_unit(double largest, std::string_view unit) {
  struct Row {
    double factor;
    std::string_view prefix;
  };
  constexpr std::array<Row, 4> times{{{1, "ns"}, {1e3, "us"}, {1e6, "ms"}, {1e9, "s"}}};
  constexpr std::array<Row, 4> others{{{1, ""}, {1e3, "k"}, {1e6, "M"}, {1e9, "G"}}};
  const bool time = unit == "ns";
  Row chosen = time ? times[0] : others[0];
  for (const Row& row : time ? times : others) {
    const double needed = row.factor * (time || row.factor == 1 ? 1 : 10);
    if (largest >= needed) chosen = row;
  }
  if (time) return {chosen.factor, std::string(chosen.prefix)};
  const std::string rest(unit == "1/s" ? "/s" : unit);
  return {chosen.factor,
          std::string(chosen.prefix) + (unit == "1/s" && chosen.factor == 1 ? "1/s" : rest)};
}

double Scale::share(double value) const {
  if (logarithmic) return (std::log10(value) - std::log10(low)) / std::log10(high / low);
  return (value - low) / (high - low);
}

bool wants_logarithm(const std::vector<double>& values) {
  if (values.empty()) return false;
  const auto [low, high] = std::ranges::minmax(values);
  return low > 0 && high / low >= wide;
}

Scale linear_scale(const std::vector<double>& values, Start start, const DisplayUnit& unit) {
  double low = values.empty() ? 0 : std::ranges::min(values) / unit.factor;
  double high = values.empty() ? 1 : std::ranges::max(values) / unit.factor;
  if (start == Start::zero) {
    low = std::min(low, 0.0);
    high = std::max(high, 0.0);
  }
  if (low == high) high = low + (low == 0 ? 1 : std::abs(low));
  const double step = round_step((high - low) / ticks_wanted);
  const double first = std::floor(low / step + 1e-9);
  const double last = std::ceil(high / step - 1e-9);
  Scale scale{.low = first * step * unit.factor, .high = last * step * unit.factor};
  for (double i = first; i <= last; ++i) {
    scale.ticks.push_back({.value = i * step * unit.factor, .label = label_of(i * step)});
  }
  return scale;
}

Scale logarithmic_scale(const std::vector<double>& values, const DisplayUnit& unit) {
  const double smallest = std::ranges::min(values) / unit.factor;
  const double largest = std::ranges::max(values) / unit.factor;
  Scale scale{.logarithmic = true};
  std::vector<double> all;
  for (double power = power_of_10(smallest); power <= largest * 10; power *= 10) {
    for (double digit = 1; digit < 10; ++digit) all.push_back(digit * power);
  }
  const auto first = std::ranges::upper_bound(all, smallest * (1 + 1e-9)) - 1;
  const auto last = std::ranges::lower_bound(all, largest * (1 - 1e-9));
  const bool few = *last / *first < 300;  // Then 2 and 5 have their labels too.
  scale.low = *first * unit.factor;
  scale.high = *last * unit.factor;
  for (auto tick = first; tick <= last; ++tick) {
    const double digit = std::round(*tick / power_of_10(*tick * (1 + 1e-9)));
    const bool named = digit == 1 || (few && (digit == 2 || digit == 5));
    scale.ticks.push_back(
        {.value = *tick * unit.factor, .label = named ? label_of(*tick) : std::string()});
  }
  return scale;
}

}  // namespace cli::plot
