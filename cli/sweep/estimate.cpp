// SPDX-License-Identifier: Apache-2.0
#include "cli/sweep/estimate.hpp"

#include <fmt/format.h>

#include <array>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>

namespace cli {
namespace {

struct Scale {
  double factor;
  std::string_view name;
};
constexpr std::array<Scale, 4> times{{{1, "ns"}, {1e3, "us"}, {1e6, "ms"}, {1e9, "s"}}};
constexpr std::array<Scale, 4> counts{{{1, ""}, {1e3, "k"}, {1e6, "M"}, {1e9, "G"}}};

// Four digits, without zeros that say nothing.
std::string digits(double value) {
  const double size = std::abs(value);
  const int decimals = size >= 1000 ? 0 : size >= 100 ? 1 : size >= 10 ? 2 : 3;
  std::string text = fmt::format("{:.{}f}", value, decimals);
  if (text.find('.') == std::string::npos) return text;
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text == "-0" ? "0" : text;
}

Scale scale_for(double value, std::string_view unit) {
  const bool time = unit == "ns";
  // Small counts are read as they are.
  if (!time && std::abs(value) < 1e5) return {1, ""};
  Scale chosen = time ? times[0] : counts[0];
  for (const Scale& scale : time ? times : counts) {
    if (std::abs(value) >= scale.factor) chosen = scale;
  }
  return chosen;
}

std::string unit_text(const Scale& scale, std::string_view unit) {
  if (unit == "ns") return fmt::format(" {}", scale.name);
  if (unit == "1/s") return fmt::format(" {}/s", scale.name);
  if (unit.empty()) return scale.name.empty() ? "" : fmt::format(" {}", scale.name);
  return fmt::format(" {}{}", scale.name, unit);
}

}  // namespace

Estimate estimate(const std::vector<double>& values) {
  Estimate result{.runs = values.size()};
  if (values.empty()) return result;
  const auto count = static_cast<double>(values.size());
  for (const double value : values) result.mean += value;
  result.mean /= count;
  if (values.size() < 2) return result;
  double squares = 0;
  for (const double value : values) squares += (value - result.mean) * (value - result.mean);
  const double deviation = std::sqrt(squares / (count - 1));
  const boost::math::students_t_distribution<double> student(count - 1);
  result.half_width = boost::math::quantile(student, 0.975) * deviation / std::sqrt(count);
  return result;
}

std::string quantity_text(double value, std::string_view unit) {
  const Scale scale = scale_for(value, unit);
  return digits(value / scale.factor) + unit_text(scale, unit);
}

std::string quantity_text(const Estimate& estimate, std::string_view unit) {
  const Scale scale = scale_for(estimate.mean, unit);
  const std::string mean = digits(estimate.mean / scale.factor) + unit_text(scale, unit);
  if (estimate.half_width == 0) return mean;
  return fmt::format("{} +-{}", mean, digits(estimate.half_width / scale.factor));
}

std::string exact_text(double value) { return fmt::format("{}", value); }

}  // namespace cli
