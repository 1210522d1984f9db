// SPDX-License-Identifier: Apache-2.0
// What can be left out of a scenario to make it smaller: as edits of its text, of which some make
// no scenario any more. For who looks for the smallest one that still shows something.
#pragma once

#include <string>
#include <vector>

#include "scenarios/language/ast.hpp"
#include "scenarios/language/source.hpp"

namespace language {

struct Edit {
  Span span;
  std::string text;  // In place of what was there.
};

enum class Part : std::uint8_t {
  statements,  // Threads, claims, processes, hosts, ... but never a policy, a kernel or a cost.
  lines,       // Calls, regions, devices.
  sizes,       // Regions of fewer pages.
};

// Edits that do not overlap, in the order of the text.
std::vector<Edit> reductions(const File& file, Part part);

// The text after edits that do not overlap.
std::string edited(const Source& source, std::vector<Edit> edits);

// A script as one text: without imports, comments and `explore`, and with a statement for each
// property that is claimed.
std::string flattened(const Sources& sources, const Script& script);

}  // namespace language
