// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "model/load/histogram.hpp"
#include "model/load/pattern.hpp"

namespace {
using model::AccessPattern;
using model::Histogram;
using Kind = AccessPattern::Kind;

constexpr std::uint32_t draws = 200'000;

// How often each block was drawn.
std::vector<double> counts_of(const AccessPattern& pattern) {
  sim::SeededChooser chooser(7);
  std::vector<double> counts(pattern.blocks());
  for (std::uint32_t i = 0; i < draws; ++i) {
    const std::uint32_t block = pattern.draw({chooser, 0}, i);
    REQUIRE(block < pattern.blocks());
    ++counts[block];
  }
  return counts;
}

std::vector<double> falling(std::vector<double> counts) {
  std::ranges::sort(counts, std::greater<>{});
  return counts;
}

// Within five deviations of what a share of all draws would give.
bool is_share(double count, double share) {
  return std::abs(count - share * draws) < 5 * std::sqrt(share * (1 - share) * draws) + 1;
}

}  // namespace

TEST_CASE("zipf draws the nth most frequent block in proportion to 1 / n^theta") {
  for (const double theta : {0.6, 0.99, 1.0, 1.2, 2.5}) {
    CAPTURE(theta);
    constexpr std::uint32_t blocks = 1000;
    const std::vector<double> counts = falling(counts_of({Kind::zipf, theta, blocks}));
    double all = 0;
    for (std::uint32_t n = 1; n <= blocks; ++n) all += std::pow(n, -theta);
    for (const std::uint32_t n : {1U, 2U, 3U}) {
      CHECK(is_share(counts[n - 1], std::pow(n, -theta) / all));
    }
    double first_tenth = 0;
    double drawn = 0;
    for (std::uint32_t n = 1; n <= blocks / 10; ++n) {
      first_tenth += std::pow(n, -theta) / all;
      drawn += counts[n - 1];
    }
    CHECK(drawn / draws == doctest::Approx(first_tenth).epsilon(0.02));
  }
}

TEST_CASE("zipf does not put the most frequent blocks side by side") {
  const std::vector<double> counts = counts_of({Kind::zipf, 1.2, 1000});
  const auto first = std::ranges::max_element(counts) - counts.begin();
  std::vector<double> others = counts;
  others[static_cast<std::size_t>(first)] = 0;
  const auto second = std::ranges::max_element(others) - others.begin();
  CHECK(std::abs(first - second) > 100);
}

TEST_CASE("pareto gives the first h of all blocks 1 - h of all draws") {
  for (const double h : {0.1, 0.2, 0.4}) {
    CAPTURE(h);
    const std::vector<double> counts = falling(counts_of({Kind::pareto, h, 1000}));
    double hot = 0;
    for (std::size_t i = 0; i < static_cast<std::size_t>(1000 * h); ++i) hot += counts[i];
    CHECK(hot / draws == doctest::Approx(1 - h).epsilon(0.02));
  }
}

TEST_CASE("uniform draws all alike, normal the middle, sequential one after the other") {
  for (const double count : counts_of({Kind::uniform, 0, 100})) CHECK(is_share(count, 0.01));
  const std::vector<double> bell = counts_of({Kind::normal, 10, 100});
  double middle = 0;
  for (std::size_t i = 40; i < 60; ++i) middle += bell[i];
  CHECK(middle / draws == doctest::Approx(0.683).epsilon(0.03));
  for (const double count : counts_of({Kind::sequential, 0, 100})) CHECK(count == draws / 100);
}

TEST_CASE("a single block is the only one that can be drawn") {
  for (const Kind kind : {Kind::uniform, Kind::zipf, Kind::pareto, Kind::normal}) {
    CHECK(counts_of({kind, 0.5, 1})[0] == draws);
  }
}

TEST_CASE("a histogram tells percentiles to one part in 512, and all else exactly") {
  sim::SeededChooser chooser(11);
  std::vector<sim::Nanoseconds> values;
  Histogram histogram;
  for (int i = 0; i < 10'000; ++i) {
    values.push_back(chooser.bits(0) >> (chooser.bits(1) % 60 + 4));
    histogram.add(values.back());
  }
  std::ranges::sort(values);
  CHECK(histogram.count() == values.size());
  CHECK(histogram.min() == values.front());
  CHECK(histogram.max() == values.back());
  for (const double percent : {0.01, 1.0, 50.0, 90.0, 99.0, 99.9, 100.0}) {
    CAPTURE(percent);
    const auto rank = static_cast<std::size_t>(std::ceil(percent * 100 - 1e-9)) - 1;
    const auto exact = static_cast<double>(values[rank]);
    const auto told = static_cast<double>(histogram.percentile(percent));
    CHECK(told >= exact);
    CHECK(told <= exact * (1 + 1.0 / 512) + 1);
  }
  Histogram thousand;  // 99.9 per cent of 1000 are 999.
  thousand.add(5, 999);
  thousand.add(972);
  CHECK(thousand.percentile(99.9) == 5);
  CHECK(thousand.percentile(99.91) == 972);
  std::uint64_t all = 0;
  histogram.for_each([&all](sim::Nanoseconds, std::uint64_t count) { all += count; });
  CHECK(all == histogram.count());
  CHECK(Histogram().percentile(99) == 0);
  CHECK(Histogram().mean() == 0);
}
