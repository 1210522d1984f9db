// SPDX-License-Identifier: Apache-2.0
// The notation of the kernel's Documentation/mm/mmu_notifier.rst: a block for each moment, a line
// for each actor, the step and what it does in braces. Made to be pasted into a commit message.
#include <algorithm>

#include "cli/formats/format.hpp"
#include "cli/layout.hpp"

namespace cli {
namespace {

using model::EventKind;

constexpr std::size_t rule_width = 77;  // As there.

// What the kernel calls it.
std::string call_text(const Happening& happening) {
  switch (happening.event.kind) {
    case EventKind::range_start:
      return fmt::format("mmu_notifier_invalidate_range_start({})", happening.arguments());
    case EventKind::range_end:
      return fmt::format("mmu_notifier_invalidate_range_end({})", happening.arguments());
    case EventKind::call:
      return happening.arguments();
    case EventKind::returned:
      return fmt::format("returns {}", happening.fields.back().text);
    default:
      return fmt::format("{}({})", happening.name(), happening.arguments());
  }
}

class Lanes final : public TimelineReader {
 public:
  Lanes(Output& out, const Manifest& manifest, const Showing& showing)
      : out_(out),
        verbose_(showing.verbosity == Verbosity::verbose),
        actor_width_(actor_width(manifest.what.setup())) {
    const model::Setup& setup = manifest.what.setup();
    for (const model::Program& program : setup.programs) {
      const bool only_init = std::ranges::all_of(
          program.lines, [&](model::LineId line) { return setup.lines[line.index()].init; });
      if (only_init) continue;
      actors_.push_back(program.name);
    }
  }

  void read(const TimelineStep& step, const model::World&) override {
    const bool seen = !step.changed.empty() ||
                      std::ranges::any_of(step.happenings, [](const Happening& happening) {
                        return !happening.on_request();
                      });
    if (!seen && !verbose_) return;
    std::string title = fmt::format("[Time {}] ", step.number);
    title.append(rule_width - std::min(rule_width, title.size()), '-');
    out_.print("{}\n", title);
    write_actors(step);
    if (step.changed.empty()) return;
    std::vector<std::string> values;
    for (const WatchedValue& value : step.changed) {
      values.push_back(fmt::format("{} = {}", value.column->text, value.text));
    }
    write_lane("watch", values);
  }

 private:
  void write_actors(const TimelineStep& step) {
    std::vector<std::string> actors = actors_;
    for (const Happening& happening : step.happenings) {
      if (std::ranges::find(actors, happening.actor) == actors.end()) {
        actors.push_back(happening.actor);
      }
    }
    for (const std::string& actor : actors) {
      std::vector<std::string> does;
      std::string inner;  // The name of the step.
      for (const Happening& happening : step.happenings) {
        if (happening.actor != actor) continue;
        if (happening.on_request() && !happening.internal() && !verbose_) continue;
        if (happening.internal()) {
          inner = happening.fields.front().text;
        } else {
          does.push_back(call_text(happening));
        }
      }
      if (!inner.empty() && does.empty()) does.push_back(inner);
      write_lane(actor, does);
    }
  }

  void write_lane(std::string_view actor, const std::vector<std::string>& does) {
    const std::string first = padded(actor, actor_width_) + "  {";
    std::string text = flowed(first, does, "; ", width_of(first));
    text.insert(text.size() - 1, 1, '}');
    out_.write(text);
  }

  Output& out_;
  bool verbose_;
  std::size_t actor_width_;
  std::vector<std::string> actors_;
};

}  // namespace

std::unique_ptr<TimelineReader> make_lanes(Output& out, const Manifest& manifest,
                                           const Showing& showing) {
  return std::make_unique<Lanes>(out, manifest, showing);
}

}  // namespace cli
