// SPDX-License-Identifier: Apache-2.0
#include "tests/model/run.hpp"

#include <algorithm>
#include <array>

#include "model/explore.hpp"
#include "sim/check.hpp"

namespace model {
doctest::String toString(const Result& result) {
  constexpr std::array kinds{"none", "value", "error", "signal", "object"};
  return (kinds[static_cast<std::size_t>(result.kind)] + std::string(" ") +
          std::to_string(result.number))
      .c_str();
}
}  // namespace model

namespace model::testing {

Run::Run(const Setup& setup, sim::Order order) : world_(setup, order) {
  sim::FirstChooser first;
  go(first);
}

Run::Run(const Setup& setup, sim::Order order, std::uint64_t seed) : world_(setup, order) {
  sim::SeededChooser seeded(seed);
  go(seeded);
}

void Run::go(sim::Chooser& chooser) {
  while (world_.step({.chooser = chooser, .trace = trace_})) {
  }
  world_.rest();
  for (const sim::Record& record : trace_.records()) events_.push_back(from_record(record));
}

Result Run::result(LineId line) const {
  for (const Event& event : events_) {
    if (event.kind != EventKind::returned || event.line != line) continue;
    return {static_cast<Result::Kind>(event.detail), event.value};
  }
  return {};
}

std::string Run::order(LineId line, std::initializer_list<EventKind> kinds) const {
  std::string text;
  for (const Event& event : events_) {
    if (line.some() && event.line != line) continue;
    if (std::ranges::find(kinds, event.kind) == kinds.end()) continue;
    if (!text.empty()) text += ' ';
    text += event_table[static_cast<std::size_t>(event.kind)].name;
  }
  return text;
}

std::size_t Run::count(EventKind kind, LineId line) const {
  return static_cast<std::size_t>(std::ranges::count_if(events_, [&](const Event& event) {
    return event.kind == kind && (!line.some() || event.line == line);
  }));
}

FrameId Run::frame(MmId mm, Page page) const {
  const Pte pte = machine().spaces[mm.index()].page_table.at(page);
  return pte.present() ? pte.frame() : FrameId{};
}

std::string names(PropertySet properties) {
  std::string text;
  for (std::size_t i = 0; i < property_table.size(); ++i) {
    if ((properties & bit(static_cast<Property>(i))) == 0) continue;
    if (!text.empty()) text += ' ';
    text += property_table[i].name;
  }
  return text;
}

std::string broken(const Setup& setup, const sim::ExploreReport& report) {
  if (!report.complete()) return "incomplete";
  PropertySet properties = 0;
  for (const sim::Counterexample& found : report.counterexamples) {
    properties |= bit(setup.claims[found.claim].property);
  }
  return names(properties);
}

std::string all_broken(const Setup& setup) {
  Setup claiming = setup;
  claiming.claims.clear();
  for (std::size_t i = 0; i < property_table.size(); ++i) {
    claiming.claims.push_back({.kind = Claim::Kind::never, .property = static_cast<Property>(i)});
  }
  return broken(claiming,
                model::explore(World(claiming, sim::Order::any), {.states_max = 400'000}));
}

}  // namespace model::testing
