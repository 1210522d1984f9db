// SPDX-License-Identifier: Apache-2.0
// Coverage: what was done at all while claims were looked at. A claim says little of a step that
// was never taken, of two tasks that were never seen at two places at once, or of a rule that never
// had anything to judge. What `init` does is not counted.
#pragma once

#include <array>
#include <boost/container/flat_map.hpp>
#include <boost/container/flat_set.hpp>
#include <cstdint>
#include <vector>

#include "model/world.hpp"

namespace cli {

// Steps are numbers of model::step_number(). A pair is two numbers, the first one in the upper
// half.
using Pairs = boost::container::flat_set<std::uint64_t>;
constexpr std::uint64_t pair_of(std::uint32_t first, std::uint32_t second) {
  return (std::uint64_t{first} << 32) | second;
}
constexpr std::uint32_t first_of(std::uint64_t pair) {
  return static_cast<std::uint32_t>(pair >> 32);
}
constexpr std::uint32_t second_of(std::uint64_t pair) { return static_cast<std::uint32_t>(pair); }

struct Coverage {
  static constexpr auto rules_max = static_cast<std::size_t>(model::Property::count);

  boost::container::flat_map<std::uint32_t, std::uint64_t> steps{};  // How often each was taken.
  Pairs taken{};    // Task, step: which task has taken it.
  Pairs stood{};    // Task, step: which task stood before it.
  Pairs meeting{};  // A step that was taken, and one before which another task stood.
  Pairs calls{};    // Lines that started.
  std::array<std::uint64_t, rules_max> rules{};  // How often each got something to judge.

  void add(const Coverage& other);
  bool operator==(const Coverage&) const = default;
};

// The pairs that `meeting` could hold: one task was seen to take the step, another one to stand
// before the other step, at whatever times.
Pairs conceivable(const Coverage& coverage);

// Moves a world, and notes what it does.
class Probe final : public sim::TraceSink {
 public:
  explicit Probe(Coverage& coverage) : coverage_(coverage) {}

  // What World::step() does and returns.
  bool step(model::World& world, sim::Chooser& chooser);
  void write(const sim::Record& record) override { records_.push_back(record); }

 private:
  void note_step(std::uint32_t task, std::uint32_t step);
  void note_event(const model::Machine& machine, const model::Event& event);

  Coverage& coverage_;
  std::vector<sim::Record> records_;     // Of the last step.
  std::vector<std::uint64_t> standing_;  // Task, step: before the last step.
};

}  // namespace cli
