// SPDX-License-Identifier: Apache-2.0
// Names and kinds: from a syntax tree to tables of what it declares, or to problems.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "scenarios/language/names.hpp"
#include "scenarios/language/source.hpp"

namespace language {

struct Override {  // -D name=value
  Name name;
  Expr value;
};
struct Overrides {
  std::vector<Override> params;
  std::optional<Name> policy;  // --policy name
  Problems problems;
};

// Reads the arguments of -D, and of --policy ("" for none). Their texts become sources, so that
// problems can show them.
Overrides parse_overrides(Sources& sources, const std::vector<std::string>& definitions,
                          const std::string& policy = "");

// The vocabulary must outlive the result.
Checked check(Script script, const Vocabulary& vocabulary, const Overrides& overrides = {});

}  // namespace language
