// SPDX-License-Identifier: Apache-2.0
#include "cli/timeline.hpp"

#include <fmt/format.h>

#include "cli/waits.hpp"
#include "model/flow/all.hpp"

namespace cli {
namespace {

using model::EventKind;
using Key = Field::Key;

// What the value of an event of this kind is.
Key value_key(EventKind kind) {
  switch (kind) {
    case EventKind::step:
      return Key::step;
    case EventKind::range_start:
    case EventKind::range_returned:
    case EventKind::range_end:
    case EventKind::range_ignored:
      return Key::notifier;
    case EventKind::swap_out:
    case EventKind::clean_drop:
      return Key::slot;
    case EventKind::returned:
      return Key::result;
    default:
      return Key::value;
  }
}

// Makes the fields of one event.
struct Fields {
  const Names& names;
  const model::Machine& machine;
  const model::Event& event;
  std::vector<Field> all{};

  model::MmId mm() const {
    if (event.mm.some() || !event.mr.some()) return event.mm;
    return machine.registrations[event.mr.index()].mm;
  }

  void add(Key key, std::string text, std::optional<std::uint64_t> number = std::nullopt) {
    all.push_back({.key = key, .text = std::move(text), .number = number});
  }

  void add_lock(Key key, std::uint32_t lock_class) {
    add(key, std::string(model::name_of(static_cast<model::LockClass>(lock_class))));
  }

  void add_value() {
    if (event.kind == EventKind::sleeps) return add_lock(Key::wanted, event.value);
    if (event.kind == EventKind::lock_order) {
      add_lock(Key::wanted, event.value);
      return add_lock(Key::held, event.detail);
    }
    const Key key = value_key(event.kind);
    switch (key) {
      case Key::step:
        return add(key, model::step_name(event.value));
      case Key::notifier:
        return add(key, std::string(notifier_event_name(event.value)));
      case Key::result: {
        const model::Result result{.kind = static_cast<model::Result::Kind>(event.detail),
                                   .number = event.value};
        return add(key, names.result(result, event.line));
      }
      default:
        return add(key, number_text(event.value), event.value);
    }
  }

  void add(char letter) {
    switch (letter) {
      case 'M':
        if (event.mm.some()) add(Key::process, names.process(event.mm));
        return;
      case 'P':
        if (event.pages.count > 0) add(Key::pages, names.pages(mm(), event.pages));
        return;
      case 'R':
        if (!event.mr.some()) return;
        return add(Key::registration, names.registration(machine, event.mr, event.line));
      case 'A':
        if (!event.attachment.some()) return;
        return add(Key::attachment, names.attachment(machine, event.attachment, event.line));
      case 'D':
        if (event.adapter.some()) add(Key::adapter, names.adapter(event.adapter));
        return;
      case 'F':
        if (event.frame.some()) add(Key::frame, hex(event.frame.value), event.frame.value);
        return;
      case 'H':
        return add(Key::host, names.host(model::HostId{event.value}));
      default:
        return add_value();
    }
  }
};

bool has_field(std::string_view fields, char letter) {
  return fields.find(letter) != std::string_view::npos;
}

std::vector<Field> fields_of(const Names& names, const model::Machine& machine,
                             const model::Event& event) {
  Fields fields{.names = names, .machine = machine, .event = event};
  const std::string_view letters = model::event_table[static_cast<std::size_t>(event.kind)].fields;
  const bool about_call = event.kind == EventKind::call || event.kind == EventKind::returned ||
                          event.kind == EventKind::half;
  if (about_call) fields.add(Key::call, names.call(event.line));
  for (const char letter : letters) fields.add(letter);
  // Which user of a handle: the card says it where it is named.
  if (!has_field(letters, 'A') && !has_field(letters, 'D')) fields.add('A');
  return std::move(fields.all);
}

}  // namespace

std::string_view name_of(Key key) {
  switch (key) {
    case Key::process:
      return "process";
    case Key::pages:
      return "pages";
    case Key::registration:
      return "registration";
    case Key::attachment:
      return "attachment";
    case Key::adapter:
      return "adapter";
    case Key::frame:
      return "frame";
    case Key::host:
      return "host";
    case Key::notifier:
      return "notifier";
    case Key::value:
      return "value";
    case Key::slot:
      return "slot";
    case Key::step:
      return "name";
    case Key::result:
      return "result";
    case Key::call:
      return "call";
    case Key::wanted:
      return "wanted";
    case Key::held:
      return "held";
  }
  return {};
}

// The pages of a process say whose they are.
std::string Happening::arguments() const {
  bool has_pages = false;
  for (const Field& field : fields) has_pages = has_pages || field.key == Key::pages;
  std::string text;
  for (const Field& field : fields) {
    if (field.key == Key::process && has_pages) continue;
    if (!text.empty()) text += ' ';
    if (field.key == Key::frame || field.key == Key::slot) text += name_of(field.key), text += ' ';
    if (field.key == Key::wanted) text += "for ";
    if (field.key == Key::held) text += "under ";
    if (field.key == Key::value || field.key == Key::result) text += "= ";
    text += field.text;
  }
  return text;
}

Timeline::Timeline(const Case& what, TimelineReader& reader)
    : what_(what), names_(what.setup()), reader_(reader), watched_(what.cell->watch.size()) {
  if (reader.asks_for_causes()) causes_.emplace();
}

void Timeline::started(const model::World& world) {
  remember_actors(world);
  if (causes_) causes_->started(world);
  if (causes_) remember_waits(world);
  reader_.read({.changed = changes(world)}, world);
}

void Timeline::stepped(const model::World& world) {
  remember_actors(world);
  TimelineStep step{.number = ++steps_, .at = world.now(), .spent = world.spent()};
  for (const sim::Record& record : records_) {
    step.happenings.push_back(happening_of(record, world));
  }
  records_.clear();
  if (causes_) add_causes(step, world);
  step.changed = changes(world);
  reader_.read(step, world);
}

void Timeline::add_causes(TimelineStep& step, const model::World& world) {
  std::vector<model::Event> events;
  for (const Happening& happening : step.happenings) events.push_back(happening.event);
  causes_->stepped(world, events);
  step.causes = &*causes_;
  for (std::size_t i = 0; i < events.size(); ++i) {
    step.happenings[i].cause = causes_->of_events()[i];
  }
  for (const model::Stall& stall : causes_->stalls_before(step.number)) {
    const auto wait = waits_.find({stall.task, stall.since});
    step.stalls.push_back(
        {.stall = stall, .actor = actors_[stall.task.index()], .waits_for = wait->second});
    waits_.erase(wait);
  }
  remember_waits(world);
}

// While they wait: when it is over, the machine does not say any more what it was.
void Timeline::remember_waits(const model::World& world) {
  for (const model::Blocked& blocked : world.blocked()) {
    for (const model::Stall& stall : causes_->open_stalls()) {
      if (stall.task != blocked.task || stall.since != causes_->steps()) continue;
      waits_[{stall.task, stall.since}] = waited_for(what_, world, blocked);
    }
  }
}

void Timeline::remember_actors(const model::World& world) {
  const model::Machine& machine = world.machine();
  if (actors_.size() < machine.tasks.size()) actors_.resize(machine.tasks.size());
  const std::size_t programs = what_.setup().programs.size();
  for (std::uint32_t i = 0; i < machine.tasks.size(); ++i) {
    if (!machine.tasks[i].host.some() || (i < programs && !actors_[i].empty())) continue;
    actors_[i] = world.actor_name(model::TaskId{i});
  }
}

Happening Timeline::happening_of(const sim::Record& record, const model::World& world) const {
  Happening happening{.event = model::from_record(record), .task = model::TaskId{record.actor}};
  happening.actor =
      happening.task.some() ? actors_[happening.task.index()] : world.actor_name(happening.task);
  happening.fields = fields_of(names_, world.machine(), happening.event);
  return happening;
}

std::vector<WatchedValue> Timeline::changes(const model::World& world) {
  std::vector<WatchedValue> changed;
  for (std::size_t i = 0; i < watched_.size(); ++i) {
    const language::Column& column = what_.cell->watch[i];
    const std::int64_t now = model::evaluate(column.expression, world.machine());
    if (watched_[i] == now) continue;
    watched_[i] = now;
    changed.push_back({.column = &column, .text = names_.value(column.expression, now)});
  }
  return changed;
}

}  // namespace cli
