// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "scenarios/language/canonical.hpp"
#include "scenarios/language/token.hpp"

namespace language {
namespace {

struct Writer {
  std::string operator()(const BadExpr&) const { return "?"; }
  std::string operator()(const NumberExpr& number) const {
    const bool hexadecimal = number.text.starts_with("0x") || number.text.starts_with("0X");
    const std::string digits = hexadecimal ? "0x" + number.text.substr(2) : number.text;
    return digits + (number.unit_apart ? " " : "") + number.unit;
  }
  std::string operator()(const StringExpr& string) const { return quote(string.text); }
  std::string operator()(const PathExpr& path) const { return path.path.text(); }
  std::string operator()(const RegisterExpr& reg) const {
    return reg.thread.text() + ":" + reg.name.text;
  }
  std::string operator()(const UnitExpr& unit) const {
    return canonical(*unit.amount) + " " + unit.unit.text;
  }
  std::string operator()(const UnaryExpr& unary) const {
    return spelling(unary.op) + canonical(*unary.operand);
  }
  std::string operator()(const BinaryExpr& binary) const {
    // Flags are joined without spaces: PROT_READ|PROT_WRITE.
    const char* space = binary.op == BinaryOp::bit_or ? "" : " ";
    return fmt::format("{0}{3}{1}{3}{2}", canonical(*binary.left), spelling(binary.op),
                       canonical(*binary.right), space);
  }
  std::string operator()(const CallExpr& call) const {
    return call.function.text() + canonical(call.args);
  }
  std::string operator()(const FieldExpr& field) const {
    return canonical(*field.object) + "." + field.field.text;
  }
  std::string operator()(const IndexExpr& index) const {
    return fmt::format("{}[{}]", canonical(*index.object), canonical(*index.index));
  }
  std::string operator()(const SliceExpr& slice) const {
    return fmt::format("{}[{}..{}]", canonical(*slice.object), canonical(*slice.first),
                       canonical(*slice.last));
  }
  std::string operator()(const ListExpr& list) const {
    return "[" + canonical(list.elements) + "]";
  }
};

template <class Element>
std::string joined(const std::vector<Element>& elements) {
  std::string text;
  for (const Element& element : elements) {
    if (!text.empty()) text += ", ";
    text += canonical(element);
  }
  return text;
}

}  // namespace

std::string Path::text() const {
  std::string text;
  for (const Name& part : parts) text += text.empty() ? part.text : "." + part.text;
  return text;
}

const Name* single_name(const Expr& expr) {
  const auto* path = std::get_if<PathExpr>(&expr.node);
  return path != nullptr && path->path.parts.size() == 1 ? &path->path.parts[0] : nullptr;
}

const char* spelling(BinaryOp op) {
  switch (op) {
    case BinaryOp::logical_or:
      return "||";
    case BinaryOp::logical_and:
      return "&&";
    case BinaryOp::bit_or:
      return "|";
    case BinaryOp::equal:
      return "==";
    case BinaryOp::not_equal:
      return "!=";
    case BinaryOp::less:
      return "<";
    case BinaryOp::less_equal:
      return "<=";
    case BinaryOp::greater:
      return ">";
    case BinaryOp::greater_equal:
      return ">=";
    case BinaryOp::add:
      return "+";
    case BinaryOp::subtract:
      return "-";
    case BinaryOp::multiply:
      return "*";
    case BinaryOp::divide:
      return "/";
  }
  return "?";
}

const char* spelling(UnaryOp op) { return op == UnaryOp::negate ? "-" : "!"; }

std::string canonical(const Expr& expr) {
  const std::string text = std::visit(Writer{}, expr.node);
  return expr.parenthesized ? "(" + text + ")" : text;
}

std::string canonical(const Arg& arg) {
  if (arg.kind == ArgKind::star) return "*";
  if (arg.kind == ArgKind::ellipsis) return "...";
  return (arg.name ? arg.name->text + "=" : "") + canonical(arg.value);
}

std::string canonical(const std::vector<Expr>& exprs) { return joined(exprs); }

std::string canonical(const std::vector<Arg>& args) { return "(" + joined(args) + ")"; }

std::string canonical(const std::vector<Name>& names) {
  std::string text;
  for (const Name& name : names) text += text.empty() ? name.text : ", " + name.text;
  return text;
}

}  // namespace language
