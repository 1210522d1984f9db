// SPDX-License-Identifier: Apache-2.0
// A drawing as SVG: a few shapes and texts, in pixels from the upper left. Equal calls give equal
// bytes.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cli::plot {

struct Point {
  double x = 0;
  double y = 0;
};
struct Box {
  double x = 0;
  double y = 0;
  double width = 0;
  double height = 0;

  double right() const { return x + width; }
  double bottom() const { return y + height; }
};

struct Stroke {
  std::string_view colour = "#000000";
  double width = 1;
  std::string_view dashes = "";  // As "6 3".
};

enum class Anchor : std::uint8_t { start, middle, end };
struct Lettering {
  Anchor anchor = Anchor::start;
  double size = 12;
  std::string_view colour = "#222222";
  bool bold = false;
  bool upwards = false;  // Turned by 90 degrees.
};

// What it takes about, in the font that browsers have for sans-serif.
double text_width(std::string_view text, double size);

class Svg {
 public:
  void line(Point from, Point to, const Stroke& stroke);
  void polyline(const std::vector<Point>& points, const Stroke& stroke);
  void polygon(const std::vector<Point>& points, std::string_view fill, const Stroke& stroke);
  void circle(Point centre, double radius, std::string_view fill, const Stroke& stroke);
  void rectangle(const Box& box, std::string_view fill);
  void text(Point at, std::string_view text, const Lettering& lettering);

  std::string finish(double width, double height, std::string_view title) const;

 private:
  std::string body_;
};

}  // namespace cli::plot
