// SPDX-License-Identifier: Apache-2.0
// The recursive descent, one function for each rule of grammar.ebnf. Each returns what it could
// read; what it could not is reported at the cursor. Private to the parser.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "scenarios/language/ast.hpp"
#include "scenarios/language/cursor.hpp"

namespace language {

// parse_expr.cpp
Expr parse_expr(Cursor& cursor);
Expr parse_unary(Cursor& cursor);    // No operators between two operands: a result.
Expr parse_primary(Cursor& cursor);  // No calls and no indices either: a time.
Path parse_path(Cursor& cursor);
std::vector<Arg> parse_args(Cursor& cursor);
Expr parse_parenthesized(Cursor& cursor);       // "(" expr ")"
std::vector<Expr> parse_exprs(Cursor& cursor);  // Separated by commas.
bool at_expr(const Cursor& cursor);
Name parse_string(Cursor& cursor, std::string_view what);
Name parse_statistic(Cursor& cursor);  // p99.9 is one name.
Expr bad_expr(Cursor& cursor);

// parse_number.cpp
Expr parse_number(Cursor& cursor);
bool is_unit_apart(std::string_view word);  // The 'pages' of `4 pages`.

// parse_event.cpp
Event parse_event(Cursor& cursor);
std::optional<Time> parse_time(Cursor& cursor);

// parse_setting.cpp
Setting parse_setting(Cursor& cursor);
std::vector<Setting> parse_settings(Cursor& cursor, std::optional<Span>& block);

// parse_machine.cpp, parse_claim.cpp, parse_load.cpp: after the keyword was taken.
Host parse_host(Cursor& cursor);
Switch parse_switch(Cursor& cursor);
Link parse_link(Cursor& cursor);
Mesh parse_mesh(Cursor& cursor);
Policy parse_policy(Cursor& cursor);
Cost parse_cost(Cursor& cursor);
Process parse_process(Cursor& cursor);
MappedFile parse_mapped_file(Cursor& cursor);
Kernel parse_kernel(Cursor& cursor);
Param parse_param(Cursor& cursor);
Let parse_let(Cursor& cursor);
Workload parse_workload(Cursor& cursor);
Trace parse_trace(Cursor& cursor);
Run parse_run(Cursor& cursor);
Measure parse_measure(Cursor& cursor);
Report parse_report(Cursor& cursor);
Explore parse_explore(Cursor& cursor);
Assertion parse_assertion(Cursor& cursor, bool expect_fail);  // Takes never, ~exists, ... itself.
Check parse_check(Cursor& cursor);
Watch parse_watch(Cursor& cursor);
Window parse_window(Cursor& cursor);
Ask parse_ask(Cursor& cursor);
Init parse_init(Cursor& cursor);
Timeline parse_timeline(Cursor& cursor);
Thread parse_thread(Cursor& cursor);

// The tree is bounded as the parser's stack is: whoever walks it may recurse.
inline constexpr std::uint32_t height_max = 100;

// Makes a node over children of that height.
template <class Node>
Expr make_expr(Cursor& cursor, Span span, std::uint32_t child_height, Node node) {
  if (child_height >= height_max) {
    cursor.error(span, "the expression is too long");
    return bad_expr(cursor);
  }
  Expr expr;
  expr.span = span;
  expr.id = cursor.next_expr_id();
  expr.height = child_height + 1;
  expr.node = std::move(node);
  return expr;
}

// Whether a block follows, on this line or the next.
bool at_block(Cursor& cursor);
// In a block: the next statement belongs to the file, so the block was never closed.
bool at_next_item(const Cursor& cursor);

// Reads "{ one; one }", one by one with `parse_one`. Returns the span with the braces.
template <class ParseOne>
Span parse_block(Cursor& cursor, ParseOne parse_one) {
  const bool shallow = cursor.deeper();
  if (!shallow || !at_block(cursor)) {
    cursor.error_here("'{'");
    cursor.shallower();
    return cursor.peek().span;
  }
  const Token open = cursor.take();
  while (true) {
    while (cursor.at(TokenKind::newline) || cursor.at(TokenKind::semicolon)) cursor.take();
    if (cursor.accept(TokenKind::right_brace)) break;
    if (cursor.at(TokenKind::end) || at_next_item(cursor)) {
      cursor.unclosed(open);
      break;
    }
    parse_one();
    cursor.end_statement();
  }
  cursor.shallower();
  return cursor.since(open);
}

template <class ParseOne>
std::optional<Span> parse_optional_block(Cursor& cursor, ParseOne parse_one) {
  if (cursor.panicking() || !at_block(cursor)) return std::nullopt;
  return parse_block(cursor, parse_one);
}

}  // namespace language
