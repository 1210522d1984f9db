// SPDX-License-Identifier: Apache-2.0
// What happens: the one statement form of init, timeline and thread blocks.
//   [time] [actor:] [target :=] call(args) [= results] [as label] [(properties)]
//   [time] > event(args) after/before/within ...
#pragma once

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "scenarios/language/expr.hpp"

namespace language {

enum class TimeKind : std::uint8_t {
  after,     // +1us            first
  window,    // +0~+20us        first, last
  blocking,  // +0...+9us       first, last
  absolute,  // @10us           first
  point,     // @S.pte_cleared+200ns   point, delay
  anytime,   // *
};
struct Time {
  TimeKind kind = TimeKind::after;
  Expr first;
  Expr last;
  Path point;
  std::optional<Expr> delay;
  Span span;
};

enum class ResultKind : std::uint8_t { ok, err, any, error, signal, value };
struct Result {
  ResultKind kind = ResultKind::ok;
  Name word;   // error: EFAULT. signal: SIGBUS.
  Expr value;  // value: a number, a name or a parenthesized expression.
  Span span;
};

struct Property {  // (async)   (fail_nth: 3)
  Name name;
  std::optional<Expr> value;
};

struct Step {
  std::optional<Name> target;  // r0 :=
  Name call;
  std::vector<Arg> args;
  std::vector<Result> results;  // Empty: not said.
  std::optional<Name> label;    // as W
  std::vector<Property> properties;
  bool broken = false;  // Its syntax had a problem: what it names is kept, the rest is not checked.
  Span span;
};

struct EventRef {  // W.done   quiesced(*)
  Path path;
  bool has_args = false;
  std::vector<Arg> args;
  Span span;
};
enum class ConditionKind : std::uint8_t { after, before, within };
struct Condition {
  ConditionKind kind = ConditionKind::after;
  EventRef event;  // after, before
  Expr duration;   // within
  Span span;
};
struct Emission {
  bool forbidden = false;  // !>
  Name event;
  std::vector<Arg> args;
  std::vector<Condition> conditions;
  Span span;
};

struct Event {
  std::optional<Time> time;
  std::optional<Path> actor;
  std::variant<Step, Emission> what;
  Span span;
};

}  // namespace language
