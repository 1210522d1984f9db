// SPDX-License-Identifier: Apache-2.0
#include "cli/conform/naming.hpp"

#include <algorithm>

namespace cli::conform {

std::optional<std::uint32_t> Naming::Bijection::of(std::uint32_t model) const {
  const auto found = to_record_.find(model);
  return found == to_record_.end() ? std::nullopt : std::optional(found->second);
}

void Naming::Bijection::learn(std::uint32_t record, std::uint32_t model) {
  if (fixed_record_.contains(record) || fixed_model_.contains(model)) return;
  bind(record, model);
  use(record, model);
}

void Naming::Bijection::bind(std::uint32_t record, std::uint32_t model) {
  if (const auto old = to_model_.find(record); old != to_model_.end()) {
    to_record_.erase(old->second);
    to_model_.erase(old);
  }
  if (const auto old = to_record_.find(model); old != to_record_.end()) {
    to_model_.erase(old->second);
    to_record_.erase(old);
  }
  to_record_[model] = record;
  to_model_[record] = model;
}

void Naming::Bijection::use(std::uint32_t record, std::uint32_t model) {
  fixed_record_.insert(record);
  fixed_model_.insert(model);
}

template <class Each>
void Naming::each_page(const View& record, const View& model, Each each) {
  for (std::size_t i = 0; i < std::min(record.size(), model.size()); ++i) {
    for (std::size_t j = 0; j < std::min(record[i].size(), model[i].size()); ++j) {
      if (record[i][j].page && model[i][j].page) each(*record[i][j].page, *model[i][j].page);
    }
  }
}

void Naming::learn(const std::optional<View>& record, const std::optional<View>& model) {
  if (!record || !model) return;
  each_page(*record, *model,
            [&](std::uint32_t theirs, std::uint32_t ours) { pages_.learn(theirs, ours); });
}

void Naming::read(const Step& record, const Step& model) {
  pages_.in_use_from_here();
  if (record.before && model.before) {
    // Pages that were there before keep their names; others may have come back as new ones.
    each_page(*record.before, *model.before, [&](std::uint32_t theirs, std::uint32_t ours) {
      if (pages_.of(ours) == theirs) pages_.use(theirs, ours);
    });
    learn(record.before, model.before);
  }
  const bool aligned =
      std::ranges::equal(record.events, model.events, {}, &Event::what, &Event::what);
  for (std::size_t i = 0; aligned && i < record.events.size(); ++i) {
    const Event& theirs = record.events[i];
    const Event& ours = model.events[i];
    learn(theirs.view, ours.view);
    const bool of_interval =
        theirs.what == Callback::interval || theirs.what == Callback::interval_finish;
    if (of_interval && !intervals_.of(ours.interval)) {
      intervals_.bind(theirs.interval, ours.interval);
    }
  }
  learn(record.after, model.after);
  for (std::size_t i = 0; aligned && i < record.events.size(); ++i) {
    if (record.events[i].what != Callback::page_free) continue;
    if (pages_.of(model.events[i].page)) continue;
    pages_.learn(record.events[i].page, model.events[i].page);
  }
}

void Naming::settle(const Step& record, const Step& model) {
  if (!record.after || !model.after) return;
  each_page(*record.after, *model.after,
            [&](std::uint32_t theirs, std::uint32_t ours) { pages_.bind(theirs, ours); });
}

}  // namespace cli::conform
