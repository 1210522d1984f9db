// SPDX-License-Identifier: Apache-2.0
// Chart: what a plot shows, and its drawing. Panels share their axes, so that they can be compared.
#pragma once

#include <string>
#include <vector>

namespace cli::plot {

enum class Kind : std::uint8_t { lines, bars, cdf, heat_map };

struct Value {
  bool there = false;
  double value = 0;
  double half_width = 0;  // Of its error bar; 0: none.
  bool marked = false;    // A guarantee broke there.
};
struct Series {
  std::vector<Value> points{};    // One for each of Chart::categories.
  std::vector<double> samples{};  // cdf: ascending.
};
struct Panel {
  std::string title{};
  std::vector<Series> series{};  // In the order of the legend. heat_map: of the rows.
};

struct Chart {
  Kind kind = Kind::lines;
  std::string title{};
  std::string x_title{}, y_title{};
  std::vector<std::string> categories{};  // Along x,
  std::vector<double> positions{};        // and where they stand, if they are numbers.
  std::vector<std::string> rows{};        // heat_map
  std::string value_title{};              // heat_map: what the colours mean.
  std::string value_unit{};               // Of y, of a cdf's x, of the colours.
  std::string legend_title{};
  std::vector<std::string> legend{};
  std::string note{};
  std::vector<Panel> panels{};
};

std::string to_svg(const Chart& chart);

}  // namespace cli::plot
