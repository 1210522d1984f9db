// SPDX-License-Identifier: Apache-2.0
#include "cli/conform/comparison.hpp"

#include <algorithm>

#include "cli/conform/lines.hpp"

namespace cli::conform {
namespace {

// The model's step for each of the record's, as far as there is one. A step with the same text is
// the same; others go by their place, so that a scenario may say nothing.
std::vector<const Step*> aligned(const Operation& record, const Operation& model) {
  std::vector<const Step*> found;
  std::size_t next = 0;
  for (const Step& wanted : record.steps) {
    std::size_t at = next;
    while (at < model.steps.size() && model.steps[at].text != wanted.text) ++at;
    if (at == model.steps.size()) at = next;
    found.push_back(at < model.steps.size() ? &model.steps[at] : nullptr);
    next = std::min(at + 1, model.steps.size());
  }
  return found;
}

bool is_soft_clean(const Entry& entry) { return entry.after.ends_with('c'); }

void hide_soft_dirty(std::optional<View>& view) {
  if (!view) return;
  for (std::vector<Entry>& mapping : *view) {
    for (Entry& entry : mapping) {
      if (is_soft_clean(entry)) entry.after.pop_back();
    }
  }
}

void hide_soft_dirty(Step& step) {
  hide_soft_dirty(step.before);
  hide_soft_dirty(step.after);
  for (Event& event : step.events) hide_soft_dirty(event.view);
}

// Records show soft-dirty bits only of the operations that are about them.
bool shows_soft_dirty(const Operation& record) {
  const auto shows = [](const std::optional<View>& view) {
    return view && std::ranges::any_of(*view, [](const std::vector<Entry>& mapping) {
             return std::ranges::any_of(mapping, is_soft_clean);
           });
  };
  return std::ranges::any_of(
      record.steps, [&](const Step& step) { return shows(step.before) || shows(step.after); });
}

// What the record does not say is not compared. Where it has no window before the step, it shows
// what it finds at the first callback.
Step comparable(const Step& record, const Step& model, bool soft_dirty) {
  Step step = model;
  if (!soft_dirty) hide_soft_dirty(step);
  if (!record.before) {
    const auto seen = [](const Event& event) {
      return event.what != Callback::page_free && event.what != Callback::cpu_flush_batch;
    };
    const auto told = std::ranges::find_if(record.events, seen);
    const auto first = std::ranges::find_if(step.events, seen);
    if (told != record.events.end() && told->view && first != step.events.end() && !first->view) {
      first->view = step.before;
    }
    step.before.reset();
  }
  if (!record.after) step.after.reset();
  if (!record.error) {
    step.error.reset();
    step.signal.reset();
  }
  return step;
}

}  // namespace

std::vector<StepResult> compare(const Operation& record, const Operation& model) {
  const std::vector<const Step*> steps = aligned(record, model);
  std::vector<StepResult> results;
  Naming naming;
  const bool soft_dirty = shows_soft_dirty(record);
  for (std::size_t i = 0; i < record.steps.size(); ++i) {
    const Step& theirs = record.steps[i];
    const Detail detail = theirs.stable ? Detail::full : Detail::before_and_after;
    StepResult result{.number = i, .text = theirs.text, .stable = theirs.stable};
    result.record = lines_of(theirs, nullptr, detail);
    if (steps[i] == nullptr) {
      result.agreement = Agreement::missing;
    } else {
      const Step ours = comparable(theirs, *steps[i], soft_dirty);
      naming.read(theirs, ours);
      result.model = lines_of(ours, &naming, detail);
      if (result.record != result.model) result.agreement = Agreement::differs;
      naming.settle(theirs, ours);
    }
    results.push_back(std::move(result));
  }
  return results;
}

std::vector<DiffLine> diff(const std::vector<std::string>& first,
                           const std::vector<std::string>& second) {
  // The longest common part from each pair of places on.
  std::vector<std::vector<std::size_t>> common(first.size() + 1,
                                               std::vector<std::size_t>(second.size() + 1, 0));
  for (std::size_t i = first.size(); i-- > 0;) {
    for (std::size_t j = second.size(); j-- > 0;) {
      common[i][j] = first[i] == second[j] ? common[i + 1][j + 1] + 1
                                           : std::max(common[i + 1][j], common[i][j + 1]);
    }
  }
  std::vector<DiffLine> lines;
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < first.size() || j < second.size()) {
    if (i < first.size() && j < second.size() && first[i] == second[j]) {
      lines.push_back({' ', first[i++]});
      ++j;
    } else if (j == second.size() || (i < first.size() && common[i + 1][j] >= common[i][j + 1])) {
      lines.push_back({'-', first[i++]});
    } else {
      lines.push_back({'+', second[j++]});
    }
  }
  return lines;
}

}  // namespace cli::conform
