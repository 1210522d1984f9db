// SPDX-License-Identifier: Apache-2.0
// What `check` and `report` say of the measures of a run, and of the run that is its baseline.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "scenarios/language/kind.hpp"
#include "scenarios/language/span.hpp"

namespace language {

// In postfix order. Numbers are in the base unit of their dimension: ns, bytes, pages, 1/s.
struct Statistic {
  enum class Code : std::uint8_t {
    number,
    measure,   // p99(remote)
    baseline,  // baseline.p99(remote)
    negate,
    logical_not,
    logical_or,
    logical_and,
    equal,
    not_equal,
    less,
    less_equal,
    greater,
    greater_equal,
    add,
    subtract,
    multiply,
    divide,
  };
  struct Part {
    Code code = Code::number;
    double number = 0;
    std::string measure{};  // Its name.
  };
  std::string text;  // As a reader would write it.
  Dimension dimension = Dimension::none;
  std::vector<Part> parts;

  bool has_baseline() const;
};

// The value of a measure of the run, or of its baseline; none if there is no such.
using MeasureOf = std::function<std::optional<double>(Statistic::Code, const std::string& name)>;

// None: some measure is not there, or something is divided by 0.
std::optional<double> value_of(const Statistic& statistic, const MeasureOf& measure_of);

struct CellCheck {  // check p99(remote) <= 20 * baseline.p99(remote)
  Statistic condition;
  Span span;
};

struct ReportPlan {
  enum class Kind : std::uint8_t { table, lines, bars, cdf, heat_map } kind = Kind::table;
  std::vector<std::string> by{};  // Params: the rows of a table.
  std::vector<std::size_t> of{};  // Of Cell::reported: columns; what a plot shows.
  std::string x{}, y{};           // Params: the axes. y: of a heat map.
  std::string lines{}, facets{};  // Params, or none.
  bool chosen = false;            // `as` says of which kind it is.
};

// What a script says of measures, for one choice of its params.
struct Statistics {
  std::vector<CellCheck> checks;    // Those whose `if` holds.
  std::vector<Statistic> reported;  // What `reports` speak of by its number.
  std::vector<ReportPlan> reports;  // The same for all choices.
};

}  // namespace language
