// SPDX-License-Identifier: Apache-2.0
#include "cli/decision.hpp"

#include <fmt/format.h>

#include "cli/play.hpp"

namespace cli {
namespace {

// What is done in one step of a run.
class StepFinder final : public TimelineReader {
 public:
  explicit StepFinder(std::uint64_t number) : number_(number) {}

  void read(const TimelineStep& step, const model::World&) override {
    if (step.number == number_) text = describe(step);
  }

  std::string text;

 private:
  // The first event that everyone may see, or else the last inner step.
  static std::string describe(const TimelineStep& step) {
    const Happening* inner = nullptr;
    for (const Happening& happening : step.happenings) {
      if (!happening.internal()) {
        return fmt::format("{} {} {}", happening.actor, happening.name(), happening.arguments());
      }
      inner = &happening;
    }
    if (inner == nullptr) return "a message or an interrupt arrives";
    return fmt::format("{} {}", inner->actor, inner->fields.front().text);
  }

  std::uint64_t number_;
};

std::string step_text(const Case& what, const sim::Path& path, std::uint64_t steps,
                      std::uint64_t number) {
  StepFinder finder(number);
  play(what, path, steps, finder);
  return finder.text;
}

}  // namespace

std::vector<std::string> decision_notes(const Case& what, const model::ClaimResult& result,
                                        const Insight& insight) {
  if (!insight.decision) return {};
  const Decision& decision = *insight.decision;
  if (decision.step == 0) return {"INEVITABLE from the start: no order of steps avoids it"};
  std::vector<std::string> notes;
  notes.push_back(fmt::format(
      "decided at step {}: {} (chance {} at the start, {} before it, INEVITABLE after)",
      decision.step, step_text(what, result.path, result.steps, decision.step),
      chance_text(decision.chances.front()), chance_text(decision.chances[decision.step - 1])));
  if (!decision.way_out) return notes;
  const WayOut& out = *decision.way_out;
  notes.push_back(fmt::format("near miss: {} as step {}: then it can be avoided",
                              step_text(what, out.path, out.steps, decision.step), decision.step));
  return notes;
}

}  // namespace cli
