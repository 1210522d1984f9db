// SPDX-License-Identifier: Apache-2.0
#include "cli/plot/svg.hpp"

#include <fmt/format.h>

namespace cli::plot {
namespace {

std::string number(double value) {
  std::string text = fmt::format("{:.2f}", value);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text == "-0" ? "0" : text;
}

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '&') {
      result += "&amp;";
    } else if (c == '<') {
      result += "&lt;";
    } else if (c == '>') {
      result += "&gt;";
    } else if (c == '"') {
      result += "&quot;";
    } else {
      result += c;
    }
  }
  return result;
}

std::string style(const Stroke& stroke) {
  std::string text =
      fmt::format(" stroke=\"{}\" stroke-width=\"{}\"", stroke.colour, number(stroke.width));
  if (!stroke.dashes.empty()) text += fmt::format(" stroke-dasharray=\"{}\"", stroke.dashes);
  return text;
}

std::string list(const std::vector<Point>& points) {
  std::string text;
  for (const Point& point : points) {
    text += fmt::format("{}{},{}", text.empty() ? "" : " ", number(point.x), number(point.y));
  }
  return text;
}

std::string_view name_of(Anchor anchor) {
  switch (anchor) {
    case Anchor::start:
      return "start";
    case Anchor::middle:
      return "middle";
    case Anchor::end:
      return "end";
  }
  return {};
}

}  // namespace

double text_width(std::string_view text, double size) {
  return 0.54 * size * static_cast<double>(text.size());
}

void Svg::line(Point from, Point to, const Stroke& stroke) {
  body_ += fmt::format("<line x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\"{}/>\n", number(from.x),
                       number(from.y), number(to.x), number(to.y), style(stroke));
}

void Svg::polyline(const std::vector<Point>& points, const Stroke& stroke) {
  body_ += fmt::format("<polyline points=\"{}\" fill=\"none\" stroke-linejoin=\"round\"{}/>\n",
                       list(points), style(stroke));
}

void Svg::polygon(const std::vector<Point>& points, std::string_view fill, const Stroke& stroke) {
  body_ +=
      fmt::format("<polygon points=\"{}\" fill=\"{}\"{}/>\n", list(points), fill, style(stroke));
}

void Svg::circle(Point centre, double radius, std::string_view fill, const Stroke& stroke) {
  body_ += fmt::format("<circle cx=\"{}\" cy=\"{}\" r=\"{}\" fill=\"{}\"{}/>\n", number(centre.x),
                       number(centre.y), number(radius), fill, style(stroke));
}

void Svg::rectangle(const Box& box, std::string_view fill) {
  body_ += fmt::format("<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{}\"/>\n",
                       number(box.x), number(box.y), number(box.width), number(box.height), fill);
}

void Svg::text(Point at, std::string_view text, const Lettering& lettering) {
  const std::string turn = lettering.upwards ? fmt::format(" transform=\"rotate(-90 {} {})\"",
                                                           number(at.x), number(at.y))
                                             : "";
  body_ += fmt::format(
      "<text x=\"{}\" y=\"{}\" font-size=\"{}\" text-anchor=\"{}\" fill=\"{}\"{}{}>{}</text>\n",
      number(at.x), number(at.y), number(lettering.size), name_of(lettering.anchor),
      lettering.colour, lettering.bold ? " font-weight=\"bold\"" : "", turn, escaped(text));
}

std::string Svg::finish(double width, double height, std::string_view title) const {
  return fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" "
      "viewBox=\"0 0 {0} {1}\" font-family=\"Helvetica, Arial, sans-serif\">\n"
      "<title>{2}</title>\n<rect width=\"{0}\" height=\"{1}\" fill=\"#ffffff\"/>\n{3}</svg>\n",
      number(width), number(height), escaped(title), body_);
}

}  // namespace cli::plot
