// SPDX-License-Identifier: Apache-2.0
#include "cli/plot/chart.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "cli/plot/marks.hpp"
#include "cli/plot/scale.hpp"

namespace cli::plot {
namespace {

constexpr double margin = 16;
constexpr double title_height = 30;
constexpr double label_size = 12;
constexpr double tick_size = 11;
constexpr double below_axis = 46;  // Numbers, and what they are.
constexpr double above_panel = 22;
constexpr double between = 22;
constexpr std::size_t columns_max = 3;
constexpr Stroke axis_line{.colour = "#444444", .width = 1};
constexpr Stroke grid_line{.colour = "#dddddd", .width = 1};
constexpr Stroke fine_line{.colour = "#eeeeee", .width = 1};

class Drawing {
 public:
  explicit Drawing(const Chart& chart) : chart_(chart) {
    choose_scales();
    place();
  }

  std::string draw() {
    svg_.text({margin, margin + 10}, chart_.title, {.size = 14, .bold = true});
    for (std::size_t i = 0; i < chart_.panels.size(); ++i) draw_panel(i);
    draw_legend();
    if (!chart_.note.empty()) {
      svg_.text({margin, height_ - 8}, chart_.note, {.size = 10, .colour = "#666666"});
    }
    return svg_.finish(width_, height_, chart_.title);
  }

 private:
  bool heat() const { return chart_.kind == Kind::heat_map; }
  bool bars() const { return chart_.kind == Kind::bars; }
  bool cdf() const { return chart_.kind == Kind::cdf; }
  bool numeric() const { return !chart_.positions.empty(); }

  // ---- Scales.

  template <class Visit>
  void each_value(Visit visit) const {
    for (const Panel& panel : chart_.panels) {
      for (const Series& series : panel.series) {
        for (const Value& value : series.points) {
          if (value.there) visit(value);
        }
      }
    }
  }

  void choose_scales() {
    std::vector<double> values;
    std::vector<double> ends;  // Of error bars. On a logarithmic axis, only upper ones have room.
    each_value([&](const Value& value) {
      values.push_back(value.value);
      ends.push_back(value.value + value.half_width);
    });
    for (const Panel& panel : chart_.panels) {
      for (const Series& series : panel.series) {
        values.insert(values.end(), series.samples.begin(), series.samples.end());
      }
    }
    wants_log_ = wants_logarithm(values) && !bars();
    unit_ = display_unit(values.empty() ? 0 : std::ranges::max(values), chart_.value_unit);
    if (cdf()) {
      x_ = value_scale(values, Start::anywhere);
      y_ = linear_scale({0, 1}, Start::zero, {});
      return;
    }
    if (!wants_log_) {
      each_value([&](const Value& value) { ends.push_back(value.value - value.half_width); });
    }
    ends.insert(ends.end(), values.begin(), values.end());
    y_ = value_scale(heat() ? values : ends, heat() ? Start::anywhere : Start::zero);
    if (numeric()) choose_positions();
  }

  Scale value_scale(const std::vector<double>& values, Start start) const {
    return wants_log_ ? logarithmic_scale(values, unit_) : linear_scale(values, start, unit_);
  }

  // Its ticks are the values that were swept.
  void choose_positions() {
    const auto [low, high] = std::ranges::minmax(chart_.positions);
    x_.logarithmic = wants_logarithm(chart_.positions);
    const double room = x_.logarithmic ? std::pow(high / low, 0.06) : (high - low) * 0.06;
    x_.low = x_.logarithmic ? low / room : low - room;
    x_.high = x_.logarithmic ? high * room : high + room;
    if (low == high) x_ = {.low = low - 1, .high = low + 1};
    for (std::size_t i = 0; i < chart_.positions.size(); ++i) {
      x_.ticks.push_back({.value = chart_.positions[i], .label = chart_.categories[i]});
    }
    std::ranges::sort(x_.ticks, {}, &Tick::value);
  }

  // ---- Places.

  void place() {
    const std::size_t count = std::max<std::size_t>(chart_.panels.size(), 1);
    columns_ = std::min(count, columns_max);
    rows_ = (count + columns_ - 1) / columns_;
    panel_width_ = count == 1 ? 520 : 270;
    panel_height_ = count == 1 ? 320 : 220;
    if (heat()) {
      const auto cells = static_cast<double>(chart_.categories.size());
      panel_width_ = std::max(panel_width_, 52 * cells);
      panel_height_ = std::max(120.0, 30 * static_cast<double>(chart_.rows.size()));
    }
    double widest = 0;
    if (heat()) {
      for (const std::string& row : chart_.rows) widest = std::max(widest, width_of_tick(row));
    } else {
      for (const Tick& tick : y_.ticks) widest = std::max(widest, width_of_tick(tick.label));
    }
    left_ = margin + 20 + widest + 8;
    if (!numeric() && !cdf()) turn_labels();
    double legend = 0;
    for (const std::string& name : chart_.legend) {
      legend = std::max(legend, 34 + text_width(name, label_size));
    }
    if (!chart_.legend.empty()) {
      legend = std::max(legend, text_width(chart_.legend_title, label_size));
    }
    if (any_marked() && !heat())
      legend = std::max(legend, 34 + text_width(hollow_text, label_size));
    if (heat()) {
      legend = std::max(text_width(broke_text, tick_size),
                        text_width(with_unit(chart_.value_title, true), tick_size));
    }
    const auto columns = static_cast<double>(columns_);
    const auto rows = static_cast<double>(rows_);
    legend_x_ = left_ + columns * panel_width_ + (columns - 1) * between + 20;
    width_ = std::ceil(legend_x_ + legend + margin);
    height_ = std::ceil(margin + title_height + rows * (above_panel + panel_height_ + below()) +
                        (chart_.note.empty() ? 0 : 14));
  }

  static double width_of_tick(std::string_view label) { return text_width(label, tick_size); }
  double below() const { return below_axis + label_height_; }

  // Words that do not fit beside each other stand upright.
  void turn_labels() {
    const double room =
        panel_width_ / static_cast<double>(std::max<std::size_t>(chart_.categories.size(), 1));
    double longest = 0;
    for (const std::string& name : chart_.categories) {
      longest = std::max(longest, width_of_tick(name));
    }
    upright_ = longest + 6 > room;
    if (upright_) label_height_ = longest - 10;
  }

  Box box_of(std::size_t number) const {
    const auto column = static_cast<double>(number % columns_);
    const auto row = static_cast<double>(number / columns_);
    return {
        .x = left_ + column * (panel_width_ + between),
        .y = margin + title_height + above_panel + row * (above_panel + panel_height_ + below()),
        .width = panel_width_,
        .height = panel_height_};
  }

  static double y_at(const Box& box, double share) { return box.bottom() - share * box.height; }
  static double x_at(const Box& box, double share) { return box.x + share * box.width; }
  double category_x(const Box& box, std::size_t number) const {
    if (numeric()) return x_at(box, x_.share(chart_.positions[number]));
    const auto count = static_cast<double>(chart_.categories.size());
    return box.x + (static_cast<double>(number) + 0.5) * box.width / count;
  }

  // ---- Panels.

  void draw_panel(std::size_t number) {
    const Box box = box_of(number);
    const Panel& panel = chart_.panels[number];
    svg_.text({box.x + box.width / 2, box.y - 7}, panel.title,
              {.anchor = Anchor::middle, .size = label_size, .bold = true});
    if (!heat()) draw_y_axis(box, number % columns_ == 0);
    draw_x_axis(box);
    if (heat()) return draw_heat(box, panel, number % columns_ == 0);
    for (std::size_t i = 0; i < panel.series.size(); ++i) {
      if (cdf()) draw_steps(box, panel.series[i], i);
      if (bars()) draw_bars(box, panel, i);
      if (chart_.kind == Kind::lines) draw_line(box, panel.series[i], i);
    }
    svg_.line({box.x, box.bottom()}, {box.right(), box.bottom()}, axis_line);
  }

  void draw_y_axis(const Box& box, bool labelled) {
    for (const Tick& tick : y_.ticks) {
      const double y = y_at(box, y_.share(tick.value));
      svg_.line({box.x, y}, {box.right(), y}, tick.label.empty() ? fine_line : grid_line);
      if (!labelled || tick.label.empty()) continue;
      svg_.text({box.x - 7, y + 4}, tick.label, {.anchor = Anchor::end, .size = tick_size});
    }
    svg_.line({box.x, box.y}, {box.x, box.bottom()}, axis_line);
    if (!labelled) return;
    svg_.text({margin + 8, box.y + box.height / 2}, with_unit(chart_.y_title, !cdf()),
              {.anchor = Anchor::middle, .size = label_size, .upwards = true});
  }

  std::string with_unit(const std::string& title, bool valued) const {
    return valued && !unit_.name.empty() ? fmt::format("{} ({})", title, unit_.name) : title;
  }

  void draw_x_axis(const Box& box) {
    double free = box.x - 20;  // Labels do not run into each other.
    const auto label = [&](double x, const std::string& text) {
      svg_.line({x, box.bottom()}, {x, box.bottom() + 4}, axis_line);
      if (upright_) {
        svg_.text({x + 4, box.bottom() + 8}, text,
                  {.anchor = Anchor::end, .size = tick_size, .upwards = true});
        return;
      }
      const double half = width_of_tick(text) / 2;
      if (text.empty() || x - half < free) return;
      svg_.text({x, box.bottom() + 16}, text, {.anchor = Anchor::middle, .size = tick_size});
      free = x + half + 4;
    };
    if (numeric() || cdf()) {
      for (const Tick& tick : x_.ticks) {
        const double x = x_at(box, x_.share(tick.value));
        if (cdf()) {
          svg_.line({x, box.y}, {x, box.bottom()}, tick.label.empty() ? fine_line : grid_line);
        }
        label(x, tick.label);
      }
    } else {
      for (std::size_t i = 0; i < chart_.categories.size(); ++i) {
        label(category_x(box, i), chart_.categories[i]);
      }
    }
    svg_.text({box.x + box.width / 2, box.bottom() + 34 + label_height_},
              with_unit(chart_.x_title, cdf()), {.anchor = Anchor::middle, .size = label_size});
  }

  // From end to end, as far as the axis goes.
  void draw_error(const Box& box, double x, const Value& value) {
    if (value.half_width <= 0) return;
    const double low = std::max(value.value - value.half_width, y_.low);
    const double top = y_at(box, y_.share(value.value + value.half_width));
    const double bottom = y_at(box, y_.share(low));
    const Stroke stroke{.colour = "#333333", .width = 1};
    svg_.line({x, top}, {x, bottom}, stroke);
    for (const double end : {top, bottom}) svg_.line({x - 3, end}, {x + 3, end}, stroke);
  }

  void draw_line(const Box& box, const Series& series, std::size_t number) {
    std::vector<std::pair<double, const Value*>> order;
    for (std::size_t i = 0; i < series.points.size(); ++i) {
      if (series.points[i].there) order.emplace_back(category_x(box, i), &series.points[i]);
    }
    std::ranges::sort(order, {}, &std::pair<double, const Value*>::first);
    std::vector<Point> points;
    for (const auto& [x, value] : order) {
      points.push_back({x, y_at(box, y_.share(value->value))});
    }
    if (points.size() > 1) svg_.polyline(points, stroke_of(number));
    for (std::size_t i = 0; i < points.size(); ++i) {
      draw_error(box, points[i].x, *order[i].second);
      draw_mark(svg_, number, points[i], order[i].second->marked ? Fill::hollow : Fill::full);
    }
  }

  void draw_bars(const Box& box, const Panel& panel, std::size_t number) {
    const auto groups = static_cast<double>(chart_.categories.size());
    const double group = box.width / groups * 0.8;
    const double width = group / static_cast<double>(panel.series.size());
    for (std::size_t i = 0; i < panel.series[number].points.size(); ++i) {
      const Value& value = panel.series[number].points[i];
      if (!value.there) continue;
      const double left = category_x(box, i) - group / 2 + width * static_cast<double>(number) + 1;
      const double zero = y_at(box, y_.share(0));
      const double top = y_at(box, y_.share(value.value));
      const double thick = std::max(width - 2, 1.0);
      svg_.rectangle({left, std::min(top, zero), thick, std::abs(zero - top)},
                     stroke_of(number).colour);
      if (value.marked) {
        const double inset = std::min(2.0, thick / 4);
        svg_.rectangle({left + inset, std::min(top, zero) + inset, thick - 2 * inset,
                        std::max(std::abs(zero - top) - 2 * inset, 0.0)},
                       "#ffffff");
      }
      draw_error(box, left + thick / 2, value);
    }
  }

  void draw_steps(const Box& box, const Series& series, std::size_t number) {
    if (series.samples.empty()) return;
    const auto count = static_cast<double>(series.samples.size());
    std::vector<Point> points{{x_at(box, x_.share(series.samples.front())), box.bottom()}};
    for (std::size_t i = 0; i < series.samples.size(); ++i) {
      const double x = x_at(box, x_.share(series.samples[i]));
      points.push_back({x, points.back().y});
      points.push_back({x, y_at(box, static_cast<double>(i + 1) / count)});
    }
    points.push_back({box.right(), points.back().y});
    svg_.polyline(points, dashed_stroke_of(number));
  }

  void draw_heat(const Box& box, const Panel& panel, bool labelled) {
    const auto columns = static_cast<double>(chart_.categories.size());
    const auto rows = static_cast<double>(chart_.rows.size());
    const double width = box.width / columns;
    const double height = box.height / rows;
    for (std::size_t row = 0; row < panel.series.size(); ++row) {
      const double y = box.bottom() - (static_cast<double>(row) + 1) * height;
      if (labelled) {
        svg_.text({box.x - 7, y + height / 2 + 4}, chart_.rows[row],
                  {.anchor = Anchor::end, .size = tick_size});
      }
      for (std::size_t column = 0; column < panel.series[row].points.size(); ++column) {
        const Value& value = panel.series[row].points[column];
        if (!value.there) continue;
        const double x = box.x + static_cast<double>(column) * width;
        const double share = y_.share(value.value);
        svg_.rectangle({x, y, width - 1, height - 1}, heat_colour(share));
        const std::string text =
            fmt::format("{:.3g}{}", value.value / unit_.factor, value.marked ? "*" : "");
        svg_.text({x + width / 2, y + height / 2 + 4}, text,
                  {.anchor = Anchor::middle, .size = tick_size, .colour = text_colour_on(share)});
      }
    }
    if (!labelled) return;
    svg_.text({margin + 8, box.y + box.height / 2}, chart_.y_title,
              {.anchor = Anchor::middle, .size = label_size, .upwards = true});
  }

  // ---- Legend.

  bool any_marked() const {
    bool any = false;
    each_value([&](const Value& value) { any = any || value.marked; });
    return any;
  }

  void draw_legend() {
    double y = margin + title_height + above_panel + 4;
    if (heat()) return draw_colours(y);
    if (!chart_.legend.empty()) {
      svg_.text({legend_x_, y}, chart_.legend_title, {.size = label_size, .bold = true});
      y += 18;
    }
    for (std::size_t i = 0; i < chart_.legend.size(); ++i, y += 18) {
      const Point middle{legend_x_ + 13, y - 4};
      if (bars()) {
        svg_.rectangle({legend_x_ + 6, y - 10, 14, 12}, stroke_of(i).colour);
      } else {
        svg_.line({legend_x_, middle.y}, {legend_x_ + 26, middle.y},
                  cdf() ? dashed_stroke_of(i) : stroke_of(i));
        if (!cdf()) draw_mark(svg_, i, middle, Fill::full);
      }
      svg_.text({legend_x_ + 34, y}, chart_.legend[i], {.size = label_size});
    }
    if (!any_marked() || cdf()) return;
    svg_.circle({legend_x_ + 13, y - 4}, 3.5, "#ffffff", {.colour = "#444444", .width = 1.5});
    svg_.text({legend_x_ + 34, y}, hollow_text, {.size = label_size});
  }

  // What the colours of a heat map mean: a column of them with the ticks of the scale.
  void draw_colours(double top) {
    svg_.text({legend_x_, top - 6}, with_unit(chart_.value_title, true), {.size = tick_size});
    const Box box{legend_x_, top + 4, 16, std::max(panel_height_ - 8, 110.0)};
    constexpr int parts = 64;
    for (int i = 0; i < parts; ++i) {
      const double share = (i + 0.5) / parts;
      const double height = box.height / parts;
      svg_.rectangle({box.x, box.bottom() - (i + 1) * height, box.width, height + 0.5},
                     heat_colour(share));
    }
    for (const Tick& tick : y_.ticks) {
      if (tick.label.empty()) continue;
      const double y = y_at(box, y_.share(tick.value));
      svg_.line({box.right(), y}, {box.right() + 4, y}, axis_line);
      svg_.text({box.right() + 7, y + 4}, tick.label, {.size = tick_size});
    }
    if (!any_marked()) return;
    svg_.text({legend_x_, box.bottom() + 22}, broke_text, {.size = tick_size});
  }

  static constexpr std::string_view broke_text = "* a guarantee broke";
  static constexpr std::string_view hollow_text = "hollow: a guarantee broke";

  const Chart& chart_;
  Svg svg_;
  DisplayUnit unit_;
  bool wants_log_ = false;
  bool upright_ = false;
  Scale x_{};
  Scale y_{};
  std::size_t columns_ = 1;
  std::size_t rows_ = 1;
  double panel_width_ = 0;
  double panel_height_ = 0;
  double label_height_ = 0;
  double left_ = 0;
  double legend_x_ = 0;
  double width_ = 0;
  double height_ = 0;
};

}  // namespace

std::string to_svg(const Chart& chart) { return Drawing(chart).draw(); }

}  // namespace cli::plot
