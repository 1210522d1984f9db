// SPDX-License-Identifier: Apache-2.0
// Events in columns: time, actor, call, result, label, properties. The columns run through the
// whole block. An emission begins where actors do; what it says of time has a column of its own.
#include <algorithm>
#include <span>

#include "scenarios/language/canonical.hpp"
#include "scenarios/language/format_items.hpp"
#include "scenarios/language/token.hpp"
#include "scenarios/language/utf8.hpp"

namespace language {
namespace {

constexpr std::size_t gap = 2;
constexpr std::size_t actor_gap = 1;

std::string time_of(const Event& event) { return event.time ? canonical(*event.time) : ""; }
std::string actor_of(const Event& event) { return event.actor ? event.actor->text() + ":" : ""; }

std::string padded(std::string text, std::size_t width, std::size_t space) {
  if (width == 0) return "";
  const std::size_t length = count_characters(text);
  return text + std::string(std::max(width, length) - length + space, ' ');
}

struct Columns {  // Their widths.
  std::size_t time = 0;
  std::size_t actor = 0;
  Group steps;
  Group emissions;
};

std::vector<std::string> cells_of(const Step& step, const std::string& before) {
  Step call = step;  // The call alone; the rest has cells of its own.
  call.results.clear();
  call.label.reset();
  call.properties.clear();
  std::string results;
  for (const Result& result : step.results) {
    results += (results.empty() ? "= " : " | ") + canonical(result);
  }
  std::string properties;
  for (const Property& property : step.properties) {
    properties += (properties.empty() ? "(" : ", ") + property.name.text;
    if (property.value) properties += ": " + canonical(*property.value);
  }
  if (!properties.empty()) properties += ")";
  return {before + canonical(call), results, step.label ? "as " + step.label->text : "",
          properties};
}

std::vector<std::string> cells_of(const Emission& emission, const std::string& before) {
  Emission event = emission;
  event.conditions.clear();
  std::string conditions;
  for (const Condition& condition : emission.conditions) {
    conditions += (conditions.empty() ? "" : " ") + canonical(condition);
  }
  return {before + canonical(event), conditions};
}

void print_event(Printer& printer, const Event& event, const Columns& columns) {
  const std::string time = padded(time_of(event), columns.time, gap);
  if (const auto* step = std::get_if<Step>(&event.what)) {
    const std::string actor = padded(actor_of(event), columns.actor, actor_gap);
    printer.grouped(event.span, columns.steps, gap, cells_of(*step, time + actor));
    return;
  }
  const std::string actor = event.actor ? actor_of(event) + " " : "";
  printer.grouped(event.span, columns.emissions, gap,
                  cells_of(std::get<Emission>(event.what), time + actor));
}

void widen(Columns& columns, std::span<const Event> events) {
  for (const Event& event : events) {
    columns.time = std::max(columns.time, count_characters(time_of(event)));
    columns.actor = std::max(columns.actor, count_characters(actor_of(event)));
  }
}

std::string head_of(const StepBlock& step) {
  return step.text ? "step " + quote(step.text->text) : "step";
}

std::span<const Event> events_of(const Timeline& timeline, const StepBlock& step) {
  return std::span(timeline.events).subspan(step.first, step.count);
}

std::string inline_block(std::span<const Event> events) {
  std::string text;
  for (const Event& event : events) text += (text.empty() ? "" : "; ") + inline_text(event);
  return text.empty() ? "{}" : "{ " + text + " }";
}

void print_step_block(Printer& printer, const StepBlock& step, std::span<const Event> events) {
  const std::string head = head_of(step);
  const std::string inside = inline_block(events);
  if (printer.on_one_line(step.block) && printer.fits(head.size() + 1 + inside.size())) {
    return printer.line(step.span, {head + " " + inside});
  }
  printer.block(step.span, step.block, head, [&] { print_events(printer, events); });
}

}  // namespace

std::string inline_text(const Event& event) {
  std::string text = event.time ? time_of(event) + " " : "";
  if (event.actor) text += actor_of(event) + " ";
  return text + std::visit([](const auto& what) { return canonical(what); }, event.what);
}

void print_events(Printer& printer, std::span<const Event> events) {
  Columns columns{.steps = printer.new_group(), .emissions = printer.new_group()};
  widen(columns, events);
  for (const Event& event : events) print_event(printer, event, columns);
}

std::string inline_text(const Timeline& timeline) {
  std::string text;
  std::size_t at = 0;
  const auto add = [&](const std::string& statement) {
    text += (text.empty() ? "" : "; ") + statement;
  };
  for (const StepBlock& step : timeline.steps) {
    for (; at < step.first; ++at) add(inline_text(timeline.events[at]));
    add(head_of(step) + " " + inline_block(events_of(timeline, step)));
    at += step.count;
  }
  for (; at < timeline.events.size(); ++at) add(inline_text(timeline.events[at]));
  return text;
}

void print_timeline(Printer& printer, const Timeline& timeline) {
  Columns columns{.steps = printer.new_group(), .emissions = printer.new_group()};
  const std::span events(timeline.events);
  std::size_t at = 0;
  for (const StepBlock& step : timeline.steps) {
    widen(columns, events.subspan(at, step.first - at));
    at = step.first + step.count;
  }
  widen(columns, events.subspan(at));
  at = 0;
  for (const StepBlock& step : timeline.steps) {
    for (; at < step.first; ++at) print_event(printer, events[at], columns);
    print_step_block(printer, step, events_of(timeline, step));
    at += step.count;
  }
  for (; at < events.size(); ++at) print_event(printer, events[at], columns);
}

}  // namespace language
