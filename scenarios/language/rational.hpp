// SPDX-License-Identifier: Apache-2.0
// An exact fraction: what a number in a scenario means before and after its unit is applied.
// `1.2us` is 1200 ns and `0.35` is 7/20, in every build and on every machine; no floating point.
// Invariant: lowest terms, denominator > 0, |numerator| < 2^64, denominator < 2^62.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>

namespace language {

__extension__ typedef __int128 Wide;

class Rational {
 public:
  constexpr Rational() = default;
  constexpr Rational(std::int64_t value) : numerator_(value) {}  // NOLINT: a number is a fraction.

  // Empty when the result does not fit, or when it would divide by zero.
  static std::optional<Rational> of(Wide numerator, Wide denominator);
  static std::optional<Rational> add(const Rational& left, const Rational& right);
  static std::optional<Rational> subtract(const Rational& left, const Rational& right);
  static std::optional<Rational> multiply(const Rational& left, const Rational& right);
  static std::optional<Rational> divide(const Rational& left, const Rational& right);

  Wide numerator() const { return numerator_; }
  Wide denominator() const { return denominator_; }
  bool whole() const { return denominator_ == 1; }

  // The whole number, if it is one and fits.
  std::optional<std::int64_t> to_int64() const;
  std::optional<std::uint64_t> to_uint64() const;
  Wide round_down() const;
  double to_double() const;  // For measures and plots: nothing that a run depends on.

  // "12", "-3", "1.25"; a fraction without a finite decimal form is written "1/3".
  std::string text() const;

  bool operator==(const Rational&) const = default;
  std::strong_ordering operator<=>(const Rational& other) const;

 private:
  Wide numerator_ = 0;
  Wide denominator_ = 1;
};

}  // namespace language
