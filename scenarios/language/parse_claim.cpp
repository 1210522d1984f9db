// SPDX-License-Identifier: Apache-2.0
// What must hold, how it is explored, and what is shown.
#include "scenarios/language/parser.hpp"

namespace language {
namespace {

void parse_property_names(Cursor& cursor, Assertion& assertion) {
  do {
    assertion.properties.push_back(cursor.expect_name("the name of a property"));
  } while (!cursor.panicking() && cursor.accept_comma());
}

std::optional<Expr> parse_when(Cursor& cursor) {
  if (cursor.panicking() || !cursor.accept_word("if")) return std::nullopt;
  return parse_expr(cursor);
}

}  // namespace

Assertion parse_assertion(Cursor& cursor, bool expect_fail) {
  Assertion assertion;
  assertion.expect_fail = expect_fail;
  assertion.condition = bad_expr(cursor);
  if (cursor.accept_word("never")) {
    parse_property_names(cursor, assertion);
  } else if (cursor.accept_word("always")) {
    assertion.kind = AssertionKind::always;
    assertion.condition = parse_expr(cursor);
  } else if (cursor.accept_word("eventually")) {
    assertion.kind = AssertionKind::eventually;
    assertion.condition = parse_expr(cursor);
  } else if (cursor.accept_word("forall")) {
    assertion.kind = AssertionKind::forall;
    assertion.condition = parse_parenthesized(cursor);
  } else if (cursor.accept_word("exists")) {
    assertion.kind = AssertionKind::exists;
    assertion.condition = parse_parenthesized(cursor);
  } else if (cursor.accept(TokenKind::tilde) || cursor.accept(TokenKind::bang)) {
    assertion.kind = AssertionKind::not_exists;
    if (!cursor.accept_word("exists")) cursor.error_here("'exists'");
    if (!cursor.panicking()) assertion.condition = parse_parenthesized(cursor);
  } else {
    cursor.error_here("never, always, eventually, exists, ~exists or forall");
  }
  assertion.when = parse_when(cursor);
  return assertion;
}

Check parse_check(Cursor& cursor) {
  Check check;
  check.condition = parse_expr(cursor);
  check.when = parse_when(cursor);
  return check;
}

Explore parse_explore(Cursor& cursor) {
  Explore explore;
  if (cursor.accept_word("all")) {
    explore.kind = ExploreKind::all;
  } else if (cursor.accept_word("dpor")) {
    explore.kind = ExploreKind::dpor;
  } else if (cursor.accept_word("random")) {
    explore.kind = ExploreKind::random;
    explore.count = parse_expr(cursor);
  } else if (cursor.accept_word("pct")) {
    explore.kind = ExploreKind::pct;
    explore.count = parse_expr(cursor);
  } else {
    cursor.error_here("all, dpor, random or pct");
  }
  if (!cursor.panicking() && cursor.accept_word("bound")) explore.bound = parse_expr(cursor);
  return explore;
}

Watch parse_watch(Cursor& cursor) { return {.columns = parse_exprs(cursor)}; }

Window parse_window(Cursor& cursor) {
  Window window;
  do {
    Window::Part part{.pages = parse_expr(cursor), .every = {}};
    if (!cursor.panicking() && cursor.accept_word("every")) part.every = parse_primary(cursor);
    window.parts.push_back(std::move(part));
  } while (!cursor.panicking() && cursor.accept_comma());
  if (cursor.panicking() || !cursor.accept_word("with")) return window;
  do {
    window.others.push_back(cursor.expect_name("the name of a process"));
  } while (!cursor.panicking() && cursor.accept_comma());
  return window;
}

Ask parse_ask(Cursor& cursor) {
  Ask ask;
  ask.question = parse_string(cursor, "the question in quotes");
  ask.answer = bad_expr(cursor);
  if (cursor.panicking()) return ask;
  if (cursor.accept_word("exists")) {
    ask.kind = AskKind::exists;
  } else if (cursor.accept_word("forall")) {
    ask.kind = AskKind::forall;
  } else if (cursor.accept_word("value")) {
    ask.kind = AskKind::value;
  } else if (cursor.accept(TokenKind::tilde) || cursor.accept(TokenKind::bang)) {
    ask.kind = AskKind::not_exists;
    if (!cursor.accept_word("exists")) cursor.error_here("'exists'");
  } else {
    cursor.error_here("exists, ~exists, forall or value");
  }
  if (!cursor.panicking()) ask.answer = parse_parenthesized(cursor);
  ask.when = parse_when(cursor);
  return ask;
}

}  // namespace language
