// SPDX-License-Identifier: Apache-2.0
// Expressions: Pratt's method, with C's precedence.
#include <algorithm>
#include <array>

#include "scenarios/language/parser.hpp"

namespace language {
namespace {

struct Infix {
  TokenKind token;
  BinaryOp op;
  int strength;  // The higher, the tighter.
};
constexpr std::array infixes = {
    Infix{TokenKind::or_or, BinaryOp::logical_or, 1},
    Infix{TokenKind::and_and, BinaryOp::logical_and, 2},
    Infix{TokenKind::bar, BinaryOp::bit_or, 3},
    Infix{TokenKind::equal_equal, BinaryOp::equal, 4},
    Infix{TokenKind::equals, BinaryOp::equal, 4},  // A mistake that is understood.
    Infix{TokenKind::not_equal, BinaryOp::not_equal, 4},
    Infix{TokenKind::less, BinaryOp::less, 5},
    Infix{TokenKind::less_equal, BinaryOp::less_equal, 5},
    Infix{TokenKind::greater, BinaryOp::greater, 5},
    Infix{TokenKind::greater_equal, BinaryOp::greater_equal, 5},
    Infix{TokenKind::plus, BinaryOp::add, 6},
    Infix{TokenKind::minus, BinaryOp::subtract, 6},
    Infix{TokenKind::star, BinaryOp::multiply, 7},
    Infix{TokenKind::slash, BinaryOp::divide, 7},
};

const Infix* find_infix(TokenKind kind) {
  const auto found = std::ranges::find(infixes, kind, &Infix::token);
  return found == infixes.end() ? nullptr : &*found;
}

std::uint32_t height_of(const std::vector<Arg>& args) {
  std::uint32_t height = 0;
  for (const Arg& arg : args) height = std::max(height, arg.value.height);
  return height;
}

Expr parse_list(Cursor& cursor) {
  const Token open = cursor.take();
  cursor.enter_brackets();
  ListExpr list;
  std::uint32_t height = 0;
  while (!cursor.at(TokenKind::right_bracket) && !cursor.panicking()) {
    list.elements.push_back(parse_expr(cursor));
    height = std::max(height, list.elements.back().height);
    if (!cursor.accept(TokenKind::comma)) break;
  }
  cursor.leave_brackets(open, TokenKind::right_bracket);
  return make_expr(cursor, cursor.since(open), height, std::move(list));
}

Expr parse_path_or_register(Cursor& cursor) {
  const Token first = cursor.peek();
  Path path = parse_path(cursor);
  const bool is_register = path.parts.size() > 1 && cursor.at(TokenKind::colon) &&
                           cursor.peek(1).kind == TokenKind::name;
  if (!is_register) return make_expr(cursor, path.span, 0, PathExpr{path});
  cursor.take();
  const Name name = cursor.name_of(cursor.take());
  return make_expr(cursor, cursor.since(first), 0, RegisterExpr{std::move(path), name});
}

Expr parse_index(Cursor& cursor, Expr object) {
  const Token open = cursor.take();
  cursor.enter_brackets();
  Expr first = parse_expr(cursor);
  std::optional<Expr> last;
  if (cursor.accept(TokenKind::dot_dot)) last = parse_expr(cursor);
  cursor.leave_brackets(open, TokenKind::right_bracket);
  const Span span = join(object.span, cursor.last().span);
  const std::uint32_t height = std::max({object.height, first.height, last ? last->height : 0});
  if (last) {
    return make_expr(cursor, span, height,
                     SliceExpr{std::move(object), std::move(first), std::move(*last)});
  }
  return make_expr(cursor, span, height, IndexExpr{std::move(object), std::move(first)});
}

Expr parse_call(Cursor& cursor, const Expr& function) {
  Path path = std::get<PathExpr>(function.node).path;
  std::vector<Arg> args = parse_args(cursor);
  const std::uint32_t height = height_of(args);
  return make_expr(cursor, join(function.span, cursor.last().span), height,
                   CallExpr{std::move(path), std::move(args)});
}

Expr parse_field(Cursor& cursor, Expr object) {
  cursor.take();
  const Name field = cursor.expect_name("the name of a field");
  const Span span = join(object.span, cursor.last().span);
  const std::uint32_t height = object.height;
  return make_expr(cursor, span, height, FieldExpr{std::move(object), field});
}

Expr parse_postfix(Cursor& cursor) {
  Expr expr = parse_primary(cursor);
  while (!cursor.panicking()) {
    if (cursor.at(TokenKind::left_paren) && std::holds_alternative<PathExpr>(expr.node) &&
        !expr.parenthesized) {
      expr = parse_call(cursor, expr);
    } else if (cursor.at(TokenKind::left_bracket)) {
      expr = parse_index(cursor, std::move(expr));
    } else if (cursor.at(TokenKind::dot)) {
      expr = parse_field(cursor, std::move(expr));
    } else if (cursor.at(TokenKind::name) && is_unit_apart(cursor.text(cursor.peek())) &&
               !std::holds_alternative<NumberExpr>(expr.node)) {
      const Name unit = cursor.name_of(cursor.take());
      const Span span = join(expr.span, unit.span);
      const std::uint32_t height = expr.height;
      expr = make_expr(cursor, span, height, UnitExpr{std::move(expr), unit});
    } else {
      break;
    }
  }
  return expr;
}

Expr parse_infix(Cursor& cursor, int weakest) {
  Expr left = parse_unary(cursor);
  while (!cursor.panicking()) {
    const Token token = cursor.peek();
    const Infix* infix = find_infix(token.kind);
    if (infix == nullptr || infix->strength < weakest) break;
    if (token.kind == TokenKind::equals) {
      cursor.mistake(token.span, "comparison is written '=='", "==");
    }
    cursor.take();
    Expr right = parse_infix(cursor, infix->strength + 1);
    const Span span = join(left.span, right.span);
    const std::uint32_t height = std::max(left.height, right.height);
    left = make_expr(cursor, span, height,
                     BinaryExpr{infix->op, token.span, std::move(left), std::move(right)});
  }
  return left;
}

}  // namespace

Expr bad_expr(Cursor& cursor) {
  Expr expr;
  expr.span = cursor.peek().span;
  expr.span.length = 0;
  expr.id = cursor.next_expr_id();
  return expr;
}

Expr parse_expr(Cursor& cursor) {
  Expr expr = cursor.deeper() ? parse_infix(cursor, 0) : bad_expr(cursor);
  cursor.shallower();
  return expr;
}

Expr parse_unary(Cursor& cursor) {
  const Token token = cursor.peek();
  const bool negates = token.kind == TokenKind::minus;
  if (!negates && token.kind != TokenKind::bang && token.kind != TokenKind::tilde) {
    return parse_postfix(cursor);
  }
  if (!cursor.deeper()) {
    cursor.shallower();
    return bad_expr(cursor);
  }
  cursor.take();
  Expr operand = parse_unary(cursor);
  cursor.shallower();
  const std::uint32_t height = operand.height;
  return make_expr(cursor, join(token.span, operand.span), height,
                   UnaryExpr{negates ? UnaryOp::negate : UnaryOp::logical_not, std::move(operand)});
}

Expr parse_primary(Cursor& cursor) {
  switch (cursor.peek().kind) {
    case TokenKind::number:
      return parse_number(cursor);
    case TokenKind::string: {
      const Token token = cursor.take();
      return make_expr(cursor, token.span, 0, StringExpr{unquote(cursor.text(token))});
    }
    case TokenKind::name:
      return parse_path_or_register(cursor);
    case TokenKind::left_bracket:
      return parse_list(cursor);
    case TokenKind::left_paren:
      return parse_parenthesized(cursor);
    default:
      cursor.error_here("a value");
      return bad_expr(cursor);
  }
}

Expr parse_parenthesized(Cursor& cursor) {
  const Token open = cursor.peek();
  if (!cursor.expect(TokenKind::left_paren)) return bad_expr(cursor);
  cursor.enter_brackets();
  Expr expr = parse_expr(cursor);
  cursor.leave_brackets(open, TokenKind::right_paren);
  expr.span = cursor.since(open);
  expr.parenthesized = true;
  return expr;
}

bool at_expr(const Cursor& cursor) {
  switch (cursor.peek().kind) {
    case TokenKind::number:
    case TokenKind::string:
    case TokenKind::name:
    case TokenKind::left_bracket:
    case TokenKind::left_paren:
    case TokenKind::minus:
    case TokenKind::bang:
    case TokenKind::tilde:
      return true;
    default:
      return false;
  }
}

Path parse_path(Cursor& cursor) {
  const Token first = cursor.peek();
  Path path;
  path.parts.push_back(parse_statistic(cursor));
  while (!cursor.panicking() && cursor.at(TokenKind::dot)) {
    cursor.take();
    path.parts.push_back(parse_statistic(cursor));
  }
  path.span = cursor.panicking() ? first.span : cursor.since(first);
  return path;
}

Name parse_statistic(Cursor& cursor) {
  Name name = cursor.expect_name("a name");
  const bool percentile = name.text.size() > 1 && name.text[0] == 'p' &&
                          name.text.find_first_not_of("0123456789", 1) == std::string::npos;
  const Token& dot = cursor.peek();
  const Token& number = cursor.peek(1);
  const bool fraction = dot.kind == TokenKind::dot && number.kind == TokenKind::number &&
                        dot.span.offset == name.span.end() && number.span.offset == dot.span.end();
  if (!percentile || !fraction) return name;
  cursor.take();
  name.text += "." + std::string(cursor.text(cursor.take()));
  name.span = join(name.span, cursor.last().span);
  return name;
}

std::vector<Expr> parse_exprs(Cursor& cursor) {
  std::vector<Expr> exprs;
  do {
    exprs.push_back(parse_expr(cursor));
  } while (!cursor.panicking() && cursor.accept_comma());
  return exprs;
}

Name parse_string(Cursor& cursor, std::string_view what) {
  if (!cursor.at(TokenKind::string)) {
    cursor.error_here(what);
    return {"", cursor.peek().span};
  }
  const Token token = cursor.take();
  return {unquote(cursor.text(token)), token.span};
}

std::vector<Arg> parse_args(Cursor& cursor) {
  std::vector<Arg> args;
  const Token open = cursor.peek();
  if (!cursor.expect(TokenKind::left_paren)) return args;
  cursor.enter_brackets();
  while (!cursor.at(TokenKind::right_paren) && !cursor.panicking()) {
    const Token first = cursor.peek();
    Arg arg;
    if (cursor.accept(TokenKind::ellipsis)) {
      arg.kind = ArgKind::ellipsis;
    } else if (cursor.accept(TokenKind::star)) {
      arg.kind = ArgKind::star;
    } else {
      if (first.kind == TokenKind::name && cursor.peek(1).kind == TokenKind::equals) {
        arg.name = cursor.name_of(cursor.take());
        cursor.take();
      }
      arg.value = parse_expr(cursor);
    }
    arg.span = cursor.since(first);
    args.push_back(std::move(arg));
    if (!cursor.accept(TokenKind::comma)) break;
  }
  cursor.leave_brackets(open, TokenKind::right_paren);
  return args;
}

}  // namespace language
