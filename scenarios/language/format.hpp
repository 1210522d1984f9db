// SPDX-License-Identifier: Apache-2.0
// The canonical layout of a scenario: what `shootdown fmt` writes. Comments and single blank lines
// are kept, and a block that was on one line stays there if it fits. What is formatted again stays
// as it is, and parses to the same tree.
#pragma once

#include <string>

#include "scenarios/language/ast.hpp"
#include "scenarios/language/problem.hpp"
#include "scenarios/language/source.hpp"

namespace language {

// The tree was read from the source, without problems.
std::string format(const Source& source, const File& file);

struct Formatted {
  std::string text;  // Empty if there are errors.
  Problems problems;
};

// The file of that path; what it imports is not looked at.
Formatted format_file(Sources& sources, const std::string& path);

}  // namespace language
