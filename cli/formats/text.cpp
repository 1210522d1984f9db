// SPDX-License-Identifier: Apache-2.0
// One line an event, in columns: when, who, what, and on what.
#include <algorithm>

#include "cli/formats/format.hpp"
#include "cli/layout.hpp"
#include "cli/outcome.hpp"

namespace cli {
namespace {

constexpr std::size_t when_width = 10;
constexpr std::size_t event_width = 16;  // The longest is step or range_returned.
constexpr std::size_t actor_width_min = 8;
constexpr std::size_t actor_width_max = 16;

class Text final : public TimelineReader {
 public:
  Text(Output& out, const Manifest& manifest, Verbosity verbosity)
      : out_(out),
        by_time_(order_of(*manifest.what.cell) == sim::Order::by_time),
        verbose_(verbosity == Verbosity::verbose) {
    actor_width_ = actor_width_min;
    for (const model::Program& program : manifest.what.setup().programs) {
      actor_width_ = std::max(actor_width_, width_of(program.name));
    }
    actor_width_ = std::min(actor_width_, actor_width_max);
    row(by_time_ ? "time us" : "step", "actor", "event", "");
  }

  void read(const TimelineStep& step, const model::World&) override {
    std::string when = when_of(step);
    for (const Happening& happening : step.happenings) {
      if (happening.internal() && !verbose_) continue;
      row(when, happening.actor, happening.name(), happening.arguments());
      when.clear();
    }
    for (const WatchedValue& value : step.changed) {
      row(when, "", "watch", fmt::format("{} = {}", value.column->text, value.text));
      when.clear();
    }
  }

 private:
  std::string when_of(const TimelineStep& step) const {
    if (!by_time_) return std::to_string(step.number);
    return fmt::format("{}.{:03}", step.at / 1000, step.at % 1000);
  }

  void row(std::string_view when, std::string_view actor, std::string_view event,
           std::string_view arguments) {
    const std::string first = fmt::format("{}  {}  {} ", right_aligned(when, when_width),
                                          padded(actor, actor_width_), padded(event, event_width));
    out_.write(flowed(first, arguments, width_of(first)));
  }

  Output& out_;
  bool by_time_;
  bool verbose_;
  std::size_t actor_width_ = 0;
};

}  // namespace

std::unique_ptr<TimelineReader> make_text(Output& out, const Manifest& manifest,
                                          Verbosity verbosity) {
  return std::make_unique<Text>(out, manifest, verbosity);
}

}  // namespace cli
