// SPDX-License-Identifier: Apache-2.0
// Expressions of the syntax tree: as written, with nothing resolved. What a name means is found by
// the checker and kept beside the tree, under the expression's `id` (names.hpp).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "scenarios/language/box.hpp"
#include "scenarios/language/rational.hpp"
#include "scenarios/language/span.hpp"

namespace language {

struct Name {
  std::string text;
  Span span;
};

struct Path {  // app   app.t0   A.rnic0   baseline.p99
  std::vector<Name> parts;
  Span span;
  std::string text() const;
};

struct Expr;
struct Arg;

struct NumberExpr {  // 4   0xbeef   1.2us   120%   4 pages
  Rational value;    // Without its unit.
  std::string text;  // The digits as written.
  std::string unit;  // "" if there is none.
  Span unit_span;
  bool unit_apart = false;  // `4 pages`: a word of its own.
};
struct StringExpr {
  std::string text;
};
struct PathExpr {
  Path path;
};
struct RegisterExpr {  // app.t0:r0
  Path thread;
  Name name;
};
struct UnitExpr {  // n pages   (2 * n) pages
  Box<Expr> amount;
  Name unit;
};
enum class UnaryOp : std::uint8_t { negate, logical_not };
struct UnaryExpr {
  UnaryOp op = UnaryOp::negate;
  Box<Expr> operand;
};
enum class BinaryOp : std::uint8_t {
  logical_or,
  logical_and,
  bit_or,
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  add,
  subtract,
  multiply,
  divide,
};
struct BinaryExpr {
  BinaryOp op = BinaryOp::add;
  Span op_span;
  Box<Expr> left;
  Box<Expr> right;
};
struct CallExpr {  // frame(buf[1])   baseline.p99(remote)   lognormal(2.1us, 0.35)
  Path function;
  std::vector<Arg> args;
};
struct FieldExpr {  // frame(buf[1]).refs
  Box<Expr> object;
  Name field;
};
struct IndexExpr {  // buf[1]
  Box<Expr> object;
  Box<Expr> index;
};
struct SliceExpr {  // buf[0..3], both included
  Box<Expr> object;
  Box<Expr> first;
  Box<Expr> last;
};
struct ListExpr {  // [B, C]
  std::vector<Expr> elements;
};
struct BadExpr {};  // Stands where a problem was reported; nothing more is said about it.

struct ExprId {
  std::uint32_t value = 0;
  auto operator<=>(const ExprId&) const = default;
};

struct Expr {
  Span span;
  ExprId id;                 // Unique within a Script.
  std::uint32_t height = 1;  // Of the tree below; the parser bounds it.
  bool parenthesized = false;
  std::variant<BadExpr, NumberExpr, StringExpr, PathExpr, RegisterExpr, UnitExpr, UnaryExpr,
               BinaryExpr, CallExpr, FieldExpr, IndexExpr, SliceExpr, ListExpr>
      node;
};

enum class ArgKind : std::uint8_t { value, ellipsis, star };  // expr   ...   *
struct Arg {
  ArgKind kind = ArgKind::value;
  std::optional<Name> name;  // users=[B, C]
  Expr value;
  Span span;
};

// The one part of a path that has one part; empty for anything else.
const Name* single_name(const Expr& expr);
const char* spelling(BinaryOp op);  // "&&", "==", ...
const char* spelling(UnaryOp op);

}  // namespace language
