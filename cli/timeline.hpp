// SPDX-License-Identifier: Apache-2.0
// A run as a reader sees it: step by step, in the scenario's words. The one source of every trace
// format and of the notes below a failed claim.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cli/names.hpp"
#include "cli/observed.hpp"
#include "cli/scenario.hpp"
#include "model/causes.hpp"
#include "sim/record.hpp"

namespace cli {

struct Field {  // One argument of an event.
  enum class Key : std::uint8_t {
    process,
    pages,
    registration,
    attachment,
    adapter,
    frame,
    host,
    notifier,  // UNMAP
    value,
    slot,
    step,
    result,
    call,
    wanted,  // A kind of lock, or of an end that is waited for.
    held,
  } key = Key::value;
  std::string text{};
  std::optional<std::uint64_t> number{};  // Where it is one.
};
std::string_view name_of(Field::Key key);

struct Happening {  // An event.
  model::Event event{};
  model::TaskId task{};
  std::string actor{};
  std::vector<Field> fields{};
  std::optional<model::EventCause> cause{};  // Where a reader asks for it and there is one to tell.

  std::string_view name() const {
    return model::event_table[static_cast<std::size_t>(event.kind)].name;
  }
  bool internal() const { return event.kind == model::EventKind::step; }
  // Inner steps, and what a checker takes note of, are shown only on request.
  bool on_request() const {
    return internal() || event.kind == model::EventKind::range_heeded ||
           event.kind == model::EventKind::lock_order;
  }
  std::string arguments() const;  // buf[1] frame 0x3
};

struct WatchedValue {
  const language::Column* column = nullptr;
  std::string text{};
};

struct StallEnd {  // The task can go on, and does so in this step.
  model::Stall stall{};
  std::string actor{};
  std::string waits_for{};
};

struct TimelineStep {
  std::uint64_t number = 0;    // From 1; 0 is the start.
  sim::Nanoseconds at = 0;     // By time only.
  sim::Nanoseconds spent = 0;  // By the task that took it.
  std::vector<Happening> happenings{};
  std::vector<WatchedValue> changed{};    // At the start: all of them.
  std::vector<StallEnd> stalls{};         // Before it.
  const model::Causes* causes = nullptr;  // Null unless the reader asks; up to this step.
};

class TimelineReader {
 public:
  virtual ~TimelineReader() = default;
  virtual void read(const TimelineStep& step, const model::World& world) = 0;
  virtual bool wanted() const { return true; }  // False: has read enough.
  virtual bool asks_for_causes() const { return false; }
};

// For a run of which only the end counts.
class Nobody final : public TimelineReader {
  void read(const TimelineStep&, const model::World&) override {}
};

// Turns the records of each step into a TimelineStep. It is both who traces a run and who
// observes it.
class Timeline final : public sim::TraceSink, public Observer {
 public:
  Timeline(const Case& what, TimelineReader& reader);

  void write(const sim::Record& record) override { records_.push_back(record); }
  bool wanted() const override { return reader_.wanted(); }
  void started(const model::World& world) override;
  void stepped(const model::World& world) override;
  // Whom the world tells how its events come about; null if nobody asks.
  model::Lineage* lineage() { return causes_ ? &*causes_ : nullptr; }
  const model::Causes* causes() const { return causes_ ? &*causes_ : nullptr; }

 private:
  void remember_actors(const model::World& world);
  void remember_waits(const model::World& world);
  void add_causes(TimelineStep& step, const model::World& world);
  Happening happening_of(const sim::Record& record, const model::World& world) const;
  std::vector<WatchedValue> changes(const model::World& world);

  const Case& what_;
  Names names_;
  TimelineReader& reader_;
  std::uint64_t steps_ = 0;
  std::vector<sim::Record> records_;
  std::vector<std::string> actors_;  // By task; a task that has ended keeps its name.
  std::vector<std::optional<std::int64_t>> watched_;
  std::optional<model::Causes> causes_;
  // What each task waits for, by the step since which it does.
  std::map<std::pair<model::TaskId, std::uint64_t>, std::string> waits_;
};

}  // namespace cli
