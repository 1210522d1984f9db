// SPDX-License-Identifier: Apache-2.0
// Arithmetic of a table of points: `(cold - warm) / 1000`. Names are runs.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace validation {

using Values = std::map<std::string, double, std::less<>>;

struct Evaluated {
  double value = 0;
  std::string problem{};  // Empty: there is a value.
};
Evaluated evaluate(std::string_view expression, const Values& values);

}  // namespace validation
