// SPDX-License-Identifier: Apache-2.0
// One call: its arguments, its expected results, and what its result stands for.
#include <fmt/format.h>

#include "model/injection.hpp"
#include "scenarios/language/call_words.hpp"
#include "scenarios/language/checking.hpp"

namespace language {
namespace {

// (async)  (repeats)  (faults: 2)  (fail_nth: 1)  (signal)  (signal: 2us)
void check_property(Checking& checking, const Scope& scope, const Property& property) {
  const std::string& name = property.name.text;
  const bool timed = name == "signal" || name == "fatal_signal";
  const bool counts = name != "async" && name != "repeats" && !timed;
  if (timed && property.value) {
    check_quantity(checking, scope, *property.value, Dimension::time, "a time with its unit");
  } else if (!property.value) {
    if (counts) report(checking, property.name.span, fmt::format("write '{}: NUMBER'", name));
  } else if (!counts) {
    report(checking, property.value->span, fmt::format("'{}' takes no value", name));
  } else {
    check_count(checking, scope, *property.value, 0);
  }
}

const model::InjectionInfo* injection_of(const Property& property) {
  for (const model::InjectionInfo& info : model::injection_list()) {
    if (info.property != model::Injection::none && info.name == property.name.text) return &info;
  }
  return nullptr;
}

// What goes wrong in a call must be able to.
void check_injections(Checking& checking, const StepInfo& info) {
  if (info.call == nullptr) return;
  const auto verb = verb_of(info.call->name);
  std::string_view signal;
  bool nth = false;
  for (const Property& property : info.step->properties) {
    const model::InjectionInfo* injection = injection_of(property);
    if (injection == nullptr || !verb) continue;
    const Name& name = property.name;
    const bool memory = injection->property == model::Injection::fail_nth;
    if (!injection->fits(*verb)) {
      const std::string_view why = memory ? "it asks for no memory" : "it heeds no such signal";
      report(checking, name.span,
             fmt::format("'{}' is not for '{}': {}", name.text, info.call->name, why));
    } else if (!memory && info.actor.kind != SymbolKind::process) {
      report(checking, name.span, fmt::format("'{}' is for calls of processes", name.text));
    } else if (!memory && !signal.empty()) {
      report(checking, name.span, fmt::format("'{}' is there already: one signal comes", signal));
    }
    if (memory && nth) report(checking, name.span, fmt::format("'{}' is there already", name.text));
    if (!memory) signal = name.text;
    nth = nth || memory;
  }
}

void check_results(Checking& checking, const Scope& scope, const Step& step) {
  for (const Result& result : step.results) {
    if (result.kind == ResultKind::value) {
      check_quantity(checking, scope, result.value, Dimension::none, "a number");
    } else if (result.kind == ResultKind::error &&
               find(checking.vocabulary.errors, result.word.text) == nullptr) {
      report_unknown(checking, result.word.span, result.word.text, "an error",
                     names_of(checking.vocabulary.errors));
    } else if (result.kind == ResultKind::signal &&
               find(checking.vocabulary.signals, result.word.text) == nullptr) {
      report_unknown(checking, result.word.span, result.word.text, "a signal",
                     names_of(checking.vocabulary.signals));
    }
  }
  for (const Property& property : step.properties) {
    if (find(checking.vocabulary.step_properties, property.name.text) == nullptr) {
      report_unknown(checking, property.name.span, property.name.text, "a property of a call",
                     names_of(checking.vocabulary.step_properties));
    } else {
      check_property(checking, scope, property);
    }
  }
}

// The pages of a slice, if no swept param decides which.
void find_pages(Checking& checking, VariableInfo& variable) {
  const Checked& checked = checking.checked;
  if (depends_on_sweep(checked, *variable.first) || depends_on_sweep(checked, *variable.last)) {
    return;
  }
  const auto number = [&](const Expr& expr) -> std::optional<std::uint64_t> {
    const Value value = evaluate(checked, checking.samples.front(), expr).value;
    const auto amount = amount_in(value, Dimension::none);
    return amount ? amount->to_uint64() : std::nullopt;
  };
  const auto first = number(*variable.first);
  const auto last = number(*variable.last);
  if (!first || !last || *last < *first) return;  // That was reported.
  variable.first_page = first;
  variable.pages = *last - *first + 1;
}

// An MR, a handle or an attachment stands for the pages that its argument names.
void find_extent(Checking& checking, VariableInfo& variable, const Expr& argument) {
  const Checked& checked = checking.checked;
  const Symbol symbol = checked.meaning(object_of(argument)).symbol;
  if (symbol.kind == SymbolKind::variable) {
    const VariableInfo& source = checked.variables[symbol.index];
    variable.region = source.region;
    variable.first = source.first;
    variable.last = source.last;
    variable.first_page = source.first_page;
    variable.pages = source.pages;
    return;
  }
  if (symbol.kind != SymbolKind::region) return;
  variable.region = symbol.index;
  if (const auto* index = std::get_if<IndexExpr>(&argument.node)) {
    variable.first = variable.last = &*index->index;
  } else if (const auto* slice = std::get_if<SliceExpr>(&argument.node)) {
    variable.first = &*slice->first;
    variable.last = &*slice->last;
  }
  if (variable.first != nullptr) return find_pages(checking, variable);
  variable.first_page = 0;
  variable.pages = checked.regions[symbol.index].pages;
}

void describe_variable(Checking& checking, const StepInfo& info) {
  VariableInfo& variable = checking.checked.variables[*info.variable];
  if (variable.region) return;
  const std::vector<Arg>& args = info.step->args;
  for (std::size_t i = 0; i < args.size() && i < info.form->parameters.size(); ++i) {
    switch (info.form->parameters[i].kind) {
      case ParameterKind::region:
      case ParameterKind::pages:
      case ParameterKind::handle:
        find_extent(checking, variable, args[i].value);
        break;
      case ParameterKind::mr:  // Of a user of a mapping: those of the mapping.
        if (variable.kind == Kind::mr) find_extent(checking, variable, args[i].value);
        break;
      case ParameterKind::device:
        variable.device = checking.checked.meaning(args[i].value).symbol.index;
        break;
      default:
        break;
    }
  }
}

}  // namespace

void check_step(Checking& checking, std::uint32_t index) {
  const StepInfo info = checking.checked.steps[index];
  const Scope scope{.actor = info.actor, .thread = info.thread, .step = index};
  check_results(checking, scope, *info.step);
  check_injections(checking, info);
  if (info.call == nullptr || info.step->broken) return;
  const Form* form =
      check_args(checking, scope, info.step->call, info.call->forms, info.step->args);
  checking.checked.steps[index].form = form;
  if (form == nullptr || !info.variable) return;
  StepInfo described = info;
  described.form = form;
  const Kind kind = info.call->result;
  if (kind != Kind::outcome) describe_variable(checking, described);
}

}  // namespace language
