// SPDX-License-Identifier: Apache-2.0
// The mean of a few runs, and how far the true one may be from it; how measures are written.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cli {

struct Estimate {
  double mean = 0;
  double half_width = 0;  // Of the confidence interval of 95 %, by Student's t. 0: one run alone.
  std::size_t runs = 0;
};
Estimate estimate(const std::vector<double>& values);

// At most four digits that say something: 12.34 us, 1.5 M/s, 0.
std::string quantity_text(double value, std::string_view unit);
std::string quantity_text(const Estimate& estimate, std::string_view unit);  // 12.3 us +-0.4
// The shortest text from which the same number can be read.
std::string exact_text(double value);

}  // namespace cli
