// SPDX-License-Identifier: Apache-2.0
// The file of `empirical("file.csv")`: a time a line, in its first column.
#pragma once

#include <optional>
#include <vector>

#include "scenarios/language/problem.hpp"
#include "scenarios/language/source.hpp"
#include "scenarios/language/vocabulary.hpp"
#include "sim/id.hpp"

namespace language {

struct Samples {
  std::vector<sim::Nanoseconds> values;
  std::optional<Problem> problem;  // The first one.
};

// Times are as in a scenario, `12.5us`, or nanoseconds if they have no unit. Blank lines, those
// that begin with '#', and a first line that is no time are not looked at.
Samples read_samples(const Sources& sources, SourceId id, const std::vector<UnitRow>& units);

}  // namespace language
