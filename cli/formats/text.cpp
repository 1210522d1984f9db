// SPDX-License-Identifier: Apache-2.0
// One line an event, in columns: when, who, what, and on what; of an example that a search knows
// all about also the chance of its end after each step.
#include <algorithm>

#include "cli/cause_text.hpp"
#include "cli/formats/format.hpp"
#include "cli/layout.hpp"
#include "cli/outcome.hpp"

namespace cli {
namespace {

constexpr std::size_t when_width = 10;
constexpr std::size_t number_width = 6;  // Of a step, beside its chance.
constexpr std::string_view inevitable = "INEVITABLE";
constexpr std::size_t event_width = 16;  // The longest is step or range_returned.

class Text final : public TimelineReader {
 public:
  Text(Output& out, const Manifest& manifest, const Showing& showing)
      : out_(out),
        what_(manifest.what),
        by_time_(order_of(*manifest.what.cell) == sim::Order::by_time),
        verbose_(showing.verbosity == Verbosity::verbose),
        causes_(verbose_ || showing.why),
        rows_max_(showing.rows_max),
        loop_after_(manifest.stem_steps),
        decision_(manifest.decision),
        actor_width_(actor_width(manifest.what.setup())) {
    row(by_time_ ? "time us" : with_chance("step", "chance"), "actor", "event", "");
  }

  bool asks_for_causes() const override { return causes_; }
  bool wanted() const override { return rows_max_ == 0 || rows_ <= rows_max_; }

  void read(const TimelineStep& step, const model::World&) override {
    std::string when = when_of(step);
    if (loop_after_ && step.number > *loop_after_) {
      row("", "", "(loop)", "from here on, all repeats for ever");
      loop_after_.reset();
    }
    for (const StallEnd& end : step.stalls) {
      row(when, end.actor, "(stall)", stall_text(what_, end, *step.causes));
      when.clear();
    }
    for (const Happening& happening : step.happenings) {
      if (happening.on_request() && !verbose_) continue;
      std::string arguments = happening.arguments();
      if (happening.cause) arguments += ' ' + cause_text(what_, happening);
      row(when, happening.actor, happening.name(), arguments);
      when.clear();
    }
    for (const WatchedValue& value : step.changed) {
      row(when, "", "watch", fmt::format("{} = {}", value.column->text, value.text));
      when.clear();
    }
    if (!wanted()) out_.print("{:>{}}  --format text shows all\n", "...", when_width);
  }

 private:
  std::string when_of(const TimelineStep& step) const {
    if (by_time_) return fmt::format("{}.{:03}", step.at / 1000, step.at % 1000);
    return with_chance(std::to_string(step.number), chance_after(step.number));
  }

  std::string with_chance(const std::string& step, const std::string& chance) const {
    if (decision_ == nullptr) return step;
    return fmt::format("{:>{}}  {:{}}", step, number_width, chance, inevitable.size());
  }
  std::string chance_after(std::uint64_t step) const {
    if (decision_ == nullptr) return {};
    if (step >= decision_->step) return std::string(inevitable);
    return chance_text(decision_->chances[step]);
  }

  void row(std::string_view when, std::string_view actor, std::string_view event,
           std::string_view arguments) {
    const std::size_t width =
        decision_ == nullptr ? when_width : number_width + 2 + inevitable.size();
    const std::string first = fmt::format("{}  {}  {} ", right_aligned(when, width),
                                          padded(actor, actor_width_), padded(event, event_width));
    out_.write(flowed(first, arguments, width_of(first)));
    ++rows_;
  }

  Output& out_;
  const Case& what_;
  bool by_time_;
  bool verbose_;
  bool causes_;
  std::uint64_t rows_max_;
  std::optional<std::uint64_t> loop_after_;  // Until it has been said.
  const Decision* decision_;
  std::uint64_t rows_ = 0;
  std::size_t actor_width_;
};

}  // namespace

std::unique_ptr<TimelineReader> make_text(Output& out, const Manifest& manifest,
                                          const Showing& showing) {
  return std::make_unique<Text>(out, manifest, showing);
}

}  // namespace cli
