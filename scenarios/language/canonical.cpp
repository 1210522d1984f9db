// SPDX-License-Identifier: Apache-2.0
#include "scenarios/language/canonical.hpp"

#include <fmt/format.h>

#include "scenarios/language/token.hpp"

namespace language {

std::string canonical(const Time& time) {
  switch (time.kind) {
    case TimeKind::after:
      return "+" + canonical(time.first);
    case TimeKind::window:
      return fmt::format("+{}~+{}", canonical(time.first), canonical(time.last));
    case TimeKind::blocking:
      return fmt::format("+{}...+{}", canonical(time.first), canonical(time.last));
    case TimeKind::absolute:
      return "@" + canonical(time.first);
    case TimeKind::point:
      return "@" + time.point.text() + (time.delay ? "+" + canonical(*time.delay) : "");
    case TimeKind::anytime:
      return "*";
  }
  return "?";
}

std::string canonical(const Result& result) {
  switch (result.kind) {
    case ResultKind::ok:
      return "ok";
    case ResultKind::err:
      return "err";
    case ResultKind::any:
      return "any";
    case ResultKind::error:
      return "-" + result.word.text;
    case ResultKind::signal:
      return result.word.text;
    case ResultKind::value:
      return canonical(result.value);
  }
  return "?";
}

std::string canonical(const Step& step) {
  const std::string target = step.target ? step.target->text + " := " : "";
  std::string text = target + step.call.text + canonical(step.args);
  for (std::size_t i = 0; i < step.results.size(); ++i) {
    text += (i == 0 ? " = " : " | ") + canonical(step.results[i]);
  }
  if (step.label) text += " as " + step.label->text;
  if (step.properties.empty()) return text;
  text += " (";
  for (std::size_t i = 0; i < step.properties.size(); ++i) {
    const Property& property = step.properties[i];
    text += (i == 0 ? "" : ", ") + property.name.text;
    if (property.value) text += ": " + canonical(*property.value);
  }
  return text + ")";
}

std::string canonical(const Condition& condition) {
  if (condition.kind == ConditionKind::within) return "within " + canonical(condition.duration);
  const std::string word = condition.kind == ConditionKind::after ? "after " : "before ";
  const EventRef& event = condition.event;
  return word + event.path.text() + (event.has_args ? canonical(event.args) : "");
}

std::string canonical(const Emission& emission) {
  std::string text = emission.forbidden ? "!> " : "> ";
  text += emission.event.text + canonical(emission.args);
  for (const Condition& condition : emission.conditions) text += " " + canonical(condition);
  return text;
}

std::string canonical(const Setting& setting) {
  std::string text = setting.name.text;
  for (const Expr& value : setting.values) text += " " + canonical(value);
  return text;
}

std::string canonical(const Region& region) {
  std::string text = fmt::format("region {}: {}", region.name.text, region.kind.text);
  if (region.file) text += " " + region.file->text;
  text += " " + canonical(region.size);
  for (const Name& flag : region.flags) text += " " + flag.text;
  if (region.offset) text += " offset " + canonical(*region.offset);
  if (region.address) text += " at " + canonical(*region.address);
  return text;
}

std::string canonical(const MappedFile& file) {
  std::string text =
      fmt::format("file {} on {}: {}", file.name.text, file.host.text, file.kind.text);
  text += " " + canonical(file.size);
  for (const Name& flag : file.flags) text += " " + flag.text;
  return text;
}

std::string canonical(const Window& window) {
  std::string text = "window";
  for (std::size_t i = 0; i < window.parts.size(); ++i) {
    const Window::Part& part = window.parts[i];
    text += (i == 0 ? " " : ", ") + canonical(part.pages);
    if (part.every) text += " every " + canonical(*part.every);
  }
  return window.others.empty() ? text : text + " with " + canonical(window.others);
}

std::string canonical(const Param& param) {
  std::string text = "param " + param.name.text;
  if (param.value) text += " = " + canonical(*param.value);
  if (const auto* list = std::get_if<ListExpr>(&param.choices)) {
    text += fmt::format(" in [{}]", canonical(list->elements));
  }
  if (const auto* range = std::get_if<ParamRange>(&param.choices)) {
    text += fmt::format(" in {}..{}", canonical(range->first), canonical(range->last));
    if (range->step) text += " step " + canonical(*range->step);
  }
  return text;
}

std::string canonical(const WorkloadKey& key) {
  std::string text = key.name.text;
  for (std::size_t i = 0; i < key.values.size(); ++i) {
    const WorkloadKey::Value& value = key.values[i];
    text += (i > 0 && key.name.text == "op" ? ", " : " ") + canonical(value.value);
    if (value.detail) text += (value.colon ? ":" : " ") + canonical(*value.detail);
  }
  return text;
}

std::string canonical(const Measurement& row) {
  std::string text = fmt::format("{}({})", row.what.text, row.subject.text);
  for (const Name& statistic : row.statistics) text += " " + statistic.text;
  return text;
}

std::string canonical(const Report& report) {
  std::string text = report.kind == ReportKind::table ? "report table" : "report plot";
  for (const ReportClause& clause : report.clauses) {
    text += fmt::format(" {} {}", clause.key.text, canonical(clause.values));
  }
  return text;
}

std::string canonical(const Explore& explore) {
  std::string text = fmt::format("explore {}", keyword(explore.kind));
  if (explore.count) text += " " + canonical(*explore.count);
  if (explore.bound) text += " bound " + canonical(*explore.bound);
  return text;
}

std::string canonical(const Assertion& assertion) {
  const bool names = assertion.kind == AssertionKind::never;
  return fmt::format("{} {}", keyword(assertion.kind),
                     names ? canonical(assertion.properties) : canonical(assertion.condition));
}

std::string_view keyword(AssertionKind kind) {
  switch (kind) {
    case AssertionKind::never:
      return "never";
    case AssertionKind::always:
      return "always";
    case AssertionKind::eventually:
      return "eventually";
    case AssertionKind::exists:
      return "exists";
    case AssertionKind::not_exists:
      return "~exists";
    case AssertionKind::forall:
      return "forall";
  }
  return "?";
}

std::string_view keyword(AskKind kind) {
  switch (kind) {
    case AskKind::exists:
      return "exists";
    case AskKind::not_exists:
      return "~exists";
    case AskKind::forall:
      return "forall";
    case AskKind::value:
      return "value";
  }
  return "?";
}

std::string_view keyword(ExploreKind kind) {
  switch (kind) {
    case ExploreKind::all:
      return "all";
    case ExploreKind::dpor:
      return "dpor";
    case ExploreKind::random:
      return "random";
    case ExploreKind::pct:
      return "pct";
  }
  return "?";
}

}  // namespace language
