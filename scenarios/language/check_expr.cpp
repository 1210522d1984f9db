// SPDX-License-Identifier: Apache-2.0
// What an expression stands for, and of which kind it is.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "scenarios/language/canonical.hpp"
#include "scenarios/language/checking.hpp"

namespace language {
namespace {

constexpr std::array<std::string_view, 7> plain_words{"none", "yes",  "no",   "on",
                                                      "off",  "true", "false"};

// p99.9(remote) and baseline.p99.9(remote) are rows too.
const FunctionRow* find_function(const Vocabulary& vocabulary, std::string_view name) {
  constexpr std::string_view prefix = "baseline.";
  const bool of_baseline = name.starts_with(prefix);
  if (of_baseline) name.remove_prefix(prefix.size());
  const bool percentile = name.size() > 1 && name[0] == 'p' &&
                          name.find_first_not_of("0123456789.", 1) == std::string_view::npos;
  const FunctionRow* row = find(vocabulary.functions, percentile ? "p" : name);
  return row != nullptr && of_baseline && !row->statistic ? nullptr : row;
}

Kind indexed(Kind kind) {
  switch (kind) {
    case Kind::region:
      return Kind::pages;
    case Kind::mr:
      return Kind::mr_pages;
    case Kind::handle:
      return Kind::handle_pages;
    case Kind::attachment:
      return Kind::attachment_pages;
    default:
      return Kind::unknown;
  }
}

// Gives each expression below `expr` its meaning and finds its kind.
struct Inference {
  Checking& checking;
  const Scope& scope;
  const Expr& expr;

  Type symbol_type(Symbol symbol, Kind kind) const {
    set_meaning(checking, expr, symbol, kind);
    return {.kind = kind};
  }

  std::optional<Type> known_word(const std::string& name) const {
    const Vocabulary& words = checking.vocabulary;
    for (std::uint32_t i = 0; i < words.errors.size(); ++i) {
      if (words.errors[i].name == name) {
        return symbol_type({SymbolKind::error, i}, Kind::error);
      }
    }
    for (std::uint32_t i = 0; i < words.signals.size(); ++i) {
      if (words.signals[i].name == name) {
        return symbol_type({SymbolKind::signal, i}, Kind::signal);
      }
    }
    for (std::uint32_t i = 0; i < words.constants.size(); ++i) {
      if (words.constants[i].name == name) {
        return symbol_type({SymbolKind::constant, i}, Kind::number);
      }
    }
    for (std::uint32_t i = 0; i < words.functions.size(); ++i) {
      if (words.functions[i].name == name && words.functions[i].forms.empty()) {
        return symbol_type({SymbolKind::function, i}, words.functions[i].result);
      }
    }
    const bool listed =
        scope.words != nullptr && std::ranges::find(*scope.words, name) != scope.words->end();
    if (listed || std::ranges::find(plain_words, name) != plain_words.end()) {
      return symbol_type({SymbolKind::word, 0}, Kind::word);
    }
    return std::nullopt;
  }

  // Beside a param or a function with words of its own: one of those, or a name.
  void report_unknown_word(const Name& name) const {
    const std::string what = fmt::format("a value of {}", scope.words_of);
    report_unknown(checking, name.span, name.text, what, *scope.words);
  }

  // A step cannot use what a later step of its block assigns, nor init what comes after init.
  void require_assigned(const Path& path, std::uint32_t index) const {
    if (!scope.step) return;
    const std::uint32_t assigned = checking.assigned_at[index];
    const Order& here = checking.orders[*scope.step];
    const Order& there = checking.orders[assigned];
    const bool later = here.block == there.block && assigned >= *scope.step;
    if (!later && (!here.in_init || there.in_init)) return;
    const VariableInfo& info = checking.checked.variables[index];
    report_with_note(checking, path.span,
                     fmt::format("'{}' is used before it is assigned", path.text()),
                     {.span = info.name.span, .message = "assigned here"});
  }

  // baseline.time
  std::optional<Type> of_baseline(const Path& path) const {
    if (path.parts.size() != 2 || path.parts[0].text != "baseline") return std::nullopt;
    const FunctionRow* row = find_function(checking.vocabulary, path.text());
    if (row == nullptr || !row->forms.empty()) return std::nullopt;
    const auto index = static_cast<std::uint32_t>(row - checking.vocabulary.functions.data());
    return symbol_type({SymbolKind::function, index}, row->result);
  }

  Type operator()(const PathExpr& path) const {
    if (const auto statistic = of_baseline(path.path)) return *statistic;
    if (path.path.parts.size() == 1 &&
        checking.symbols.find(path.path.parts[0].text) == checking.symbols.end()) {
      const Name& name = path.path.parts[0];
      if (const auto word = known_word(name.text)) return *word;
      if (scope.words != nullptr) {
        report_unknown_word(name);
        return symbol_type({}, Kind::unknown);
      }
    }
    const auto symbol = look_up(checking, scope, path.path);
    if (!symbol) return symbol_type({}, Kind::unknown);
    if (symbol->kind == SymbolKind::variable) require_assigned(path.path, symbol->index);
    return symbol_type(*symbol, kind_of(checking.checked, *symbol));
  }

  Type operator()(const RegisterExpr& named) const {
    const auto thread = find_thread(checking, named.thread);
    if (!thread) return symbol_type({}, Kind::unknown);
    const auto index = find_register(checking, *thread, named.name);
    if (!index) return symbol_type({}, Kind::unknown);
    return symbol_type({SymbolKind::variable, *index}, checking.checked.variables[*index].kind);
  }

  Type pages_of(const Expr& object, const Expr& first, const Expr& last) const {
    const Type whole = infer(checking, scope, object);
    infer(checking, scope, first);
    if (&first != &last) infer(checking, scope, last);  // Once: indices have indices themselves.
    const Kind kind = indexed(whole.kind);
    if (kind == Kind::unknown && whole.kind != Kind::unknown) {
      report(checking, object.span,
             fmt::format("no page can be chosen from {}", description(whole.kind)));
    } else {
      check_bounds(checking, object, first, last);
    }
    return symbol_type({}, kind);
  }
  Type operator()(const IndexExpr& index) const {
    return pages_of(*index.object, *index.index, *index.index);
  }
  Type operator()(const SliceExpr& slice) const {
    return pages_of(*slice.object, *slice.first, *slice.last);
  }

  Type operator()(const UnaryExpr& unary) const {
    const Type operand = infer(checking, scope, *unary.operand);
    const bool negates = unary.op == UnaryOp::negate;
    if (negates && operand.kind == Kind::error) return symbol_type({}, Kind::outcome);  // -EFAULT
    require_value(*unary.operand, operand);
    return symbol_type({}, negates ? Kind::number : Kind::truth);
  }

  // What can be compared and computed with.
  void require_value(const Expr& operand, Type type) const {
    switch (type.kind) {
      case Kind::unknown:
      case Kind::truth:
      case Kind::number:
      case Kind::word:
      case Kind::outcome:
      case Kind::signal:
        return;
      case Kind::error:
        return report_suggesting(checking, operand.span,
                                 fmt::format("an error is returned as '-{}'", canonical(operand)),
                                 "-" + canonical(operand));
      default:
        return report(checking, operand.span,
                      fmt::format("a value is wanted here, not {}", description(type.kind)));
    }
  }

  Type operand_type(const Expr& operand, const Expr& other) const {
    Scope inside = scope;
    std::vector<std::string> words;  // That `other` may be compared with.
    std::string of_what;
    if (const auto* call = std::get_if<CallExpr>(&other.node)) {
      const FunctionRow* row = find_function(checking.vocabulary, call->function.text());
      if (row != nullptr) words = row->words;
      of_what = call->function.text() + "()";
    } else if (const Name* name = single_name(other)) {
      words = words_of_param(checking, name->text);
      of_what = "param '" + name->text + "'";
    }
    if (!words.empty()) {
      inside.words = &words;
      inside.words_of = of_what;
    }
    const Type type = infer(checking, inside, operand);
    require_value(operand, type);
    return type;
  }

  Type operator()(const BinaryExpr& binary) const {
    if (binary.op == BinaryOp::bit_or) {
      infer(checking, scope, *binary.left);
      infer(checking, scope, *binary.right);
    } else {
      operand_type(*binary.left, *binary.right);
      operand_type(*binary.right, *binary.left);
    }
    switch (binary.op) {
      case BinaryOp::bit_or:
        return symbol_type({}, Kind::flags);
      case BinaryOp::add:
      case BinaryOp::subtract:
      case BinaryOp::multiply:
      case BinaryOp::divide:
        return symbol_type({}, Kind::number);
      default:
        return symbol_type({}, Kind::truth);
    }
  }

  Type operator()(const CallExpr& call) const {
    const Name name{.text = call.function.text(), .span = call.function.span};
    const FunctionRow* row = find_function(checking.vocabulary, name.text);
    if (row == nullptr) {
      report_unknown(checking, name.span, name.text, "a function",
                     row_names(checking.vocabulary.functions));
      return symbol_type({}, Kind::unknown);
    }
    if (row->forms.empty()) {
      report_suggesting(checking, expr.span,
                        fmt::format("'{}' is written without parentheses", name.text), name.text);
    } else {
      check_args(checking, scope, name, row->forms, call.args);
    }
    const auto index = static_cast<std::uint32_t>(row - checking.vocabulary.functions.data());
    return symbol_type({SymbolKind::function, index}, row->result);
  }

  Type operator()(const FieldExpr& field) const {
    infer(checking, scope, *field.object);
    const auto* call = std::get_if<CallExpr>(&field.object->node);
    const FunctionRow* row =
        call == nullptr ? nullptr : find(checking.vocabulary.functions, call->function.text());
    if (call != nullptr && row != nullptr &&
        std::ranges::find(row->fields, field.field.text) == row->fields.end()) {
      report_unknown(checking, field.field.span, field.field.text,
                     fmt::format("a field of {}()", row->name), row->fields);
    }
    return symbol_type({}, Kind::number);
  }

  Type operator()(const UnitExpr& unit) const {
    infer(checking, scope, *unit.amount);
    if (find(checking.vocabulary.units, unit.unit.text) == nullptr) {
      report_unknown(checking, unit.unit.span, unit.unit.text, "a unit",
                     row_names(checking.vocabulary.units));
    }
    return symbol_type({}, Kind::number);
  }
  Type operator()(const NumberExpr& number) const {
    if (!number.unit.empty() && find(checking.vocabulary.units, number.unit) == nullptr) {
      report_unknown_unit(checking, number);
    }
    return symbol_type({}, Kind::number);
  }
  Type operator()(const ListExpr& list) const {
    for (const Expr& element : list.elements) infer(checking, scope, element);
    return symbol_type({}, Kind::list);
  }
  Type operator()(const StringExpr&) const { return symbol_type({}, Kind::text); }
  Type operator()(const BadExpr&) const { return symbol_type({}, Kind::unknown); }
};

}  // namespace

std::vector<std::string> words_of_param(const Checking& checking, std::string_view name) {
  std::vector<std::string> words;
  for (const ParamInfo& info : checking.checked.params) {
    if (info.name.text != name) continue;
    for (const Value& value : info.values) {
      if (value.word() != nullptr) words.push_back(value.word()->text);
    }
    // Those of the file too, when -D chose another.
    if (const auto* list = std::get_if<ListExpr>(&info.param->choices)) {
      for (const Expr& element : list->elements) {
        if (const Name* word = single_name(element)) words.push_back(word->text);
      }
    }
  }
  // --policy and --D may name any.
  if (name == "policy") words = row_names(checking.vocabulary.policies);
  std::ranges::sort(words);
  words.erase(std::unique(words.begin(), words.end()), words.end());
  return words;
}

void set_meaning(Checking& checking, const Expr& expr, Symbol symbol, Kind kind) {
  std::vector<Meaning>& meanings = checking.checked.meanings;
  if (meanings.size() <= expr.id.value) meanings.resize(expr.id.value + 1);
  meanings[expr.id.value] = {.symbol = symbol, .kind = kind};
}

Type infer(Checking& checking, const Scope& scope, const Expr& expr) {
  return std::visit(Inference{checking, scope, expr}, expr.node);
}

void check_condition(Checking& checking, const Scope& scope, const Expr& expr) {
  const Type type = infer(checking, scope, expr);
  switch (type.kind) {
    case Kind::truth:
    case Kind::number:
    case Kind::outcome:
    case Kind::unknown:
      return;
    default:
      report(checking, expr.span,
             fmt::format("a condition is wanted here, not {}", description(type.kind)));
  }
}

void check_quantity(Checking& checking, const Scope& scope, const Expr& expr, Dimension dimension,
                    std::string_view wanted) {
  const std::size_t before = checking.checked.problems.size();
  infer(checking, scope, expr);
  if (checking.checked.problems.size() != before) return;
  for (const Assignment& sample : checking.samples) {
    const Evaluated result = evaluate(checking.checked, sample, expr);
    if (!result.problem.empty()) return report(checking, expr.span, result.problem);
    if (amount_in(result.value, dimension)) continue;
    return report(checking, expr.span,
                  fmt::format("expected {}, got '{}'", wanted, result.value.text()));
  }
}

}  // namespace language
