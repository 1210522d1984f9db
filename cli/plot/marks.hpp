// SPDX-License-Identifier: Apache-2.0
// How series are told apart: by colours that people with any kind of colour vision can tell (Okabe
// and Ito, "Color Universal Design"), and by the shape of their points.
#pragma once

#include <cstddef>
#include <string>

#include "cli/plot/svg.hpp"

namespace cli::plot {

Stroke stroke_of(std::size_t series);
// For lines without points that may lie upon each other.
Stroke dashed_stroke_of(std::size_t series);
// `hollow`: a guarantee broke there.
enum class Fill : std::uint8_t { full, hollow };
void draw_mark(Svg& svg, std::size_t series, Point at, Fill fill);

// From dark to light, alike steps for the eye (matplotlib's viridis): share 0 to 1.
std::string heat_colour(double share);
std::string_view text_colour_on(double share);

}  // namespace cli::plot
