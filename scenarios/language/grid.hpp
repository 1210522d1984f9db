// SPDX-License-Identifier: Apache-2.0
// What a sweep goes over: every combination of the values of the params, and what is to be reported
// of it. Nothing is lowered: each cell is loaded when its turn comes, with its params chosen.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "scenarios/language/lower.hpp"

namespace language {

struct Checked;

struct GridValue {
  std::string text;              // As it is written, and as -D takes it.
  std::optional<double> number;  // Of a quantity, in the base unit of its dimension.
};
struct GridParam {
  std::string name;
  std::vector<GridValue> values;
};
struct GridPoint {
  std::vector<std::size_t> values;  // Of each param, which one.
  bool baseline = false;            // The `baseline` statement is about it.
};

// Which values a param takes that has a default as well.
enum class Taken : std::uint8_t { all, default_alone };

struct Grid {
  std::string title;
  std::vector<GridParam> params;
  std::vector<GridPoint> points;  // The last param turns fastest. None if there are errors.
  // The params that `baseline` names: what it is compared with has the others in common.
  std::vector<std::string> baseline_params;
  bool has_baseline = false;
  std::vector<Problem> problems;
  std::shared_ptr<const Checked> checked;  // That it was read from.
};

// What the script says of measures at one of the points.
Statistics statistics_at(const Grid& grid, std::size_t point);

inline constexpr std::size_t grid_points_max = 1'000'000;

Grid load_grid(Sources& sources, const std::string& path, const Choices& choices, Taken taken);

}  // namespace language
