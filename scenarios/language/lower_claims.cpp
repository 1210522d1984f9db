// SPDX-License-Identifier: Apache-2.0
// What is claimed, asked and watched; and what a `>` line must see.
#include "scenarios/language/canonical.hpp"
#include "scenarios/language/lowering.hpp"

namespace language {
namespace {

using Code = model::Operation::Code;

model::Claim::Kind kind_of(AssertionKind kind) {
  switch (kind) {
    case AssertionKind::never:
      return model::Claim::Kind::never;
    case AssertionKind::always:
      return model::Claim::Kind::always;
    case AssertionKind::eventually:
      return model::Claim::Kind::eventually;
    case AssertionKind::exists:
      return model::Claim::Kind::exists;
    case AssertionKind::not_exists:
      return model::Claim::Kind::not_exists;
    case AssertionKind::forall:
      return model::Claim::Kind::forall;
  }
  return model::Claim::Kind::never;
}

}  // namespace

void Lowering::add_claims() {
  for (const File& file : checked_.script->files) {
    for (const Item& item : file.items) {
      if (const auto* assertion = std::get_if<Assertion>(&item.node)) {
        add_assertion(*assertion, item.span);
      } else if (const auto* ask = std::get_if<Ask>(&item.node)) {
        add_question(*ask, item.span);
      } else if (const auto* watch = std::get_if<Watch>(&item.node)) {
        for (const Expr& column : watch->columns) {
          cell_.watch.push_back({canonical(column), compile(column)});
        }
      }
    }
  }
}

void Lowering::add_assertion(const Assertion& assertion, Span span) {
  if (assertion.when && number_of(*assertion.when) == 0) return;
  model::Claim claim{.kind = kind_of(assertion.kind), .expect_fail = assertion.expect_fail};
  if (assertion.kind != AssertionKind::never) {
    claim.expression = compile(assertion.condition);
    claim.text = canonical(assertion.condition);
    add_claim(std::move(claim), span);
    return;
  }
  for (const Name& name : assertion.properties) {
    for (std::size_t i = 0; i < model::property_table.size(); ++i) {
      if (model::property_table[i].name == name.text) {
        claim.property = static_cast<model::Property>(i);
      }
    }
    claim.text = name.text;
    add_claim(claim, name.span);
  }
}

void Lowering::add_question(const Ask& ask, Span span) {
  if (ask.when && number_of(*ask.when) == 0) return;
  Question question{
      .kind = Question::Kind::value, .text = ask.question.text, .expression = compile(ask.answer)};
  if (ask.kind != AskKind::value) {
    model::Claim claim{.kind = model::Claim::Kind::question, .expression = question.expression};
    if (ask.kind == AskKind::not_exists) question.kind = Question::Kind::not_exists;
    if (ask.kind == AskKind::exists) question.kind = Question::Kind::exists;
    if (ask.kind == AskKind::forall) question.kind = Question::Kind::forall;
    claim.text = ask.question.text;
    question.claim = add_claim(std::move(claim), span);
  }
  cell_.questions.push_back(std::move(question));
}

// ---- Lines with '>'.

void Lowering::add_emission(const Emission& emission, const std::optional<Time>& time,
                            model::LineId previous) {
  model::Monitor monitor{.forbidden = emission.forbidden,
                         .what = pattern_of(emission.event.text, emission.args),
                         .armed_by = previous};
  if (time && time->kind == TimeKind::window) {
    monitor.within = number_of(time->last, Dimension::time);
    timed_ = true;
  }
  for (const Condition& condition : emission.conditions) {
    if (condition.kind == ConditionKind::within) {
      monitor.within = number_of(condition.duration, Dimension::time);
      continue;
    }
    monitor.order = condition.kind == ConditionKind::after ? model::Monitor::Order::after
                                                           : model::Monitor::Order::before;
    if (condition.event.has_args) {
      monitor.other = pattern_of(condition.event.path.text(), condition.event.args);
    } else {
      monitor.point = add_point(condition.event.path);
    }
  }
  model::Claim claim{.kind = model::Claim::Kind::emitted};
  claim.text = canonical(emission);
  monitor.claim = add_claim(std::move(claim), emission.span);
  setup_.monitors.push_back(monitor);
}

model::Pattern Lowering::pattern_of(std::string_view event, const std::vector<Arg>& args) {
  model::Pattern pattern;
  for (std::size_t i = 0; i < model::event_table.size(); ++i) {
    if (model::event_table[i].name == event) pattern.kind = static_cast<model::EventKind>(i);
  }
  for (const Arg& arg : args) {
    if (arg.kind == ArgKind::value) add_to_pattern(pattern, arg.value);
  }
  return pattern;
}

// An argument says by its kind what it is about.
void Lowering::add_to_pattern(model::Pattern& pattern, const Expr& expr) {
  const Symbol symbol = checked_.meaning(expr).symbol;
  if (const auto* list = std::get_if<ListExpr>(&expr.node)) {
    if (list->elements.size() == 1) return add_to_pattern(pattern, list->elements.front());
    problem(expr.span, "name one; write a line for each");
    return;
  }
  switch (symbol.kind) {
    case SymbolKind::device:
      pattern.adapter = model::AdapterId{symbol.index};
      return;
    case SymbolKind::host:
      for (std::uint32_t i = 0; i < setup_.adapters.size(); ++i) {
        if (setup_.adapters[i].host.value == symbol.index) pattern.adapter = model::AdapterId{i};
      }
      return;
    case SymbolKind::process:
      pattern.mm = model::MmId{symbol.index};
      pattern.pages = {.first = model::Page{0}, .count = 0xffffffff};
      return;
    case SymbolKind::variable:
      pattern.variable = model::VariableId{symbol.index};
      pattern.attachment = checked_.variables[symbol.index].kind == Kind::attachment;
      return;
    default:
      break;
  }
  const PagesMeant meant = pages_meant(expr);
  if (!meant.mm.some()) return;
  pattern.mm = meant.mm;
  pattern.pages = meant.pages;
}

// The model keeps counts and orders only for calls that a claim asks about.
void Lowering::count_lines() {
  const auto look = [this](const model::Expression& expression) {
    for (const model::Operation& op : expression) {
      if (!op.line.some()) continue;
      model::Line& line = setup_.lines[op.line.index()];
      line.counted = line.counted || op.code == Code::retries || op.code == Code::faults ||
                     op.code == Code::copied || op.code == Code::hit;
      line.ordered = line.ordered || op.code == Code::starts_after;
      if (op.code == Code::starts_after && op.other.value >= 64) {
        problem(cell_.places[line.source], "starts_after() knows the first 64 calls only");
      }
    }
  };
  for (const model::Claim& claim : setup_.claims) look(claim.expression);
  for (const Question& question : cell_.questions) look(question.expression);
  for (const Column& column : cell_.watch) look(column.expression);
}

}  // namespace language
