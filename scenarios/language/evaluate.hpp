// SPDX-License-Identifier: Apache-2.0
// The value of an expression that no run decides: numbers, units, params, lets and words.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "scenarios/language/names.hpp"
#include "scenarios/language/statistic.hpp"

namespace language {

struct Assignment {  // One value for each of Checked::params, in that order.
  std::vector<Value> values;
};

struct Evaluated {
  Value value;          // Not a constant if there is a problem.
  std::string problem;  // "a time and a size cannot be added"; empty if there is none.
};

// A comparison is worth 1 or 0. A name that is neither a param nor a let is a word.
Evaluated evaluate(const Checked& checked, const Assignment& assignment, const Expr& expr);

// The value of a number, a negative number or a word; anything else is not a constant.
Value literal_value(const Expr& expr, const Vocabulary& vocabulary);

// Does the value depend on a param that takes several?
bool depends_on_sweep(const Checked& checked, const Expr& expr);

// Every combination of param values, the last param turning fastest; at most `limit`.
std::vector<Assignment> combinations(const Checked& checked, std::size_t limit = 100'000);

// So few assignments that each param takes each of its values (but at most 64): what is checked
// before anything runs.
std::vector<Assignment> samples(const Checked& checked);

// What `check` and `report` say.
Statistics statistics_of(const Checked& checked, const Assignment& assignment, Problems& problems);

// In that dimension, if it can be had: pages are also bytes, and 0 is 0 of everything.
std::optional<Rational> amount_in(const Value& value, Dimension dimension);

}  // namespace language
