// SPDX-License-Identifier: Apache-2.0
#include "model/load/pattern.hpp"

#include <algorithm>
#include <array>
#include <boost/random/normal_distribution.hpp>
#include <cmath>
#include <numeric>

#include "sim/check.hpp"

namespace model {
namespace {

// (exp(x) - 1) / x and log(1 + x) / x, which have a value at 0.
double expm1_by(double x) { return std::abs(x) < 1e-8 ? 1 + x / 2 : std::expm1(x) / x; }
double log1p_by(double x) { return std::abs(x) < 1e-8 ? 1 - x / 2 : std::log1p(x) / x; }

struct Named {
  std::string_view name;
  AccessPattern::Kind kind;
  PatternParameter parameter;
};
constexpr std::array<Named, 6> patterns{{
    {"uniform", AccessPattern::Kind::uniform, {}},
    {"random", AccessPattern::Kind::uniform, {}},
    {"zipf", AccessPattern::Kind::zipf, {"theta", 1.1, 0, 100}},
    {"pareto", AccessPattern::Kind::pareto, {"h", 0.2, 0, 1}},
    {"normal", AccessPattern::Kind::normal, {"deviation", 10, 0, 100}},
    {"sequential", AccessPattern::Kind::sequential, {}},
}};

}  // namespace

AccessPattern::Kind pattern_named(std::string_view name) {
  const auto found = std::ranges::find(patterns, name, &Named::name);
  return found == patterns.end() ? AccessPattern::Kind::sequential : found->kind;
}

PatternParameter parameter_of(AccessPattern::Kind kind) {
  return std::ranges::find(patterns, kind, &Named::kind)->parameter;
}

AccessPattern::AccessPattern(Kind kind, double parameter, std::uint32_t blocks)
    : kind_(kind), parameter_(parameter), blocks_(blocks) {
  check(blocks > 0);
  stride_ = static_cast<std::uint32_t>(std::uint64_t{blocks} * 618 / 1000) + 1;
  while (std::gcd(stride_, blocks_) != 1) ++stride_;
  if (kind_ != Kind::zipf) return;
  first_area_ = area(1.5) - 1;
  last_area_ = area(blocks_ + 0.5);
  sure_ = 2 - area_inverse(area(2.5) - std::pow(2.0, -parameter_));
}

// In [0, 1).
double AccessPattern::unit(sim::Bits& bits) const {
  constexpr double one = 1.0 / (std::uint64_t{1} << 53);
  return static_cast<double>(bits() >> 11) * one;
}

double AccessPattern::area(double x) const {
  const double logarithm = std::log(x);
  return expm1_by((1 - parameter_) * logarithm) * logarithm;
}

double AccessPattern::area_inverse(double area) const {
  return std::exp(log1p_by(std::max(-1.0, area * (1 - parameter_))) * area);
}

// Rejection-inversion: W. Hoermann and G. Derflinger, ACM TOMACS 6(3), 1996.
std::uint32_t AccessPattern::draw_zipf(sim::Bits& bits) const {
  while (true) {
    const double at = last_area_ + unit(bits) * (first_area_ - last_area_);
    const double x = area_inverse(at);
    const double rank = std::clamp(std::floor(x + 0.5), 1.0, static_cast<double>(blocks_));
    if (rank - x <= sure_ || at >= area(rank + 0.5) - std::pow(rank, -parameter_)) {
      return static_cast<std::uint32_t>(rank) - 1;
    }
  }
}

// What is used most does not lie together.
std::uint32_t AccessPattern::scattered(std::uint32_t rank) const {
  return static_cast<std::uint32_t>(std::uint64_t{rank} * stride_ % blocks_);
}

std::uint32_t AccessPattern::draw_skewed(sim::Bits& bits, std::uint64_t place) const {
  const std::uint32_t last = blocks_ - 1;
  switch (kind_) {
    case Kind::uniform:
      return draw_uniform(bits);
    case Kind::zipf:
      return scattered(draw_zipf(bits));
    case Kind::pareto: {
      const double power = std::log(parameter_) / std::log(1 - parameter_);
      return scattered(static_cast<std::uint32_t>(last * std::pow(unit(bits), power)));
    }
    case Kind::normal: {
      boost::random::normal_distribution<double> distance(0, blocks_ * parameter_ / 100);
      const auto block = std::llround(blocks_ / 2 + distance(bits));
      return static_cast<std::uint32_t>(std::clamp<long long>(block, 0, last));
    }
    case Kind::sequential:
      return static_cast<std::uint32_t>(place % blocks_);
  }
  return 0;
}

}  // namespace model
