// SPDX-License-Identifier: Apache-2.0
#include "cli/attribution.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "cli/cause_text.hpp"
#include "cli/layout.hpp"

namespace cli {
namespace {

using model::Tally;

std::string count(std::uint64_t number) { return std::to_string(number); }
std::string microseconds(sim::Nanoseconds time) {
  return fmt::format("{}.{:03}", time / 1000, time % 1000);
}

struct Column {
  std::string_view title;
  std::size_t width;
  std::string (*text)(const Tally& tally);
};
constexpr std::array all_columns{
    Column{"inval", 6, [](const Tally& tally) { return count(tally.invalidations); }},
    Column{"pages", 7, [](const Tally& tally) { return count(tally.pages); }},
    Column{"drops", 6, [](const Tally& tally) { return count(tally.drops); }},
    Column{"faults", 7, [](const Tally& tally) { return count(tally.faults); }},
    Column{"IPIs", 5, [](const Tally& tally) { return count(tally.interrupts); }},
    Column{"msgs", 5, [](const Tally& tally) { return count(tally.messages); }},
    Column{"stalled us", 11, [](const Tally& tally) { return microseconds(tally.stalls.time); }},
    Column{"pinned us", 11, [](const Tally& tally) { return microseconds(tally.pins.time); }},
};

// What no call has caused has no column.
class Table {
 public:
  explicit Table(const std::vector<Tally>& rows) {
    for (const Column& column : all_columns) {
      const std::string nothing = column.text({});
      const bool some = std::ranges::any_of(
          rows, [&](const Tally& tally) { return column.text(tally) != nothing; });
      if (some) columns_.push_back(column);
    }
    for (const Column& column : columns_) label_width_ -= column.width;
  }

  bool empty() const { return columns_.empty(); }
  std::string titles() const {
    std::string line = padded("  caused by", label_width_);
    for (const Column& column : columns_) line += right_aligned(column.title, column.width);
    return line + '\n';
  }
  // A call may need a line for itself.
  std::string row(const std::string& label, const Tally& tally) const {
    std::string figures;
    for (const Column& column : columns_)
      figures += right_aligned(column.text(tally), column.width);
    const std::string first = "  " + label;
    const bool fits = width_of(first) < label_width_;
    if (fits) return padded(first, label_width_) + figures + '\n';
    return flowed("  ", label, 4) + std::string(label_width_, ' ') + figures + '\n';
  }

 private:
  std::vector<Column> columns_;
  std::size_t label_width_ = page_width;
};

model::LineId line_of(const Outcome& outcome, std::size_t index) {
  const bool last = index + 1 == outcome.tallies.size();
  return last ? model::LineId{} : model::LineId{static_cast<std::uint32_t>(index)};
}

Json waiting_json(const Tally::Waiting& waiting) {
  return {{"count", waiting.count}, {"steps", waiting.steps}, {"time_ns", waiting.time}};
}

}  // namespace

void write_attribution(Output& out, const Case& what, const Outcome& outcome) {
  const Table table(outcome.tallies);
  if (table.empty()) return;
  out.write(table.titles());
  for (std::size_t i = 0; i < outcome.tallies.size(); ++i) {
    const Tally& tally = outcome.tallies[i];
    if (tally == Tally{}) continue;
    const model::LineId line = line_of(outcome, i);
    out.write(table.row(line.some() ? call_text(what, line, {}) : "no call", tally));
  }
}

Json attribution_json(const Case& what, const Outcome& outcome) {
  Json all = Json::array();
  for (std::size_t i = 0; i < outcome.tallies.size(); ++i) {
    const Tally& tally = outcome.tallies[i];
    if (tally == Tally{}) continue;
    Json json = place_json(what, line_of(outcome, i));
    json["invalidations"] = tally.invalidations;
    json["pages"] = tally.pages;
    json["drops"] = tally.drops;
    json["faults"] = tally.faults;
    json["interrupts"] = tally.interrupts;
    json["messages"] = tally.messages;
    json["stalls"] = waiting_json(tally.stalls);
    json["waits"] = waiting_json(tally.waits);
    json["pins"] = waiting_json(tally.pins);
    all.push_back(std::move(json));
  }
  return all;
}

}  // namespace cli
