// SPDX-License-Identifier: Apache-2.0
#include "model/cost.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

namespace model {
namespace {

std::vector<sim::Nanoseconds> draws(const Distribution& distribution) {
  sim::SeededChooser chooser(1);
  std::vector<sim::Nanoseconds> result;
  for (int i = 0; i < 10'001; ++i) result.push_back(draw(distribution, chooser));
  std::ranges::sort(result);
  return result;
}

bool near(sim::Nanoseconds value, sim::Nanoseconds wanted) {
  return value > wanted - wanted / 20 && value < wanted + wanted / 20;
}

TEST_CASE("each cost has a name, and a range that it is in") {
  for (const CostInfo& info : cost_table) {
    CAPTURE(info.name);
    CHECK_FALSE(info.name.empty());
    CHECK_FALSE(info.per.empty());
    CHECK_FALSE(info.meaning.empty());
    CHECK_FALSE(info.source.empty());
    if (info.high == 0) continue;
    CHECK(info.low <= info.value);
    CHECK(info.value <= info.high);
  }
}

TEST_CASE("draws are spread as their distribution says") {
  using Kind = Distribution::Kind;
  const auto uniform = draws({.kind = Kind::uniform, .first = 1000, .second = 3000});
  CHECK(uniform.front() >= 1000);
  CHECK(uniform.back() <= 3000);
  CHECK(near(uniform[5000], 2000));
  const auto normal = draws({.kind = Kind::normal, .first = 10'000, .second = 1000});
  CHECK(near(normal[5000], 10'000));
  CHECK(near(normal[8413], 11'000));  // One deviation above the mean.
  const auto lognormal =
      draws({.kind = Kind::lognormal, .first = 10'000, .sigma_millionths = 500'000});
  CHECK(near(lognormal[5000], 10'000));
  CHECK(near(lognormal[8413], 16'487));
  const auto exponential = draws({.kind = Kind::exponential, .first = 10'000});
  CHECK(near(exponential[5000], 6931));
  const auto empirical = draws({.kind = Kind::empirical, .samples = {5, 7, 7, 9}});
  CHECK(empirical.front() == 5);
  CHECK(empirical[5000] == 7);
  CHECK(empirical.back() == 9);
}

TEST_CASE("no draw is negative") {
  const auto normal = draws({.kind = Distribution::Kind::normal, .first = 10, .second = 1000});
  CHECK(normal.front() == 0);
  CHECK(normal.back() > 1000);
  CHECK(normal.back() < 10'000);
}

}  // namespace
}  // namespace model
