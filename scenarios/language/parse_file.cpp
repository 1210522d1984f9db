// SPDX-License-Identifier: Apache-2.0
// The statements of a file.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "scenarios/language/nearest.hpp"
#include "scenarios/language/parse.hpp"
#include "scenarios/language/parser.hpp"

namespace language {
namespace {

using Node = decltype(Item::node);

struct Statement {
  std::string_view word;
  Node (*parse)(Cursor& cursor);  // After the word was taken.
};

template <auto parse>
Node as_node(Cursor& cursor) {
  return parse(cursor);
}

Node parse_language(Cursor& cursor) { return LanguageVersion{parse_expr(cursor)}; }
Node parse_scenario(Cursor& cursor) {
  return ScenarioName{parse_string(cursor, "the scenario's name in quotes")};
}
Node parse_import(Cursor& cursor) {
  return Import{parse_string(cursor, "the file's name in quotes")};
}
Node parse_baseline(Cursor& cursor) { return Baseline{parse_expr(cursor)}; }
Node parse_expect(Cursor& cursor) {
  if (!cursor.accept_word("fail")) cursor.error_here("'fail'");
  return cursor.panicking() ? Assertion{} : parse_assertion(cursor, true);
}

constexpr std::array statements = {
    Statement{"scenario", parse_scenario},
    Statement{"import", parse_import},
    Statement{"language", parse_language},
    Statement{"kernel", as_node<parse_kernel>},
    Statement{"param", as_node<parse_param>},
    Statement{"let", as_node<parse_let>},
    Statement{"host", as_node<parse_host>},
    Statement{"switch", as_node<parse_switch>},
    Statement{"link", as_node<parse_link>},
    Statement{"mesh", as_node<parse_mesh>},
    Statement{"policy", as_node<parse_policy>},
    Statement{"cost", as_node<parse_cost>},
    Statement{"process", as_node<parse_process>},
    Statement{"file", as_node<parse_mapped_file>},
    Statement{"init", as_node<parse_init>},
    Statement{"timeline", as_node<parse_timeline>},
    Statement{"thread", as_node<parse_thread>},
    Statement{"workload", as_node<parse_workload>},
    Statement{"trace", as_node<parse_trace>},
    Statement{"run", as_node<parse_run>},
    Statement{"explore", as_node<parse_explore>},
    Statement{"check", as_node<parse_check>},
    Statement{"measure", as_node<parse_measure>},
    Statement{"baseline", parse_baseline},
    Statement{"report", as_node<parse_report>},
    Statement{"watch", as_node<parse_watch>},
    Statement{"window", as_node<parse_window>},
    Statement{"ask", as_node<parse_ask>},
    Statement{"expect", parse_expect},
};
// These are read by parse_assertion().
constexpr std::array<std::string_view, 5> assertion_words = {"never", "always", "eventually",
                                                             "exists", "forall"};

const Statement* find_statement(std::string_view word) {
  const auto found = std::ranges::find(statements, word, &Statement::word);
  return found == statements.end() ? nullptr : &*found;
}

bool at_assertion(const Cursor& cursor) {
  return cursor.at(TokenKind::tilde) || cursor.at(TokenKind::bang) ||
         (cursor.at(TokenKind::name) &&
          std::ranges::find(assertion_words, cursor.text(cursor.peek())) != assertion_words.end());
}

void report_unknown_statement(Cursor& cursor) {
  const Token token = cursor.peek();
  if (token.kind != TokenKind::name) return cursor.error_here("a statement");
  const std::string word(cursor.text(token));
  const std::optional<std::string> meant = nearest(word, statement_words());
  std::string message = fmt::format("'{}' is not a statement", word);
  if (meant) message += fmt::format("; did you mean '{}'?", *meant);
  cursor.mistake(token.span, std::move(message), meant);
  cursor.panic();
}

void parse_item(Cursor& cursor, File& file) {
  const Token first = cursor.peek();
  Item item;
  if (at_assertion(cursor)) {
    item.node = parse_assertion(cursor, false);
  } else if (const Statement* statement =
                 first.kind == TokenKind::name ? find_statement(cursor.text(first)) : nullptr) {
    cursor.take();
    item.node = statement->parse(cursor);
  } else {
    return report_unknown_statement(cursor);
  }
  item.span = cursor.panicking() ? first.span : cursor.since(first);
  file.items.push_back(std::move(item));
}

void parse_items(Cursor& cursor, File& file) {
  while (true) {
    while (cursor.at(TokenKind::newline) || cursor.at(TokenKind::semicolon)) cursor.take();
    if (cursor.at(TokenKind::end)) return;
    if (cursor.at(TokenKind::right_brace)) {
      cursor.mistake(cursor.peek().span, "'}' without '{'");
      cursor.take();
      continue;
    }
    parse_item(cursor, file);
    cursor.end_statement();
  }
}

}  // namespace

const std::vector<std::string>& statement_words() {
  static const std::vector<std::string> words = [] {
    std::vector<std::string> result;
    for (const Statement& statement : statements) result.emplace_back(statement.word);
    for (const std::string_view word : assertion_words) result.emplace_back(word);
    return result;
  }();
  return words;
}

bool at_block(Cursor& cursor) {
  std::size_t ahead = 0;
  while (cursor.peek(ahead).kind == TokenKind::newline) ++ahead;
  if (cursor.peek(ahead).kind != TokenKind::left_brace) return false;
  cursor.skip_newlines();
  return true;
}

bool at_next_item(const Cursor& cursor) {
  if (!cursor.at(TokenKind::name) || !cursor.at_line_start()) return false;
  const TokenKind next = cursor.peek(1).kind;
  const bool names_something = next == TokenKind::name || next == TokenKind::string;
  return names_something && find_statement(cursor.text(cursor.peek())) != nullptr;
}

ParsedFile parse_file(const Sources& sources, SourceId id, std::uint32_t first_expr_id) {
  ParsedFile parsed;
  Lexed lexed = lex(sources, id, parsed.problems);
  Cursor cursor(sources.at(id), lexed.tokens, parsed.problems, first_expr_id);
  parsed.file.source = id;
  parse_items(cursor, parsed.file);
  parsed.file.comments = std::move(lexed.comments);
  parsed.exprs = cursor.expr_ids();
  return parsed;
}

ParsedExpr parse_expr_text(const Sources& sources, SourceId id, std::uint32_t first_expr_id) {
  ParsedExpr parsed;
  const Lexed lexed = lex(sources, id, parsed.problems);
  Cursor cursor(sources.at(id), lexed.tokens, parsed.problems, first_expr_id);
  parsed.expr = parse_expr(cursor);
  if (!cursor.at(TokenKind::newline)) cursor.error_here("end of line");
  return parsed;
}

}  // namespace language
