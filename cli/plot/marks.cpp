// SPDX-License-Identifier: Apache-2.0
#include "cli/plot/marks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace cli::plot {
namespace {

constexpr std::array<std::string_view, 7> colours{"#0072B2", "#D55E00", "#009E73", "#CC79A7",
                                                  "#E69F00", "#56B4E9", "#000000"};
constexpr std::array<std::string_view, 5> dashes{"", "9 4", "3 3", "9 3 2 3", "14 6"};
constexpr double marker_radius = 3.5;

// The corners of the shapes, round a point; a circle has none.
const std::vector<Point>& corners(std::size_t series) {
  static const std::array<std::vector<Point>, 6> shapes{{
      {},
      {{-1, -1}, {1, -1}, {1, 1}, {-1, 1}},
      {{0, -1.25}, {1.15, 0.85}, {-1.15, 0.85}},
      {{0, -1.4}, {1.4, 0}, {0, 1.4}, {-1.4, 0}},
      {{0, 1.25}, {1.15, -0.85}, {-1.15, -0.85}},
      {{-1.3, 0}, {-0.65, -1.15}, {0.65, -1.15}, {1.3, 0}, {0.65, 1.15}, {-0.65, 1.15}},
  }};
  return shapes[series % shapes.size()];
}

struct Colour {
  double red, green, blue;
};
constexpr std::array<Colour, 9> viridis{{{68, 1, 84},
                                         {71, 44, 122},
                                         {59, 81, 139},
                                         {44, 113, 142},
                                         {33, 144, 141},
                                         {39, 173, 129},
                                         {92, 200, 99},
                                         {170, 220, 50},
                                         {253, 231, 37}}};

}  // namespace

Stroke stroke_of(std::size_t series) {
  return {.colour = colours[series % colours.size()],
          .width = 1.8,
          .dashes = dashes[series / colours.size() % dashes.size()]};
}

Stroke dashed_stroke_of(std::size_t series) {
  Stroke stroke = stroke_of(series);
  stroke.dashes = dashes[series % dashes.size()];
  return stroke;
}

void draw_mark(Svg& svg, std::size_t series, Point at, Fill fill) {
  const std::string_view colour = colours[series % colours.size()];
  const std::string_view inside = fill == Fill::hollow ? "#ffffff" : colour;
  const Stroke stroke{.colour = colour, .width = 1.5};
  const std::vector<Point>& shape = corners(series);
  if (shape.empty()) return svg.circle(at, marker_radius, inside, stroke);
  std::vector<Point> points;
  for (const Point& corner : shape) {
    points.push_back({at.x + marker_radius * corner.x, at.y + marker_radius * corner.y});
  }
  svg.polygon(points, inside, stroke);
}

std::string heat_colour(double share) {
  const double place = std::clamp(share, 0.0, 1.0) * (viridis.size() - 1);
  const auto first = std::min(static_cast<std::size_t>(place), viridis.size() - 2);
  const double rest = place - static_cast<double>(first);
  const auto mix = [&](double a, double b) {
    return static_cast<int>(std::lround(a + (b - a) * rest));
  };
  const Colour& a = viridis[first];
  const Colour& b = viridis[first + 1];
  return fmt::format("#{:02x}{:02x}{:02x}", mix(a.red, b.red), mix(a.green, b.green),
                     mix(a.blue, b.blue));
}

std::string_view text_colour_on(double share) { return share > 0.55 ? "#000000" : "#ffffff"; }

}  // namespace cli::plot
