// SPDX-License-Identifier: Apache-2.0
// The syntax tree as JSON: what `check --ast=json` prints, and how tests compare two trees.
#pragma once

#include <string>

#include "scenarios/language/ast.hpp"
#include "scenarios/language/source.hpp"

namespace language {

// Nodes carry "at": "line:column" if their source is given; otherwise two texts that mean the same
// give the same JSON. Empty lists, false and what is not there are left out.
std::string to_json(const File& file, const Source* source = nullptr);

}  // namespace language
