// SPDX-License-Identifier: Apache-2.0
// Conditions and columns, compiled to postfix form.
#include "scenarios/language/lowering.hpp"

namespace language {
namespace {

using model::Operation;
using Code = Operation::Code;

Code code_of(BinaryOp op) {
  switch (op) {
    case BinaryOp::logical_or:
    case BinaryOp::bit_or:
      return Code::logical_or;
    case BinaryOp::logical_and:
      return Code::logical_and;
    case BinaryOp::equal:
      return Code::equal;
    case BinaryOp::not_equal:
      return Code::not_equal;
    case BinaryOp::less:
      return Code::less;
    case BinaryOp::less_equal:
      return Code::less_equal;
    case BinaryOp::greater:
      return Code::greater;
    case BinaryOp::greater_equal:
      return Code::greater_equal;
    case BinaryOp::add:
      return Code::add;
    case BinaryOp::subtract:
      return Code::subtract;
    case BinaryOp::multiply:
      return Code::multiply;
    case BinaryOp::divide:
      return Code::divide;
  }
  return Code::logical_or;
}

Operation number(std::int64_t value) { return {.code = Code::number, .constant = value}; }

}  // namespace

model::Expression Lowering::compile(const Expr& expr) {
  model::Expression out;
  emit(expr, out);
  return out;
}

void Lowering::emit(const Expr& expr, model::Expression& out) {
  if (const auto* path = std::get_if<PathExpr>(&expr.node)) {
    return emit_name(expr, checked_.meaning(expr).symbol, path->path.text(), out);
  }
  if (const auto* named = std::get_if<RegisterExpr>(&expr.node)) {
    return emit_name(expr, checked_.meaning(expr).symbol, named->name.text, out);
  }
  if (const auto* unary = std::get_if<UnaryExpr>(&expr.node)) {
    emit(*unary->operand, out);
    out.push_back({.code = unary->op == UnaryOp::negate ? Code::negate : Code::logical_not});
    return;
  }
  if (const auto* binary = std::get_if<BinaryExpr>(&expr.node)) {
    emit(*binary->left, out);
    emit(*binary->right, out);
    out.push_back({.code = code_of(binary->op)});
    return;
  }
  if (const auto* call = std::get_if<CallExpr>(&expr.node)) return emit_call(expr, *call, out);
  if (const auto* field = std::get_if<FieldExpr>(&expr.node)) return emit_field(*field, out);
  const Value value = value_of(expr);
  const Quantity* amount = value.quantity();
  if (amount == nullptr) {
    problem(expr.span, "a number or a state is wanted here");
    out.push_back(number(0));
    return;
  }
  out.push_back(number(Rational(amount->amount).to_int64().value_or(0)));
}

void Lowering::emit_name(const Expr& expr, Symbol symbol, std::string_view text,
                         model::Expression& out) {
  switch (symbol.kind) {
    case SymbolKind::variable:
      out.push_back({.code = Code::variable, .variable = model::VariableId{symbol.index}});
      return;
    case SymbolKind::error:
      out.push_back(number(result_of_error(text).number));
      return;
    case SymbolKind::signal:
      out.push_back(number(model::signal_base - result_of_signal(text).number));
      return;
    case SymbolKind::function:
      if (text != "frames_free" && text != "frames_pinned") {
        problem(expr.span, "'" + std::string(text) + "' cannot be asked of a state");
      }
      out.push_back({.code = text == "frames_free" ? Code::frames_free : Code::frames_pinned});
      return;
    default:
      break;
  }
  if (text == "none") {
    out.push_back(number(model::unset));
    return;
  }
  if (text == "true" || text == "false") {
    out.push_back(number(text == "true" ? 1 : 0));
    return;
  }
  const Value value = value_of(expr);
  const auto* amount = std::get_if<Quantity>(&value.content);
  if (amount == nullptr) problem(expr.span, "a number or a state is wanted here");
  out.push_back(number(amount == nullptr ? 0 : amount->amount.to_int64().value_or(0)));
}

void Lowering::emit_call(const Expr& expr, const CallExpr& call, model::Expression& out) {
  const std::string name = call.function.text();
  const auto argument = [&](std::size_t i) -> const Expr& { return call.args[i].value; };
  const auto line = [&](std::size_t i) {
    const Symbol symbol = checked_.meaning(argument(i)).symbol;
    const auto found = lines_.find(checked_.labels[symbol.index].step);
    return found == lines_.end() ? model::LineId{0} : found->second;
  };
  const auto object = [&](const Expr& value) {
    const std::uint32_t index = variable_of(value).value_or(0);
    const bool attachment = checked_.variables[index].kind == Kind::attachment;
    const int what = attachment ? 1 : is_cached(index) ? 2 : 0;
    return Operation{.constant = what, .variable = model::VariableId{index}};
  };
  if (name == "max" || name == "min") return emit(argument(0), out);
  if (name == "pte" || name == "value") {
    const PagesMeant meant = pages_meant(argument(1));
    const model::MmId mm{checked_.meaning(argument(0)).symbol.index};
    out.push_back(
        {.code = name == "pte" ? Code::pte : Code::value, .mm = mm, .pages = meant.pages});
  } else if (name == "frame") {
    const PagesMeant meant = pages_meant(argument(0));
    out.push_back({.code = Code::pte, .mm = meant.mm, .pages = meant.pages});
  } else if (name == "tlb") {
    Operation op = object(argument(1));
    op.code = Code::device_tlb;
    op.adapter = model::AdapterId{checked_.meaning(argument(0)).symbol.index};
    const PagesMeant meant = pages_meant(argument(1));
    op.pages = op.constant == 2 ? meant.pages : meant.target.offset;
    out.push_back(op);
  } else if (name == "seq") {
    Operation op = object(argument(1));
    op.code = Code::sequence;
    out.push_back(op);
  } else if (name == "tlb_entries") {
    const Symbol device = checked_.meaning(argument(0)).symbol;
    Operation op = device.kind == SymbolKind::device
                       ? Operation{.adapter = model::AdapterId{device.index}}
                       : object(argument(0));
    op.code = Code::tlb_entries;
    out.push_back(op);
  } else if (name == "starts_after") {
    out.push_back({.code = Code::starts_after, .line = line(0), .other = line(1)});
  } else if (name == "finished") {
    out.push_back({.code = Code::finished, .line = line(0)});
  } else if (name == "rcache_regions" || name == "rcache_queue") {
    const model::MmId mm{checked_.meaning(argument(0)).symbol.index};
    need_rcache(mm, argument(0).span);
    out.push_back({.code = name == "rcache_queue" ? Code::queued : Code::cached, .mm = mm});
  } else if (name == "hit" || name == "lost_events") {
    out.push_back({.code = Code::hit, .line = line(0)});
  } else if (name == "cpages" || name == "entry_num" || name == "sequence") {
    out.push_back({.code = Code::copied, .line = line(0)});
  } else if (name == "retries" || name == "faults") {
    out.push_back({.code = name == "retries" ? Code::retries : Code::faults, .line = line(0)});
  } else {
    problem(expr.span, "'" + name + "' cannot be asked of a state");
    out.push_back(number(0));
  }
}

// frame(buf[1]).refs
void Lowering::emit_field(const FieldExpr& field, model::Expression& out) {
  emit(*field.object, out);
  if (out.empty() || out.back().code != Code::pte) return;
  out.back().code = field.field.text == "pins" ? Code::pins : Code::refs;
}

}  // namespace language
