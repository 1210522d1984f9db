// SPDX-License-Identifier: Apache-2.0
#pragma once

// Runs of small machines: what each call gave back, what happened in which order, what broke.

#include <doctest/doctest.h>

#include <initializer_list>
#include <string>
#include <vector>

#include "model/world.hpp"
#include "sim/chooser.hpp"
#include "sim/explore_report.hpp"
#include "sim/record.hpp"

namespace model {
doctest::String toString(const Result& result);  // For the messages of doctest.
}  // namespace model

namespace model::testing {

// One run to its end, in which of several things that are ready the first one comes first, or with
// a seed.
class Run {
 public:
  explicit Run(const Setup& setup, sim::Order order = sim::Order::by_time);
  Run(const Setup& setup, sim::Order order, std::uint64_t seed);

  const World& world() const { return world_; }
  const Machine& machine() const { return world_.machine(); }
  const std::vector<Event>& events() const { return events_; }
  const std::vector<sim::Record>& records() const { return trace_.records(); }

  // What the call returned; none if it did not.
  Result result(LineId line) const;
  // The names of the events of these kinds that a call caused, in their order, with blanks between
  // them. A line of none: all calls.
  std::string order(LineId line, std::initializer_list<EventKind> kinds) const;
  std::size_t count(EventKind kind, LineId line = {}) const;
  // The frame that a page is in; none if it is in none.
  FrameId frame(MmId mm, Page page) const;

 private:
  void go(sim::Chooser& chooser);

  World world_;
  sim::VectorTrace trace_;
  std::vector<Event> events_;
};

// The names of the properties, in their order, with blanks between them.
std::string names(PropertySet properties);

// The properties that the search found broken. "incomplete" if it did not look everywhere.
std::string broken(const Setup& setup, const sim::ExploreReport& report);

// Explores the setup with a `never` for each property: the names of those that break.
std::string all_broken(const Setup& setup);

}  // namespace model::testing
