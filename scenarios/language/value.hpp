// SPDX-License-Identifier: Apache-2.0
// What an expression is worth once the params are chosen: a quantity, a word or a list.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "scenarios/language/kind.hpp"
#include "scenarios/language/rational.hpp"

namespace language {

struct Quantity {  // In the base unit of its dimension: ns, bytes, pages, bit/s, 1/s.
  Rational amount;
  Dimension dimension = Dimension::none;
  bool operator==(const Quantity&) const = default;
};
struct Word {
  std::string text;
  bool operator==(const Word&) const = default;
};

struct Value {
  std::variant<std::monostate, Quantity, Word> content;  // monostate: not a constant.
  std::string written;                                   // As in the scenario: "75%".

  const Quantity* quantity() const { return std::get_if<Quantity>(&content); }
  const Word* word() const { return std::get_if<Word>(&content); }
  bool constant() const { return content.index() != 0; }
  std::string text() const { return word() != nullptr ? word()->text : written; }
  bool operator==(const Value& other) const { return content == other.content; }
};

inline constexpr std::int64_t page_bytes = 4096;

}  // namespace language
