// SPDX-License-Identifier: Apache-2.0
// Arguments against parameters.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "scenarios/language/checking.hpp"

namespace language {
namespace {

bool one_of(Kind kind, std::initializer_list<Kind> kinds) {
  return kind == Kind::unknown || std::ranges::find(kinds, kind) != kinds.end();
}

bool fits(ParameterKind parameter, Kind kind) {
  switch (parameter) {
    case ParameterKind::region:
      return one_of(kind, {Kind::region});
    case ParameterKind::pages:
      return one_of(kind, {Kind::region, Kind::pages});
    case ParameterKind::mr:
      return one_of(kind, {Kind::mr, Kind::handle});
    case ParameterKind::mr_pages:
      return one_of(kind, {Kind::mr, Kind::mr_pages});
    case ParameterKind::qp:
      return one_of(kind, {Kind::qp});
    case ParameterKind::handle:
      return one_of(kind, {Kind::handle});
    case ParameterKind::handle_pages:
      return one_of(kind, {Kind::handle, Kind::handle_pages});
    case ParameterKind::attachment:
      return one_of(kind, {Kind::attachment});
    case ParameterKind::attachment_pages:
      return one_of(kind, {Kind::attachment, Kind::attachment_pages});
    case ParameterKind::remote_pages:
      return one_of(kind, {Kind::mr, Kind::mr_pages, Kind::handle, Kind::handle_pages,
                           Kind::attachment, Kind::attachment_pages});
    case ParameterKind::interval:
      return one_of(kind, {Kind::interval});
    case ParameterKind::mirror:
      return one_of(kind, {Kind::mirror});
    case ParameterKind::bond:
      return one_of(kind, {Kind::bond});
    case ParameterKind::vm:
      return one_of(kind, {Kind::vm});
    case ParameterKind::segment:
      return one_of(kind, {Kind::segment});
    case ParameterKind::permit:
      return one_of(kind, {Kind::permit});
    case ParameterKind::file:
      return one_of(kind, {Kind::file});
    case ParameterKind::process:
      return one_of(kind, {Kind::process});
    case ParameterKind::host:
      return one_of(kind, {Kind::host});
    case ParameterKind::device:
      return one_of(kind, {Kind::device});
    case ParameterKind::fabric_switch:
      return one_of(kind, {Kind::fabric_switch});
    case ParameterKind::link_end:
      return one_of(kind, {Kind::device, Kind::fabric_switch});
    case ParameterKind::number:
      return one_of(kind, {Kind::number, Kind::truth, Kind::outcome});
    case ParameterKind::workload:
      return one_of(kind, {Kind::workload});
    case ParameterKind::truth:
      return one_of(kind, {Kind::truth, Kind::number});
    default:
      return true;
  }
}

bool takes_words(ParameterKind kind) {
  return kind == ParameterKind::flags || kind == ParameterKind::word;
}

void check_words(Checking& checking, const Parameter& parameter, const Expr& expr) {
  if (const auto* both = std::get_if<BinaryExpr>(&expr.node);
      both != nullptr && both->op == BinaryOp::bit_or && parameter.kind == ParameterKind::flags) {
    check_words(checking, parameter, *both->left);
    check_words(checking, parameter, *both->right);
    set_meaning(checking, expr, {}, Kind::flags);
    return;
  }
  set_meaning(checking, expr, {SymbolKind::word, 0}, Kind::word);
  const Name* name = single_name(expr);
  if (name == nullptr) {
    report(checking, expr.span, fmt::format("expected {}", listed(parameter.words)));
  } else if (std::ranges::find(parameter.words, name->text) == parameter.words.end()) {
    report_unknown(checking, name->span, name->text, with_article(parameter.name), parameter.words);
  }
}

void check_label(Checking& checking, const Expr& expr) {
  const Name* name = single_name(expr);
  if (name == nullptr) return report(checking, expr.span, "the label of an operation is wanted");
  if (const auto label = find_label(checking, *name)) {
    set_meaning(checking, expr, {SymbolKind::label, *label}, Kind::label);
  } else {
    set_meaning(checking, expr, {}, Kind::unknown);
  }
}

// A child sees its parent's regions.
bool is_forked(const Checking& checking, Symbol process) {
  return std::ranges::any_of(checking.checked.steps, [&](const StepInfo& info) {
    const std::string& call = info.step->call.text;
    if ((call != "fork" && call != "vfork") || info.step->args.empty()) return false;
    const Name* child = single_name(info.step->args.front().value);
    return child != nullptr && child->text == name_of(checking.checked, process).text;
  });
}

// A process uses its own memory; a kernel that of its host's processes.
void check_ownership(Checking& checking, const Scope& scope, const Parameter& parameter,
                     const Expr& expr) {
  const ParameterKind kind = parameter.kind;
  if (kind != ParameterKind::region && kind != ParameterKind::pages) return;
  const Checked& checked = checking.checked;
  const Symbol symbol = checked.meaning(object_of(expr)).symbol;
  if (symbol.kind != SymbolKind::region) return;
  const ProcessInfo& owner = checked.processes[checked.regions[symbol.index].process];
  const std::string& region = name_of(checked, symbol).text;
  if (scope.actor.kind == SymbolKind::process) {
    const bool own = checked.regions[symbol.index].process == scope.actor.index;
    const auto here = host_of(checked, scope.actor);
    const bool reachable =
        parameter.registered || (parameter.foreign && here && *here == owner.host);
    if (own || reachable || is_forked(checking, scope.actor)) return;
    report(checking, expr.span,
           fmt::format("region '{}' belongs to process '{}', not to '{}'", region, owner.name.text,
                       text_of(checked, scope.actor)));
  } else if (scope.actor.kind == SymbolKind::kernel && owner.host != scope.actor.index) {
    report(checking, expr.span,
           fmt::format("region '{}' is on host {}, not on {}", region,
                       checked.hosts[owner.host].name.text,
                       checked.hosts[scope.actor.index].name.text));
  }
}

std::size_t least(const Form& form) {
  return static_cast<std::size_t>(std::ranges::count_if(
      form.parameters, [](const Parameter& parameter) { return !parameter.optional; }));
}

// "2 or 3 arguments"
std::string counts(const std::vector<Form>& forms) {
  std::set<std::size_t> numbers;
  for (const Form& form : forms) {
    for (std::size_t number = least(form); number <= form.parameters.size(); ++number) {
      numbers.insert(number);
    }
  }
  std::vector<std::string> texts;
  for (const std::size_t number : numbers) texts.push_back(std::to_string(number));
  const bool one = texts.size() == 1 && texts[0] == "1";
  return listed(texts) + (one ? " argument" : " arguments");
}

// "rdma_read(qp, remote pages) or rdma_read(attached pages)"
std::string signatures(const std::string& callee, const std::vector<Form>& forms) {
  std::vector<std::string> texts;
  for (const Form& form : forms) {
    std::string text;
    for (const Parameter& parameter : form.parameters) {
      text += (text.empty() ? "" : ", ") + parameter.name;
      if (parameter.optional) text += "?";
    }
    texts.push_back(callee + "(" + text + ")");
  }
  return listed(texts);
}

bool fits_count(const Form& form, const std::vector<Arg>& args) {
  return args.size() >= least(form) && args.size() <= form.parameters.size();
}

// The argument is one of the words of that parameter.
bool is_word_of(const Parameter& parameter, const Expr& expr) {
  const Name* name = single_name(expr);
  return name != nullptr && std::ranges::find(parameter.words, name->text) != parameter.words.end();
}

bool is_inferred(const Parameter& parameter, const Expr& expr) {
  return !takes_words(parameter.kind) && parameter.kind != ParameterKind::label &&
         !is_word_of(parameter, expr);
}

// Each argument is inferred once, whatever the number of forms: arguments are calls themselves.
std::vector<Type> infer_args(Checking& checking, const Scope& scope, const Form& form,
                             const std::vector<Arg>& args) {
  std::vector<Type> types(args.size());
  for (std::size_t i = 0; i < args.size(); ++i) {
    const bool is_value = args[i].kind == ArgKind::value;
    if (is_value && is_inferred(form.parameters[i], args[i].value)) {
      types[i] = infer(checking, scope, args[i].value);
    }
  }
  return types;
}

bool fits_all(const Form& form, const std::vector<Arg>& args, const std::vector<Type>& types) {
  if (!fits_count(form, args)) return false;
  for (std::size_t i = 0; i < args.size(); ++i) {
    const Parameter& parameter = form.parameters[i];
    const bool inferred = is_inferred(parameter, args[i].value);
    if (inferred && !fits(parameter.kind, types[i].kind)) return false;
  }
  return true;
}

// An argument that fits no form. False if each of them fits one.
bool report_misfit(Checking& checking, const std::vector<Form>& forms, const std::vector<Arg>& args,
                   const std::vector<Type>& types) {
  for (std::size_t i = 0; i < args.size(); ++i) {
    std::vector<std::string> wanted;
    bool good = args[i].kind != ArgKind::value;
    for (const Form& form : forms) {
      if (!fits_count(form, args)) continue;
      const Parameter& parameter = form.parameters[i];
      good = good || !is_inferred(parameter, args[i].value) || fits(parameter.kind, types[i].kind);
      const std::string kind(description(parameter.kind));
      if (std::ranges::find(wanted, kind) == wanted.end()) wanted.push_back(kind);
    }
    if (good) continue;
    report(checking, args[i].span,
           fmt::format("expected {}, got {}", listed(wanted), description(types[i].kind)));
    return true;
  }
  return false;
}

void check_inferred(Checking& checking, const Scope& scope, const Parameter& parameter,
                    const Expr& expr, Type type) {
  if (!fits(parameter.kind, type.kind)) {
    return report(
        checking, expr.span,
        fmt::format("expected {}, got {}", description(parameter.kind), description(type.kind)));
  }
  if (scope.step) check_ownership(checking, scope, parameter, expr);
  if (!parameter.local) return;
  const Symbol symbol = checking.checked.meaning(expr).symbol;
  const auto here = host_of(checking.checked, scope.actor);
  const auto there = host_of(checking.checked, symbol);
  if (here && there && *here != *there) {
    report(checking, expr.span,
           fmt::format("{} is not on host {}", text_of(checking.checked, symbol),
                       checking.checked.hosts[*here].name.text));
  }
}

void check_named(Checking& checking, const Parameter& parameter, const Expr& expr) {
  if (parameter.kind == ParameterKind::label) return check_label(checking, expr);
  check_words(checking, parameter, expr);
}

bool has_word(const Form& form, std::size_t index, const Expr& expr) {
  return index < form.parameters.size() && is_word_of(form.parameters[index], expr);
}

const Form* form_of_word(const std::vector<Form>& forms, std::size_t index, const Expr& expr) {
  const auto found =
      std::ranges::find_if(forms, [&](const Form& form) { return has_word(form, index, expr); });
  return found == forms.end() ? nullptr : &*found;
}

}  // namespace

const Form* check_args(Checking& checking, const Scope& scope, const Name& callee,
                       const std::vector<Form>& forms, const std::vector<Arg>& args) {
  // Forms of one count have words, labels and events in the same places.
  const auto counted =
      std::ranges::find_if(forms, [&](const Form& form) { return fits_count(form, args); });
  if (counted == forms.end()) {
    report(checking, callee.span,
           fmt::format("'{}' takes {}, not {}: {}", callee.text, counts(forms), args.size(),
                       signatures(callee.text, forms)));
    return nullptr;
  }
  const std::vector<Type> types = infer_args(checking, scope, *counted, args);
  const auto fitting =
      std::ranges::find_if(forms, [&](const Form& form) { return fits_all(form, args, types); });
  const bool several =
      std::ranges::count_if(forms, [&](const Form& form) { return fits_count(form, args); }) > 1;
  if (fitting == forms.end() && several && report_misfit(checking, forms, args, types)) {
    return nullptr;
  }
  const Form& form = fitting == forms.end() ? *counted : *fitting;
  for (std::size_t i = 0; i < args.size(); ++i) {
    if (args[i].kind != ArgKind::value) {
      report(checking, args[i].span, "only events may be named with '*' or '...'");
      continue;
    }
    if (args[i].name) {
      report(checking, args[i].name->span, "the arguments of a call have no names");
    }
    if (is_inferred(form.parameters[i], args[i].value)) {
      check_inferred(checking, scope, form.parameters[i], args[i].value, types[i]);
    } else if (const Form* other = form_of_word(forms, i, args[i].value);
               other != nullptr && !has_word(form, i, args[i].value)) {
      report(checking, args[i].span,
             fmt::format("'{}' is called as {}", single_name(args[i].value)->text,
                         signatures(callee.text, {*other})));
    } else {
      check_named(checking, form.parameters[i], args[i].value);
    }
  }
  return &form;
}

void check_argument(Checking& checking, const Scope& scope, const Parameter& parameter,
                    const Expr& expr) {
  if (!is_inferred(parameter, expr)) return check_named(checking, parameter, expr);
  check_inferred(checking, scope, parameter, expr, infer(checking, scope, expr));
}

}  // namespace language
