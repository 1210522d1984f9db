// SPDX-License-Identifier: Apache-2.0
// A column for each actor, steps downward: who moved between whose steps is seen at a glance. Many
// actors get numbers in place of names, and a legend.
#include <algorithm>

#include "cli/formats/format.hpp"
#include "cli/layout.hpp"
#include "cli/outcome.hpp"

namespace cli {
namespace {

constexpr std::size_t width_min = 18;  // Of a column in which text is readable.
constexpr std::size_t gap = 1;

class Columns final : public TimelineReader {
 public:
  Columns(Output& out, const Manifest& manifest, const Showing& showing)
      : out_(out),
        by_time_(order_of(*manifest.what.cell) == sim::Order::by_time),
        verbose_(showing.verbosity == Verbosity::verbose) {
    const model::Setup& setup = manifest.what.setup();
    for (const model::Program& program : setup.programs) {
      const bool only_init = std::ranges::all_of(
          program.lines, [&](model::LineId line) { return setup.lines[line.index()].init; });
      if (!only_init) actors_.push_back(program.name);
    }
    for (const model::HostSetup& host : setup.hosts) {
      if (setup.hosts.size() > 1) actors_.push_back(host.name + ".kworker");
    }
    when_width_ = by_time_ ? 10 : 4;
    const std::size_t room = page_width - when_width_ - 1;
    const std::size_t shown = std::max<std::size_t>(1, actors_.size());
    width_ = std::max(width_min, room / shown - gap);
    per_row_ = std::max<std::size_t>(1, room / (width_ + gap));
    write_heading();
  }

  void read(const TimelineStep& step, const model::World&) override {
    std::string when = when_of(step);
    for (const Happening& happening : step.happenings) {
      if (happening.on_request() && !verbose_) continue;
      write_cell(when, happening);
      when.clear();
    }
  }

 private:
  // Actors that do not fit side by side share columns; their numbers say who it is.
  bool numbered() const { return actors_.size() > per_row_; }

  void write_heading() {
    if (!numbered()) {
      std::string line = std::string(when_width_, ' ');
      for (const std::string& actor : actors_) line += ' ' + padded(fitted(actor), width_);
      line.erase(line.find_last_not_of(' ') + 1);
      return out_.print("{}\n", line);
    }
    for (std::size_t i = 0; i < actors_.size(); ++i) {
      out_.print("{} ({}) {}\n", std::string(when_width_, ' '), i + 1, actors_[i]);
    }
  }

  std::string when_of(const TimelineStep& step) const {
    if (!by_time_) return std::to_string(step.number);
    return fmt::format("{}.{:03}", step.at / 1000, step.at % 1000);
  }

  std::size_t number_of(const std::string& actor) {
    const auto found = std::ranges::find(actors_, actor);
    if (found != actors_.end()) return static_cast<std::size_t>(found - actors_.begin());
    actors_.push_back(actor);
    out_.print("{} ({}) {}\n", std::string(when_width_, ' '), actors_.size(), actor);
    return actors_.size() - 1;
  }

  void write_cell(const std::string& when, const Happening& happening) {
    const std::size_t number = number_of(happening.actor);
    const std::size_t column = number % per_row_;
    std::string text = happening.internal()
                           ? happening.fields.front().text
                           : fmt::format("{} {}", happening.name(), happening.arguments());
    if (numbered() || number >= per_row_) text = fmt::format("({}) {}", number + 1, text);
    std::string first = right_aligned(when, when_width_);
    for (const std::string& line : wrapped(text)) {
      out_.print("{} {}{}\n", first, std::string(column * (width_ + gap), ' '), line);
      first = std::string(when_width_, ' ');
    }
  }

  std::string fitted(const std::string& text) const { return text.substr(0, width_); }

  // Words in lines of the column's width; a longer word is cut into pieces.
  std::vector<std::string> wrapped(std::string_view text) const {
    std::vector<std::string> lines{""};
    for (std::string word : words_of(text)) {
      if (!lines.back().empty() && width_of(lines.back()) + 1 + width_of(word) > width_) {
        lines.push_back(" ");
      } else if (!lines.back().empty() && lines.back() != " ") {
        lines.back() += ' ';
      }
      while (width_of(lines.back()) + word.size() > width_) {
        const std::size_t fits = width_ - width_of(lines.back());
        lines.back() += word.substr(0, fits);
        word.erase(0, fits);
        lines.push_back(" ");
      }
      lines.back() += word;
    }
    return lines;
  }

  Output& out_;
  bool by_time_;
  bool verbose_;
  std::size_t when_width_ = 4;
  std::size_t width_ = 0;
  std::size_t per_row_ = 1;
  std::vector<std::string> actors_;
};

}  // namespace

std::unique_ptr<TimelineReader> make_columns(Output& out, const Manifest& manifest,
                                             const Showing& showing) {
  return std::make_unique<Columns>(out, manifest, showing);
}

}  // namespace cli
