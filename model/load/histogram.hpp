// SPDX-License-Identifier: Apache-2.0
#pragma once

// How often which duration occurred. Counts are exact, values to one part in 512: buckets are of
// equal width between two powers of two, as in an HdrHistogram.

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <vector>

#include "sim/id.hpp"

namespace model {

class Histogram {
 public:
  void add(sim::Nanoseconds value, std::uint64_t times = 1) {
    const std::size_t bucket = bucket_of(value);
    if (bucket >= counts_.size()) grow(bucket);
    counts_[bucket] += times;
    min_ = std::min(min_, value);
    max_ = std::max(max_, value);
    sum_ += value * times;
    count_ += times;
  }

  std::uint64_t count() const { return count_; }
  sim::Nanoseconds sum() const { return sum_; }
  sim::Nanoseconds min() const { return count_ == 0 ? 0 : min_; }
  sim::Nanoseconds max() const { return max_; }
  // Of nothing it is 0.
  double mean() const {
    return count_ == 0 ? 0 : static_cast<double>(sum_) / static_cast<double>(count_);
  }
  // So many per cent of all values are not above it: the upper end of that one's bucket.
  sim::Nanoseconds percentile(double percent) const {
    if (count_ == 0) return 0;
    constexpr double rounding = 1e-9;  // 99.9 per cent of 1000 are 999.
    const auto wanted = static_cast<std::uint64_t>(
        std::max(1.0, std::ceil(percent * static_cast<double>(count_) / 100 - rounding)));
    std::uint64_t seen = 0;
    for (std::size_t bucket = 0; bucket < counts_.size(); ++bucket) {
      seen += counts_[bucket];
      if (seen >= wanted) return std::min(max_, last_of(bucket));
    }
    return max_;
  }

  // visit(the largest value of a bucket, how many are in it), ascending, where there are any.
  template <class Visit>
  void for_each(Visit visit) const {
    for (std::size_t bucket = 0; bucket < counts_.size(); ++bucket) {
      if (counts_[bucket] > 0) visit(std::min(max_, last_of(bucket)), counts_[bucket]);
    }
  }

 private:
  static constexpr unsigned bits = 9;  // Of a value are kept, behind its first one.
  static constexpr std::uint64_t parts = std::uint64_t{1} << bits;

  static std::size_t bucket_of(sim::Nanoseconds value) {
    if (value < parts) return value;
    const auto shift = static_cast<unsigned>(std::bit_width(value)) - bits - 1;
    return (std::size_t{shift} << bits) + (value >> shift);
  }
  static sim::Nanoseconds last_of(std::size_t bucket) {
    if (bucket < 2 * parts) return bucket;
    const std::size_t shift = (bucket >> bits) - 1;
    return (((bucket & (parts - 1)) + parts + 1) << shift) - 1;
  }

  [[gnu::noinline]] void grow(std::size_t bucket) { counts_.resize(bucket + 1); }

  std::vector<std::uint64_t> counts_;
  std::uint64_t count_ = 0;
  sim::Nanoseconds sum_ = 0;
  sim::Nanoseconds min_ = ~sim::Nanoseconds{0};
  sim::Nanoseconds max_ = 0;
};

}  // namespace model
