// SPDX-License-Identifier: Apache-2.0
// The scenario files themselves: what is simulated is among what is explored.

#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "model/explore.hpp"
#include "model/world.hpp"
#include "scenarios/language/lower.hpp"
#include "sim/pct_chooser.hpp"

namespace {

std::optional<std::string> load_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

sim::SeededChooser by_lot(std::uint64_t seed) { return sim::SeededChooser(seed); }

sim::PctChooser by_priorities(std::uint64_t seed) {
  return {seed, {.depth = static_cast<std::uint32_t>(1 + seed % 4), .steps = 60}};
}

// How many worlds of runs in `order`, with a chooser for each seed, explore did not visit.
template <class MakeChooser>
std::size_t strangers(const model::Setup& setup, sim::Order order, std::uint64_t seeds,
                      MakeChooser make) {
  const model::World start(setup, sim::Order::any);
  const sim::ExploreReport all = model::explore(start, {.keep_fingerprints = true});
  CHECK(all.complete());
  std::size_t count = 0;
  sim::NoTrace silent;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    model::World world(setup, order);
    auto chooser = make(seed);
    do {
      CHECK(world.consistent());
      const bool known = std::ranges::binary_search(all.fingerprints, sim::fingerprint_of(world));
      if (!known) ++count;
    } while (world.step({.chooser = chooser, .trace = silent}));
  }
  return count;
}

}  // namespace

TEST_CASE("every state of a thousand seeded runs of a scenario is one that explore visits") {
  for (const char* path : {"scenarios/1-odp-munmap-race.sd", "scenarios/holt/e1-owner-waits.sd",
                           "scenarios/memory/swap.sd"}) {
    CAPTURE(path);
    language::Sources sources(load_file);
    const language::Loaded loaded = language::load(sources, path, {});
    CHECK(language::render(sources, loaded.problems) == "");
    REQUIRE(loaded.cells.size() == 1);
    const model::Setup& setup = *loaded.cells.front().setup;
    CHECK(strangers(setup, sim::Order::by_time, 1000, by_lot) == 0);
    CHECK(strangers(setup, sim::Order::any, 1000, by_lot) == 0);
    CHECK(strangers(setup, sim::Order::any, 1000, by_priorities) == 0);
  }
}

TEST_CASE("a seed gives the same run each time") {
  language::Sources sources(load_file);
  const language::Loaded loaded = language::load(sources, "scenarios/2-holt-handle.sd", {});
  REQUIRE(loaded.cells.size() == 1);
  std::vector<sim::Record> runs[2];
  for (std::vector<sim::Record>& records : runs) {
    model::World world(*loaded.cells.front().setup, sim::Order::by_time);
    sim::SeededChooser chooser(7);
    sim::VectorTrace trace;
    while (world.step({.chooser = chooser, .trace = trace})) {
    }
    records = trace.records();
  }
  CHECK(runs[0].size() > 100);
  CHECK(runs[0] == runs[1]);
}
