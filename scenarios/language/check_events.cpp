// SPDX-License-Identifier: Apache-2.0
// What happens: actors, calls, labels, registers and break-points.
#include <fmt/format.h>

#include <algorithm>

#include "scenarios/language/checking.hpp"

namespace language {
namespace {

ActorKind actor_kind(SymbolKind kind) {
  if (kind == SymbolKind::device) return ActorKind::device;
  return kind == SymbolKind::kernel ? ActorKind::kernel : ActorKind::process;
}

struct Block {
  const std::vector<Event>* events = nullptr;
  std::optional<std::uint32_t> thread = {};
  bool in_init = false;
  std::uint32_t first_step = 0;  // Index into Checked::steps.
};

// init, timelines and threads in the order of the files.
std::vector<Block> blocks_of(const Checking& checking) {
  std::vector<Block> blocks;
  for (const File& file : checking.checked.script->files) {
    for (const Item& item : file.items) {
      if (const auto* init = std::get_if<Init>(&item.node)) {
        blocks.push_back({.events = &init->events, .in_init = true});
      }
      if (const auto* timeline = std::get_if<Timeline>(&item.node)) {
        blocks.push_back({.events = &timeline->events});
      }
      const auto* thread = std::get_if<Thread>(&item.node);
      for (std::uint32_t i = 0; thread != nullptr && i < checking.checked.threads.size(); ++i) {
        if (checking.checked.threads[i].thread == thread) {
          blocks.push_back({.events = &thread->events, .thread = i});
        }
      }
    }
  }
  return blocks;
}

Symbol actor_of(Checking& checking, const Event& event, const Block& block) {
  if (event.actor) {
    const Symbol actor = find_actor(checking, *event.actor).value_or(Symbol{});
    const bool other = block.thread && actor != checking.checked.threads[*block.thread].actor;
    if (other && actor != Symbol{}) {
      report(checking, event.actor->span,
             "a thread calls for itself; another actor has a thread of its own");
    }
    return actor;
  }
  if (block.thread) return checking.checked.threads[*block.thread].actor;
  if (const auto* step = std::get_if<Step>(&event.what)) {
    report(checking, step->call.span, "who does this? write 'process: call(...)'");
  }
  return {};
}

void declare_label(Checking& checking, StepInfo& info) {
  const Name& name = *info.step->label;
  if (const auto known = checking.labels.find(name.text); known != checking.labels.end()) {
    return report_with_note(
        checking, name.span, fmt::format("'{}' is already the label of an operation", name.text),
        {.span = checking.checked.labels[known->second].name.span, .message = "first used here"});
  }
  const auto index = static_cast<std::uint32_t>(checking.checked.labels.size());
  checking.checked.labels.push_back(
      {.name = name, .step = info.step, .call = info.call, .actor = info.actor});
  checking.labels[name.text] = index;
  info.label = index;
}

std::optional<std::uint32_t> known_variable(const Checking& checking, const Name& name,
                                            const StepInfo& info) {
  const auto found = checking.symbols.find(name.text);
  if (found == checking.symbols.end()) return std::nullopt;
  for (const Symbol symbol : found->second) {
    if (symbol.kind != SymbolKind::variable) continue;
    const VariableInfo& variable = checking.checked.variables[symbol.index];
    const bool same = variable.thread == info.thread;
    if (same && (info.thread || variable.owner == info.actor)) return symbol.index;
  }
  return std::nullopt;
}

void declare_variable(Checking& checking, StepInfo& info) {
  const Name& name = *info.step->target;
  Checked& checked = checking.checked;
  const Kind kind = info.call == nullptr ? Kind::unknown : info.call->result;
  if (const auto index = known_variable(checking, name, info)) {
    info.variable = index;
    const Kind before = checked.variables[*index].kind;
    if (before == Kind::outcome && kind == Kind::outcome) return;
    if (before == Kind::unknown || kind == Kind::unknown) return;
    return report_with_note(
        checking, name.span, fmt::format("'{}' is {} already", name.text, description(before)),
        {.span = checked.variables[*index].name.span, .message = "assigned here"});
  }
  const auto index = static_cast<std::uint32_t>(checked.variables.size());
  checked.variables.push_back(
      {.name = name, .kind = kind, .owner = info.actor, .thread = info.thread, .step = info.step});
  checking.assigned_at.push_back(static_cast<std::uint32_t>(checked.steps.size()));
  declare(checking, name, {SymbolKind::variable, index});
  info.variable = index;
}

void declare_step(Checking& checking, const Event& event, const Step& step, const Block& block) {
  StepInfo info{.step = &step, .thread = block.thread};
  info.actor = actor_of(checking, event, block);
  info.call = find(checking.vocabulary.calls, step.call.text);
  if (info.call == nullptr) {
    report_unknown(checking, step.call.span, step.call.text, "a call",
                   row_names(checking.vocabulary.calls), "calls");
  } else if (info.actor.kind != SymbolKind::none &&
             std::ranges::find(info.call->actors, actor_kind(info.actor.kind)) ==
                 info.call->actors.end()) {
    report(checking, step.call.span,
           fmt::format("'{}' is not for {}; it is for {}", step.call.text,
                       description(actor_kind(info.actor.kind)),
                       description(info.call->actors.front())));
  }
  if (step.label) declare_label(checking, info);
  if (step.target) declare_variable(checking, info);
  checking.checked.steps.push_back(info);
}

// `@t` of a param t: what a name says there is a label.
bool is_number_there(Checking& checking, const Path& path) {
  const Name& name = path.parts.front();
  const auto found = checking.symbols.find(name.text);
  if (path.parts.size() > 1 || found == checking.symbols.end()) return false;
  if (checking.labels.contains(name.text)) return false;
  const SymbolKind kind = found->second.front().kind;
  if (kind != SymbolKind::param && kind != SymbolKind::let) return false;
  const std::string fixed = fmt::format("({})", name.text);
  report_suggesting(checking, name.span,
                    fmt::format("'{}' is a {}, not a label; its time is written '@{}'", name.text,
                                noun(kind), fixed),
                    fixed);
  return true;
}

void check_point(Checking& checking, const Path& path) {
  const auto label = find_label(checking, path.parts.front());
  if (!label || path.parts.size() < 2) return;
  const CallRow* call = checking.checked.labels[*label].call;
  if (call == nullptr) return;
  const Name& step = path.parts.back();
  std::vector<std::string> known = names_of(call->steps);
  for (const Entry& entry : checking.vocabulary.common_steps) known.push_back(entry.name);
  if (std::ranges::find(known, step.text) != known.end()) return;
  report_unknown(checking, step.span, step.text, fmt::format("a step of '{}'", call->name), known,
                 "steps");
}

// +2us~+1us
void check_window(Checking& checking, const Time& time) {
  for (const Assignment& sample : checking.samples) {
    const auto first =
        amount_in(evaluate(checking.checked, sample, time.first).value, Dimension::time);
    const auto last =
        amount_in(evaluate(checking.checked, sample, time.last).value, Dimension::time);
    if (!first || !last || *first <= *last) continue;
    return report(checking, time.span, "this time ends before it begins");
  }
}

void check_time(Checking& checking, const Time& time) {
  const auto duration = [&](const Expr& expr) {
    check_quantity(checking, {}, expr, Dimension::time, "a time with its unit");
  };
  switch (time.kind) {
    case TimeKind::after:
    case TimeKind::absolute:
      return duration(time.first);
    case TimeKind::window:
    case TimeKind::blocking:
      duration(time.first);
      duration(time.last);
      return check_window(checking, time);
    case TimeKind::point:
      if (!is_number_there(checking, time.point)) check_point(checking, time.point);
      if (time.delay) duration(*time.delay);
      return;
    case TimeKind::anytime:
      return;
  }
}

// Events share the names of their arguments.
void check_arg_name(Checking& checking, const Name& name) {
  std::vector<std::string> known;
  for (const EventRow& row : checking.vocabulary.events) {
    for (const Parameter& parameter : row.parameters) {
      if (parameter.name == name.text) return;
      if (std::ranges::find(known, parameter.name) == known.end()) known.push_back(parameter.name);
    }
  }
  report_unknown(checking, name.span, name.text, "an argument of an event", known);
}

void check_event_args(Checking& checking, const Scope& scope, const Name& event,
                      const std::vector<Arg>& args) {
  const EventRow* row = find(checking.vocabulary.events, event.text);
  if (row == nullptr) {
    return report_unknown(checking, event.span, event.text, "an event",
                          row_names(checking.vocabulary.events), "events");
  }
  for (const Arg& arg : args) {
    if (arg.name) check_arg_name(checking, *arg.name);
    if (arg.kind == ArgKind::value) infer(checking, scope, arg.value);
  }
}

void check_emission(Checking& checking, const Scope& scope, const Emission& emission) {
  check_event_args(checking, scope, emission.event, emission.args);
  for (const Condition& condition : emission.conditions) {
    if (condition.kind == ConditionKind::within) {
      check_quantity(checking, {}, condition.duration, Dimension::time, "a time");
    } else if (condition.event.has_args) {
      const Name name{.text = condition.event.path.text(), .span = condition.event.path.span};
      check_event_args(checking, scope, name, condition.event.args);
    } else {
      check_point(checking, condition.event.path);
    }
  }
}

void check_block(Checking& checking, const Block& block) {
  Symbol actor;
  if (block.thread) actor = checking.checked.threads[*block.thread].actor;
  std::uint32_t index = block.first_step;
  for (const Event& event : *block.events) {
    if (event.time) check_time(checking, *event.time);
    if (const auto* emission = std::get_if<Emission>(&event.what)) {
      const Scope scope{.actor = actor, .thread = block.thread, .any_register = true};
      check_emission(checking, scope, *emission);
    } else {
      check_step(checking, index++);
    }
  }
}

}  // namespace

void declare_events(Checking& checking) {
  Order order;
  for (const Block& block : blocks_of(checking)) {
    order.in_init = block.in_init;
    for (const Event& event : *block.events) {
      if (const auto* step = std::get_if<Step>(&event.what)) {
        declare_step(checking, event, *step, block);
        checking.orders.push_back(order);
      }
    }
    ++order.block;
  }
}

void check_events(Checking& checking) {
  std::vector<Block> blocks = blocks_of(checking);
  std::uint32_t steps = 0;
  for (Block& block : blocks) {
    block.first_step = steps;
    for (const Event& event : *block.events) steps += std::holds_alternative<Step>(event.what);
  }
  // What init says of its variables is known wherever it stands in the text.
  std::stable_partition(blocks.begin(), blocks.end(),
                        [](const Block& block) { return block.in_init; });
  for (const Block& block : blocks) check_block(checking, block);
}

}  // namespace language
