// SPDX-License-Identifier: Apache-2.0
#include "cli/figure.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <string_view>

namespace cli {
namespace {

struct Scale {
  double least;  // For figures from here on.
  std::string_view unit;
};

// Four places, and all of them before the point.
std::string places(double value) {
  const double size = std::abs(value);
  if (value == std::floor(value) && size < 1e6) return fmt::format("{:.0f}", value);
  return fmt::format("{:.{}f}", value, size < 10 ? 3 : size < 100 ? 2 : size < 1000 ? 1 : 0);
}

template <std::size_t count>
std::string scaled(double value, const std::array<Scale, count>& scales) {
  for (const Scale& scale : scales) {
    if (std::abs(value) >= scale.least)
      return places(value / scale.least) + std::string(scale.unit);
  }
  return places(value) + std::string(scales.back().unit);
}

}  // namespace

std::string figure_text(const model::Measured& measured) {
  static constexpr std::array<Scale, 4> times{
      {{1e9, " s"}, {1e6, " ms"}, {1e3, " us"}, {1, " ns"}}};
  static constexpr std::array<Scale, 3> rates{{{1e6, " M/s"}, {1e3, " k/s"}, {1, " /s"}}};
  if (measured.unit == "ns") return scaled(measured.value, times);
  if (measured.unit == "page ns") return scaled(measured.value, times).insert(0, "page x ");
  if (measured.unit == "1/s") return scaled(measured.value, rates);
  return places(measured.value) + (measured.unit.empty() ? "" : " " + measured.unit);
}

}  // namespace cli
