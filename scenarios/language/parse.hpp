// SPDX-License-Identifier: Apache-2.0
// Text to syntax tree. Never fails and never throws: what could not be read is in the problems,
// and the tree holds the rest.
#pragma once

#include <string>
#include <vector>

#include "scenarios/language/ast.hpp"
#include "scenarios/language/problem.hpp"
#include "scenarios/language/source.hpp"

namespace language {

struct Parsed {
  Script script;
  Problems problems;  // Sorted.
};

// Reads the file of that path and all that it imports.
Parsed parse(Sources& sources, const std::string& path);

struct ParsedFile {
  File file;
  Problems problems;
  std::uint32_t exprs = 0;
};

// One text without its imports; its expressions are numbered from `first_expr_id`.
ParsedFile parse_file(const Sources& sources, SourceId id, std::uint32_t first_expr_id = 0);

// One expression, as the value of -D name=value.
struct ParsedExpr {
  Expr expr;
  Problems problems;
};
ParsedExpr parse_expr_text(const Sources& sources, SourceId id, std::uint32_t first_expr_id);

// The words that start a statement.
const std::vector<std::string>& statement_words();

}  // namespace language
