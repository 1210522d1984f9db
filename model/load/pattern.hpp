// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which block comes next: the key `random_distribution` of fio(1), version 3.33.

#include <cstdint>
#include <string_view>

#include "sim/chooser.hpp"

namespace model {

class AccessPattern {
 public:
  enum class Kind : std::uint8_t {
    uniform,     // All alike. fio calls it random.
    zipf,        // The nth most frequent one is drawn in proportion to 1 / n^theta, theta > 0.
    pareto,      // The first h of all blocks get 1 - h of all draws, 0 < h < 1; and so on in these.
    normal,      // Around the middle; the deviation is so many per cent of all.
    sequential,  // One after the other, and from the first one again.
  };

  AccessPattern() = default;
  // `blocks` is 1 at least.
  AccessPattern(Kind kind, double parameter, std::uint32_t blocks);

  std::uint32_t blocks() const { return blocks_; }
  // `place`: how many blocks have been drawn before, for those who go through them in order.
  std::uint32_t draw(sim::Bits bits, std::uint64_t place) const {
    return kind_ == Kind::uniform ? draw_uniform(bits) : draw_skewed(bits, place);
  }

 private:
  __extension__ typedef unsigned __int128 Wide;
  // Lemire, Fast random integer generation in an interval (ACM TOMACS 29(1), 2019), without its
  // correction: no block is drawn more often than another by more than one in 2^32 draws.
  std::uint32_t draw_uniform(sim::Bits& bits) const {
    return static_cast<std::uint32_t>((Wide{bits()} * blocks_) >> 64);
  }
  std::uint32_t draw_skewed(sim::Bits& bits, std::uint64_t place) const;
  double unit(sim::Bits& bits) const;
  std::uint32_t draw_zipf(sim::Bits& bits) const;
  double area(double x) const;
  double area_inverse(double area) const;
  std::uint32_t scattered(std::uint32_t rank) const;

  Kind kind_ = Kind::uniform;
  double parameter_ = 0;
  std::uint32_t blocks_ = 1;
  std::uint32_t stride_ = 1;  // Has no divisor in common with `blocks_`.
  // Of zipf: the area under x^-theta up to both ends, and below which a draw needs no second look.
  double first_area_ = 0;
  double last_area_ = 0;
  double sure_ = 0;
};

// The kind of that name; sequential if there is none.
AccessPattern::Kind pattern_named(std::string_view name);
// What its parameter is called and lies between; an empty name: it takes none.
struct PatternParameter {
  std::string_view name{};
  double usual = 0;
  double above = 0;  // It is greater than this,
  double below = 0;  // and less than this.
};
PatternParameter parameter_of(AccessPattern::Kind kind);

}  // namespace model
