// SPDX-License-Identifier: Apache-2.0
#include "cli/cause_text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace cli {

using model::CauseKind;

std::string_view name_of(CauseKind kind) {
  switch (kind) {
    case CauseKind::start:
      return "start";
    case CauseKind::call:
      return "call";
    case CauseKind::order:
      return "order";
    case CauseKind::spawn:
      return "spawn";
    case CauseKind::message:
      return "message";
    case CauseKind::interrupt:
      return "interrupt";
    case CauseKind::timer:
      return "timer";
    case CauseKind::wake:
      return "wake";
    case CauseKind::dropped:
      return "dropped";
    case CauseKind::changed:
      return "changed";
  }
  return {};
}

CallPlace call_place(const Case& what, model::LineId line) {
  CallPlace place{.text = Names(what.setup()).call(line)};
  for (const model::Program& program : what.setup().programs) {
    if (std::ranges::find(program.lines, line) != program.lines.end()) place.actor = program.name;
  }
  const auto span = what.place(what.setup().lines[line.index()].source);
  if (!span) return place;
  const language::Source& source = what.sources().at(span->source);
  place.file = source.path;
  place.line = source.line_of(span->offset);
  return place;
}

std::string call_text(const Case& what, model::LineId line, std::string_view actor) {
  if (!line.some()) return {};
  const CallPlace place = call_place(what, line);
  std::string text = place.text;
  if (place.actor != actor) text += " of " + place.actor;
  if (place.file.empty()) return text;
  const bool own = place.file == what.scenario->path;
  return text + fmt::format(" {}:{}", own ? "" : place.file, place.line);
}

std::string call_text(const Case& what, model::LineId line) {
  if (!line.some()) return {};
  return call_text(what, line, call_place(what, line).actor);
}

std::string cause_text(const Case& what, const Happening& happening) {
  if (!happening.cause) return {};
  const model::EventCause& cause = *happening.cause;
  const std::string call = call_text(what, cause.operation, happening.actor);
  return fmt::format("<- {} #{}{}{}", name_of(cause.kind), cause.step, call.empty() ? "" : " ",
                     call);
}

std::string stall_text(const Case& what, const StallEnd& end, const model::Causes& causes) {
  const model::LineId by = causes.of_step(end.stall.until).operation;
  const std::string call = call_text(what, by, end.actor);
  return fmt::format("since #{} for {}, until #{}{}{}", end.stall.since, end.waits_for,
                     end.stall.until, call.empty() ? "" : " ", call);
}

Json place_json(const Case& what, model::LineId line) {
  const CallPlace place = line.some() ? call_place(what, line) : CallPlace{};
  Json json;
  json["actor"] = line.some() ? Json(place.actor) : Json(nullptr);
  json["operation"] = line.some() ? Json(place.text) : Json(nullptr);
  json["file"] = place.file.empty() ? Json(nullptr) : Json(place.file);
  json["line"] = place.file.empty() ? Json(nullptr) : Json(place.line);
  return json;
}

Json cause_json(const Case& what, const model::EventCause& cause) {
  Json json = {{"step", cause.step}, {"kind", name_of(cause.kind)}};
  json.update(place_json(what, cause.operation));
  return json;
}

}  // namespace cli
