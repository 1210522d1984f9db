// SPDX-License-Identifier: Apache-2.0
// JSON Lines: the one stable format for programs. The first line says what was run and carries the
// version of the format, "v"; then one object an event, and one for what changes of `watch`.
#include "cli/cause_text.hpp"
#include "cli/formats/format.hpp"
#include "cli/json.hpp"
#include "cli/outcome.hpp"
#include "cli/version.hpp"

namespace cli {
namespace {

class Jsonl final : public TimelineReader {
 public:
  Jsonl(Output& out, const Manifest& manifest, const Showing& showing)
      : out_(out),
        what_(manifest.what),
        by_time_(order_of(*manifest.what.cell) == sim::Order::by_time),
        verbose_(showing.verbosity == Verbosity::verbose) {
    Json line = {{"v", 1}, {"program", "shootdown"}, {"version", version}};
    add_identity(line, what_, manifest.seed);
    line["order"] = by_time_ ? "by_time" : "any";
    line["steps"] = manifest.path == nullptr ? Json(nullptr) : Json(manifest.steps);
    line["path"] = manifest.path == nullptr ? Json(nullptr) : Json(sim::to_text(*manifest.path));
    write(line);
  }

  bool asks_for_causes() const override { return true; }
  void read(const TimelineStep& step, const model::World&) override {
    for (const StallEnd& end : step.stalls) write_stall(step, end);
    for (const Happening& happening : step.happenings) {
      if (happening.on_request() && !verbose_) continue;
      Json line = begin_line(step);
      line["actor"] = happening.actor;
      line["event"] = happening.name();
      for (const Field& field : happening.fields) {
        line[name_of(field.key)] = field.number ? Json(*field.number) : Json(field.text);
      }
      add_line_number(line, happening.event.line);
      if (happening.cause) line["cause"] = cause_json(what_, *happening.cause);
      write(line);
    }
    if (step.changed.empty()) return;
    Json values = Json::object();
    for (const WatchedValue& value : step.changed) values[value.column->text] = value.text;
    Json line = begin_line(step);
    line["watch"] = std::move(values);
    write(line);
  }

 private:
  void write_stall(const TimelineStep& step, const StallEnd& end) {
    Json line = begin_line(step);
    line["actor"] = end.actor;
    line["stall"] = end.waits_for;
    line["since"] = end.stall.since;
    line["until"] = end.stall.until;
    if (by_time_) line["length_ns"] = end.stall.length;
    line["cause"] =
        cause_json(what_, {.kind = model::CauseKind::wake,
                           .step = end.stall.until,
                           .operation = step.causes->of_step(end.stall.until).operation});
    write(line);
  }

  Json begin_line(const TimelineStep& step) const {
    Json line = {{"step", step.number}};
    if (by_time_) line["at"] = step.at;
    return line;
  }

  void add_line_number(Json& line, model::LineId id) const {
    if (!id.some()) return;
    const auto span = what_.place(what_.setup().lines[id.index()].source);
    if (span) line["line"] = what_.sources().at(span->source).line_of(span->offset);
  }

  void write(const Json& line) { out_.print("{}\n", to_text(line)); }

  Output& out_;
  const Case& what_;
  bool by_time_;
  bool verbose_;
};

}  // namespace

std::unique_ptr<TimelineReader> make_jsonl(Output& out, const Manifest& manifest,
                                           const Showing& showing) {
  return std::make_unique<Jsonl>(out, manifest, showing);
}

}  // namespace cli
