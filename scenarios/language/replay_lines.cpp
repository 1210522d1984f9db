// SPDX-License-Identifier: Apache-2.0
// Lines of the setup: the calls of a trace, and behind them what the program and the device do with
// the memory.
#include <fmt/format.h>

#include <algorithm>

#include "scenarios/language/lower.hpp"
#include "scenarios/language/lowering.hpp"
#include "scenarios/language/replay.hpp"

namespace language {
namespace {

using Outcome = StraceItem::Outcome;
using Verb = model::Verb;

// Of a stack no more than this is used, whatever its size.
constexpr std::uint32_t stack_pages = 4;

std::string hex_of(model::PageRange pages) {
  return fmt::format("0x{:x}..0x{:x}", pages.first.value, pages.end().value - 1);
}

}  // namespace

std::uint32_t Replay::program_of(std::uint32_t task) {
  Task& who = tasks_[task];
  if (who.program) return *who.program;
  const std::string& process = setup_.processes[settings_.mm.index()].name;
  who.program = static_cast<std::uint32_t>(setup_.programs.size());
  setup_.programs.push_back({.name = fmt::format("{}.{}", process, who.number),
                             .host = settings_.host,
                             .mm = spaces_[who.space].mm,
                             .cpu = target_.next_cpu()});
  return *who.program;
}

std::uint32_t Replay::program_of_device() {
  if (device_program_) return *device_program_;
  device_program_ = static_cast<std::uint32_t>(setup_.programs.size());
  setup_.programs.push_back({.name = setup_.adapters[settings_.device.index()].name + ".trace",
                             .host = settings_.host,
                             .adapter = settings_.device,
                             .cpu = target_.next_cpu()});
  return *device_program_;
}

// At its time, behind what made its thread and what other threads have done with these pages
// before.
model::Gate Replay::gate_of(const StraceItem& item, std::uint32_t task, model::PageRange pages) {
  const std::uint32_t program = program_of(task);
  model::LineId last = tasks_[task].after;
  tasks_[task].after = {};
  if (!last.some()) {
    memory_of(task).uses.for_each(pages, [&](model::PageRange, const Use& use) {
      if (use.program == program) return;
      if (!last.some() || last.value < use.line.value) last = use.line;
    });
  }
  model::Gate gate{.line = last, .delay = item.begin_ns, .absolute = true};
  if (last.some()) gate.kind = model::Gate::Kind::done;
  return gate;
}

model::LineId Replay::add_line(const StraceItem& item, std::uint32_t program, model::Call call,
                               model::Gate gate) {
  const model::LineId id{static_cast<std::uint32_t>(setup_.lines.size())};
  call.host = settings_.host;
  model::Line line{.call = call, .gate = gate};
  line.text = std::string(item.text);
  line.source = target_.place(item.span);
  setup_.lines.push_back(std::move(line));
  setup_.programs[program].lines.push_back(id);
  return id;
}

// A call of the trace, which must end as it did.
model::LineId Replay::add_call(const StraceItem& item, std::uint32_t task, model::Call call,
                               model::PageRange pages) {
  const std::uint32_t program = program_of(task);
  const model::Gate gate = gate_of(item, task, pages);
  const model::LineId id = add_line(item, program, std::move(call), gate);
  model::Line& line = setup_.lines[id.index()];
  if (item.kind == StraceItem::Kind::call && item.outcome != Outcome::none) {
    ++counts_.claimed;
    line.claim = settings_.claim;
    line.any_success = item.outcome == Outcome::value;
    if (item.outcome == Outcome::error) line.expected.push_back(result_of_error(item.error));
  }
  memory_of(task).uses.assign(pages, {.line = id, .program = program});
  return id;
}

// What the program does next, of its own accord.
model::LineId Replay::add_behind(const StraceItem& item, std::uint32_t task,
                                 const model::Call& call, std::string text) {
  const std::uint32_t program = program_of(task);
  const model::LineId id = add_line(item, program, call, {});
  setup_.lines[id.index()].text = std::move(text);
  memory_of(task).uses.assign(call.pages, {.line = id, .program = program});
  return id;
}

void Replay::touch(const StraceItem& item, std::uint32_t task, Located where) {
  PageMap<Area>& areas = memory_of(task).areas;
  areas.cut_out(where.pages);
  bool stack = false;
  areas.for_each(where.pages, [&](model::PageRange, Area& area) {
    area.touched = true;
    stack = stack || area.stack;
  });
  model::PageRange pages = where.pages;
  pages.count = settings_.touch.of(pages.count);
  if (stack) {
    pages.count = std::min(pages.count, stack_pages);
    pages.first = where.pages.at(where.pages.count - pages.count);
  }
  if (pages.count == 0) return;
  counts_.touched_pages += pages.count;
  add_behind(item, task,
             {.verb = Verb::memset, .mm = space_of(task).mm, .pages = pages, .number = 1},
             fmt::format("touches pages {}", hex_of(pages)));
  use(item, task, pages);
}

model::VariableId Replay::new_variable(const StraceItem& item, std::uint32_t task) {
  const model::VariableId variable{static_cast<std::uint32_t>(setup_.variables.size())};
  setup_.variables.push_back({fmt::format("{}.{}@{}", setup_.processes[settings_.mm.index()].name,
                                          tasks_[task].number, item.begin_ns)});
  return variable;
}

// The device gets the pages that the program of the scenario has touched, and writes to them.
void Replay::use(const StraceItem& item, std::uint32_t task, model::PageRange pages) {
  using Through = ReplaySettings::Through;
  Space& space = space_of(task);
  if (!settings_.device.some() || space.mm != settings_.mm) return;
  const bool whole = settings_.through == Through::implicit || settings_.through == Through::sva;
  const std::uint32_t program = program_of(task);
  model::Call get{.verb = Verb::reg_mr, .mm = space.mm, .adapter = settings_.device};
  if (settings_.through == Through::pinned) get.number = 1;
  if (settings_.through == Through::implicit) get.number = 2;
  if (settings_.through == Through::sva) get.verb = Verb::sva_bind;
  if (settings_.through == Through::rcache) get.verb = Verb::rcache_get;
  if (!whole) get.pages = pages;
  model::VariableId object = space.bond;
  model::LineId ready = setup_.programs[program].lines.back();
  if (!object.some()) {
    object = new_variable(item, task);
    ready = add_line(item, program, get, {});
    setup_.lines[ready.index()].result = object;
    setup_.lines[ready.index()].text = fmt::format("gives the device pages {}", hex_of(pages));
    if (whole) space.bond = object;
  }
  model::PageRange used = pages;
  used.count = settings_.use.of(pages.count);
  if (used.count != 0) {
    add_transfer(item, object, pages, used, ready);
    ready = setup_.programs[program_of_device()].lines.back();
  }
  if (settings_.through != Through::rcache)
    space.given.assign(used, {.object = object, .pages = pages});
  if (settings_.through != Through::rcache) return;
  const model::LineId put = add_line(
      item, program, {.verb = Verb::rcache_put, .mm = space.mm, .target = {.variable = object}},
      {.kind = model::Gate::Kind::done, .line = ready});
  setup_.lines[put.index()].text = "the device is done";
}

// A line of the device: it writes pages of what it was given.
void Replay::add_transfer(const StraceItem& item, model::VariableId object,
                          model::PageRange registered, model::PageRange used,
                          model::LineId behind) {
  using Through = ReplaySettings::Through;
  ++counts_.device_uses;
  model::Call write{.verb = Verb::dma_write, .target = {.variable = object}, .number = 2};
  switch (settings_.through) {
    case Through::sva:
      write.pages = used;
      break;
    case Through::implicit:
      write.second = used;
      break;
    case Through::rcache:
      write.target.pages = used;
      break;
    case Through::odp:
    case Through::pinned:
      write.target.offset = {.first = model::Page{used.first.value - registered.first.value},
                             .count = used.count};
      break;
  }
  const model::LineId line =
      add_line(item, program_of_device(), write, {.kind = model::Gate::Kind::done, .line = behind});
  setup_.lines[line.index()].text = fmt::format("writes pages {}", hex_of(used));
}

// The program has said something about memory that the device has, and goes on using it there.
void Replay::use_again(const StraceItem& item, std::uint32_t task, model::PageRange pages) {
  Space& space = space_of(task);
  if (!settings_.device.some() || space.mm != settings_.mm) return;
  const model::LineId behind = setup_.programs[program_of(task)].lines.back();
  space.given.for_each(pages, [&](model::PageRange part, const Given& given) {
    add_transfer(item, given.object, given.pages, part, behind);
  });
}

}  // namespace language
