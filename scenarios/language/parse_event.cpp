// SPDX-License-Identifier: Apache-2.0
// The statements of init, timeline and thread blocks.
#include <fmt/format.h>

#include "scenarios/language/parser.hpp"

namespace language {
namespace {

Expr parse_delay(Cursor& cursor) {
  cursor.accept(TokenKind::plus);
  return parse_primary(cursor);
}

Time parse_relative_time(Cursor& cursor) {
  Time time;
  time.first = parse_delay(cursor);
  if (cursor.accept(TokenKind::tilde)) {
    time.kind = TimeKind::window;
    time.last = parse_delay(cursor);
  } else if (cursor.accept(TokenKind::ellipsis)) {
    time.kind = TimeKind::blocking;
    time.last = parse_delay(cursor);
  }
  return time;
}

Time parse_point(Cursor& cursor) {
  Time time;
  if (cursor.at(TokenKind::name)) {
    time.kind = TimeKind::point;
    time.point = parse_path(cursor);
    if (cursor.accept(TokenKind::plus)) time.delay = parse_primary(cursor);
  } else {
    time.kind = TimeKind::absolute;
    time.first = parse_primary(cursor);
  }
  return time;
}

// A signal, or why a guest has left to user space.
bool is_signal(std::string_view name) {
  return name.starts_with("SIG") || name.starts_with("KVM_EXIT_");
}

Result parse_result(Cursor& cursor) {
  const Token first = cursor.peek();
  Result result;
  if (cursor.accept_word("ok")) {
    result.kind = ResultKind::ok;
  } else if (cursor.accept_word("err")) {
    result.kind = ResultKind::err;
  } else if (cursor.accept_word("any")) {
    result.kind = ResultKind::any;
  } else if (first.kind == TokenKind::minus && cursor.peek(1).kind == TokenKind::name) {
    cursor.take();
    result.kind = ResultKind::error;
    result.word = cursor.name_of(cursor.take());
  } else if (first.kind == TokenKind::name && is_signal(cursor.text(first))) {
    result.kind = ResultKind::signal;
    result.word = cursor.name_of(cursor.take());
  } else if (first.kind == TokenKind::minus) {
    result.kind = ResultKind::value;
    cursor.take();
    Expr operand = parse_primary(cursor);
    const std::uint32_t height = operand.height;
    result.value = make_expr(cursor, cursor.since(first), height,
                             UnaryExpr{UnaryOp::negate, std::move(operand)});
  } else {
    result.kind = ResultKind::value;
    result.value = parse_primary(cursor);
  }
  result.span = cursor.panicking() ? first.span : cursor.since(first);
  return result;
}

void parse_results(Cursor& cursor, Step& step) {
  if (cursor.at(TokenKind::equal_equal)) {
    cursor.mistake(cursor.peek().span, "a result is written '='", "=");
  } else if (!cursor.at(TokenKind::equals)) {
    return;
  }
  do {
    cursor.take();
    step.results.push_back(parse_result(cursor));
  } while (!cursor.panicking() && cursor.at(TokenKind::bar));
}

void parse_properties(Cursor& cursor, Step& step) {
  const Token open = cursor.take();
  cursor.enter_brackets();
  while (!cursor.at(TokenKind::right_paren) && !cursor.panicking()) {
    Property property;
    property.name = cursor.expect_name("the name of a property");
    if (cursor.accept(TokenKind::colon)) property.value = parse_expr(cursor);
    step.properties.push_back(std::move(property));
    if (!cursor.accept(TokenKind::comma)) break;
  }
  cursor.leave_brackets(open, TokenKind::right_paren);
}

// NAME ":=", or "=" when a call follows, which is a mistake that is understood.
void parse_target(Cursor& cursor, Step& step) {
  const TokenKind next = cursor.peek(1).kind;
  const bool calls =
      cursor.peek(2).kind == TokenKind::name && cursor.peek(3).kind == TokenKind::left_paren;
  const bool slip = next == TokenKind::equals && calls;
  if (!cursor.at(TokenKind::name) || (next != TokenKind::assign && !slip)) return;
  step.target = cursor.name_of(cursor.take());
  if (slip) cursor.mistake(cursor.peek().span, "an assignment is written ':='", ":=");
  cursor.take();
}

Step parse_step(Cursor& cursor) {
  const Token first = cursor.peek();
  Step step;
  parse_target(cursor, step);
  step.call = cursor.expect_name("a call");
  step.args = parse_args(cursor);
  if (!cursor.panicking()) parse_results(cursor, step);
  if (!cursor.panicking() && cursor.accept_word("as")) step.label = cursor.expect_name("a label");
  if (!cursor.panicking() && cursor.at(TokenKind::left_paren)) parse_properties(cursor, step);
  step.broken = cursor.panicking() || !cursor.at_end_of_statement();
  step.span = step.broken ? first.span : cursor.since(first);
  return step;
}

EventRef parse_event_ref(Cursor& cursor) {
  const Token first = cursor.peek();
  EventRef ref;
  ref.path = parse_path(cursor);
  if (!cursor.panicking() && cursor.at(TokenKind::left_paren)) {
    ref.has_args = true;
    ref.args = parse_args(cursor);
  }
  ref.span = cursor.panicking() ? first.span : cursor.since(first);
  return ref;
}

bool parse_condition(Cursor& cursor, Emission& emission) {
  const Token first = cursor.peek();
  Condition condition;
  if (cursor.accept_word("within")) {
    condition.kind = ConditionKind::within;
    condition.duration = parse_primary(cursor);
  } else if (cursor.accept_word("after")) {
    condition.event = parse_event_ref(cursor);
  } else if (cursor.accept_word("before")) {
    condition.kind = ConditionKind::before;
    condition.event = parse_event_ref(cursor);
  } else {
    return false;
  }
  condition.span = cursor.panicking() ? first.span : cursor.since(first);
  emission.conditions.push_back(std::move(condition));
  return true;
}

Emission parse_emission(Cursor& cursor) {
  const Token first = cursor.take();
  Emission emission;
  emission.forbidden = first.kind == TokenKind::forbid;
  emission.event = cursor.expect_name("an event");
  emission.args = parse_args(cursor);
  while (!cursor.panicking() && parse_condition(cursor, emission)) {
  }
  emission.span = cursor.panicking() ? first.span : cursor.since(first);
  return emission;
}

// "step" with a text or a block: nothing else begins so.
bool at_step_block(const Cursor& cursor) {
  const TokenKind next = cursor.peek(1).kind;
  return cursor.at_word("step") && (next == TokenKind::string || next == TokenKind::left_brace);
}

void add_event(Cursor& cursor, std::vector<Event>& events) {
  if (!at_step_block(cursor)) return events.push_back(parse_event(cursor));
  cursor.error(cursor.peek().span, "a step stands in a timeline, and not inside of another");
}

StepBlock parse_step_block(Cursor& cursor, std::vector<Event>& events) {
  const Token first = cursor.take();
  StepBlock step;
  step.first = events.size();
  if (cursor.at(TokenKind::string)) step.text = parse_string(cursor, "what the step does");
  step.block = parse_block(cursor, [&] { add_event(cursor, events); });
  step.count = events.size() - step.first;
  step.span = cursor.since(first);
  return step;
}

// PATH ":", which is always before a call.
bool at_actor(const Cursor& cursor) {
  std::size_t ahead = 0;
  while (cursor.peek(ahead).kind == TokenKind::name) {
    if (cursor.peek(ahead + 1).kind == TokenKind::colon) return true;
    if (cursor.peek(ahead + 1).kind != TokenKind::dot) return false;
    ahead += 2;
  }
  return false;
}

}  // namespace

std::optional<Time> parse_time(Cursor& cursor) {
  const Token first = cursor.peek();
  Time time;
  if (cursor.accept(TokenKind::plus)) {
    time = parse_relative_time(cursor);
  } else if (cursor.accept(TokenKind::at)) {
    time = parse_point(cursor);
  } else if (cursor.accept(TokenKind::star)) {
    time.kind = TimeKind::anytime;
  } else {
    return std::nullopt;
  }
  time.span = cursor.panicking() ? first.span : cursor.since(first);
  return time;
}

Event parse_event(Cursor& cursor) {
  const Token first = cursor.peek();
  Event event;
  event.time = parse_time(cursor);
  if (!cursor.panicking() && at_actor(cursor)) {
    event.actor = parse_path(cursor);
    cursor.expect(TokenKind::colon);
  }
  if (cursor.at(TokenKind::greater) || cursor.at(TokenKind::forbid)) {
    event.what = parse_emission(cursor);
  } else {
    event.what = parse_step(cursor);
  }
  event.span = cursor.panicking() ? first.span : cursor.since(first);
  return event;
}

Init parse_init(Cursor& cursor) {
  Init init;
  init.block = parse_block(cursor, [&] { add_event(cursor, init.events); });
  return init;
}

Timeline parse_timeline(Cursor& cursor) {
  Timeline timeline;
  timeline.block = parse_block(cursor, [&] {
    if (at_step_block(cursor)) {
      timeline.steps.push_back(parse_step_block(cursor, timeline.events));
    } else {
      timeline.events.push_back(parse_event(cursor));
    }
  });
  return timeline;
}

Thread parse_thread(Cursor& cursor) {
  Thread thread;
  thread.path = parse_path(cursor);
  if (cursor.accept_word("on")) thread.cpu = cursor.expect_name("a CPU");
  thread.block = parse_block(cursor, [&] { add_event(cursor, thread.events); });
  return thread;
}

}  // namespace language
