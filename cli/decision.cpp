// SPDX-License-Identifier: Apache-2.0
#include "cli/decision.hpp"

#include <fmt/format.h>

#include "cli/layout.hpp"
#include "cli/play.hpp"
#include "cli/step_text.hpp"

namespace cli {
namespace {

// What is done in one step of a run.
class StepFinder final : public TimelineReader {
 public:
  explicit StepFinder(std::uint64_t number) : number_(number) {}

  void read(const TimelineStep& step, const model::World&) override {
    if (step.number == number_) text = step_text(step);
  }

  std::string text;

 private:
  std::uint64_t number_;
};

std::string text_of_step(const Case& what, const sim::Path& path, std::uint64_t steps,
                         std::uint64_t number) {
  StepFinder finder(number);
  play(what, path, steps, finder);
  return finder.text;
}

std::vector<std::string> notes_of(const Case& what, const model::ClaimResult& result,
                                  const Decision& decision) {
  if (decision.step == 0) return {"INEVITABLE from the start: no order of steps avoids it"};
  std::vector<std::string> notes;
  notes.push_back(fmt::format(
      "decided at step {}: {} (chance {} at the start, {} before it, INEVITABLE after)",
      decision.step, text_of_step(what, result.path, result.steps, decision.step),
      chance_text(decision.chances.front()), chance_text(decision.chances[decision.step - 1])));
  if (!decision.way_out) return notes;
  const WayOut& out = *decision.way_out;
  notes.push_back(fmt::format("near miss: {} as step {}: then it can be avoided",
                              text_of_step(what, out.path, out.steps, decision.step),
                              decision.step));
  return notes;
}

}  // namespace

std::vector<std::string> decision_notes(const Case& what, const model::ClaimResult& result,
                                        const Insight& insight) {
  std::vector<std::string> notes;
  if (insight.decision) notes = notes_of(what, result, *insight.decision);
  if (insight.by_time && insight.by_time->shown == 0) {
    notes.push_back(fmt::format("no timing by these costs shows it: {} by time",
                                counted(insight.by_time->runs, "run")));
  }
  return notes;
}

}  // namespace cli
