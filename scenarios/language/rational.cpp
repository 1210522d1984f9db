// SPDX-License-Identifier: Apache-2.0
#include "scenarios/language/rational.hpp"

#include <algorithm>
#include <limits>

namespace language {
namespace {

constexpr Wide numerator_max = (Wide{1} << 64) - 1;
constexpr Wide denominator_max = (Wide{1} << 62) - 1;
constexpr Wide wide_max = ~(Wide{1} << 127);

Wide magnitude(Wide value) { return value < 0 ? -value : value; }

Wide greatest_common_divisor(Wide left, Wide right) {
  while (right != 0) {
    const Wide rest = left % right;
    left = right;
    right = rest;
  }
  return left;
}

// Empty when the product does not fit. No operand is the smallest Wide.
std::optional<Wide> product(Wide left, Wide right) {
  if (left != 0 && magnitude(right) > wide_max / magnitude(left)) return std::nullopt;
  return left * right;
}

std::string digits(Wide value) {
  if (value == 0) return "0";
  std::string text;
  for (Wide rest = magnitude(value); rest > 0; rest /= 10) {
    text.push_back(static_cast<char>('0' + static_cast<int>(rest % 10)));
  }
  if (value < 0) text.push_back('-');
  std::ranges::reverse(text);
  return text;
}

}  // namespace

std::optional<Rational> Rational::of(Wide numerator, Wide denominator) {
  if (denominator == 0) return std::nullopt;
  if (denominator < 0) {
    numerator = -numerator;
    denominator = -denominator;
  }
  const Wide divisor = greatest_common_divisor(magnitude(numerator), denominator);
  Rational result;
  result.numerator_ = numerator / divisor;
  result.denominator_ = denominator / divisor;
  const bool fits =
      magnitude(result.numerator_) <= numerator_max && result.denominator_ <= denominator_max;
  return fits ? std::optional(result) : std::nullopt;
}

std::optional<Rational> Rational::add(const Rational& left, const Rational& right) {
  // Below 2^126 each, so that their sum fits.
  return of(left.numerator_ * right.denominator_ + right.numerator_ * left.denominator_,
            left.denominator_ * right.denominator_);
}

std::optional<Rational> Rational::subtract(const Rational& left, const Rational& right) {
  Rational negated = right;
  negated.numerator_ = -negated.numerator_;
  return add(left, negated);
}

std::optional<Rational> Rational::multiply(const Rational& left, const Rational& right) {
  const std::optional<Wide> above = product(left.numerator_, right.numerator_);
  if (!above) return std::nullopt;
  return of(*above, left.denominator_ * right.denominator_);
}

std::optional<Rational> Rational::divide(const Rational& left, const Rational& right) {
  // Each below 2^126.
  return of(left.numerator_ * right.denominator_, left.denominator_ * right.numerator_);
}

std::optional<std::int64_t> Rational::to_int64() const {
  const bool fits = denominator_ == 1 && numerator_ >= std::numeric_limits<std::int64_t>::min() &&
                    numerator_ <= std::numeric_limits<std::int64_t>::max();
  return fits ? std::optional(static_cast<std::int64_t>(numerator_)) : std::nullopt;
}

std::optional<std::uint64_t> Rational::to_uint64() const {
  const bool fits = denominator_ == 1 && numerator_ >= 0;
  return fits ? std::optional(static_cast<std::uint64_t>(numerator_)) : std::nullopt;
}

double Rational::to_double() const {
  return static_cast<double>(numerator_) / static_cast<double>(denominator_);
}

Wide Rational::round_down() const {
  const Wide quotient = numerator_ / denominator_;
  const bool below = numerator_ < 0 && numerator_ % denominator_ != 0;
  return below ? quotient - 1 : quotient;
}

std::string Rational::text() const {
  std::string text = digits(numerator_ / denominator_);
  if (whole()) return text;
  if (numerator_ < 0 && text == "0") text = "-0";
  text.push_back('.');
  Wide rest = magnitude(numerator_) % denominator_;
  for (int places = 0; rest != 0 && places < 18; ++places) {
    rest *= 10;
    text.push_back(static_cast<char>('0' + static_cast<int>(rest / denominator_)));
    rest %= denominator_;
  }
  return rest == 0 ? text : digits(numerator_) + "/" + digits(denominator_);
}

std::strong_ordering Rational::operator<=>(const Rational& other) const {
  // Below 2^126 each.
  return numerator_ * other.denominator_ <=> other.numerator_ * denominator_;
}

}  // namespace language
