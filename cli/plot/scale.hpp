// SPDX-License-Identifier: Apache-2.0
// Scale: where a value stands on an axis, and which round numbers stand beside it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cli::plot {

// In which unit the numbers of an axis are written: us for 12,345 ns.
struct DisplayUnit {
  double factor = 1;
  std::string name{};
};
DisplayUnit display_unit(double largest, std::string_view unit);

struct Tick {
  double value = 0;
  std::string label{};  // Empty: a small one.
};

struct Scale {
  bool logarithmic = false;
  double low = 0;
  double high = 1;
  std::vector<Tick> ticks{};

  double share(double value) const;  // 0 at its low end, 1 at its high end.
};

// A factor of 30 between values that are all above 0 wants a logarithmic axis.
bool wants_logarithm(const std::vector<double>& values);
// Covers the values, with ends at ticks. `from_zero`: 0 is on it, unless it is logarithmic.
enum class Start : std::uint8_t { zero, anywhere };
Scale linear_scale(const std::vector<double>& values, Start start, const DisplayUnit& unit);
Scale logarithmic_scale(const std::vector<double>& values, const DisplayUnit& unit);

}  // namespace cli::plot
