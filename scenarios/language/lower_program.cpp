// SPDX-License-Identifier: Apache-2.0
// init, timeline and threads become programs: one for each actor of init and timeline, and one for
// each thread block.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "model/flow/all.hpp"
#include "scenarios/language/canonical.hpp"
#include "scenarios/language/lowering.hpp"

namespace language {
namespace {

constexpr std::uint32_t main_thread = 0xffffffff;

int errno_of(std::string_view name) {
  struct Known {
    std::string_view name;
    int number;
  };
  static constexpr Known known[] = {
      {"EACCES", EACCES},         {"EAGAIN", EAGAIN},         {"EBUSY", EBUSY},
      {"ECANCELED", ECANCELED},   {"ECONNRESET", ECONNRESET}, {"EDEADLOCK", EDEADLOCK},
      {"EEXIST", EEXIST},         {"EFAULT", EFAULT},         {"EHWPOISON", EHWPOISON},
      {"EINTR", EINTR},           {"EINVAL", EINVAL},         {"EIO", EIO},
      {"ENODEV", ENODEV},         {"ENOENT", ENOENT},         {"ENOMEM", ENOMEM},
      {"EOPNOTSUPP", EOPNOTSUPP}, {"EPERM", EPERM},           {"EREMOTEIO", EREMOTEIO},
      {"ESRCH", ESRCH},           {"ESTALE", ESTALE},         {"ETIMEDOUT", ETIMEDOUT},
  };
  for (const Known& entry : known) {
    if (entry.name == name) return entry.number;
  }
  return 0;
}

int signal_of(std::string_view name) {
  if (name == "SIGBUS") return SIGBUS;
  if (name == "KVM_EXIT_MMIO") return model::Result::kvm_exit_mmio;
  if (name == "KVM_EXIT_INTERNAL_ERROR") return model::Result::kvm_exit_internal_error;
  return name == "SIGKILL" ? SIGKILL : SIGSEGV;
}

bool has_property(const Step& step, std::string_view name) {
  return std::ranges::any_of(step.properties,
                             [&](const Property& property) { return property.name.text == name; });
}

// The block goes on without waiting for the call.
bool is_open(const Event& event, const Step& step) {
  return has_property(step, "async") || (event.time && event.time->kind == TimeKind::blocking);
}

}  // namespace

model::Result result_of_error(std::string_view name) {
  return model::Result::error(errno_of(name));
}
model::Result result_of_signal(std::string_view name) {
  return model::Result::signal(signal_of(name));
}

void Lowering::add_programs() {
  for (const Init* init : checked_.inits) add_sequence(init->events, std::nullopt, true);
  for (const Timeline* timeline : checked_.timelines) {
    add_sequence(timeline->events, std::nullopt, false);
    add_steps(*timeline);
  }
  for (std::uint32_t i = 0; i < checked_.threads.size(); ++i) {
    if (checked_.threads[i].thread->cpu) {
      problem(checked_.threads[i].thread->cpu->span,
              "threads bound to a CPU are not supported by this version");
    }
    add_sequence(checked_.threads[i].thread->events, i, false);
  }
}

void Lowering::add_sequence(const std::vector<Event>& events, std::optional<std::uint32_t> thread,
                            bool init) {
  model::LineId previous = init ? last_init_ : model::LineId{};
  bool previous_is_open = false;
  for (const Event& event : events) {
    if (const auto* emission = std::get_if<Emission>(&event.what)) {
      add_emission(*emission, event.time, previous);
      continue;
    }
    const Step& step = std::get<Step>(event.what);
    const StepInfo* info = checked_.info(step);
    if (info == nullptr) continue;
    const model::LineId id = add_step(event, step, program_of(info->actor, thread));
    model::Line& line = setup_.lines[id.index()];
    line.init = init;
    if (init && line.repeats) problem(step.span, "a call of init cannot repeat");
    line.gate = gate_of(event, previous, previous_is_open, thread.has_value());
    previous = id;
    previous_is_open = is_open(event, step);
  }
  if (init) last_init_ = previous;
}

// A statement outside of a block is a step of its own.
void Lowering::add_steps(const Timeline& timeline) {
  auto block = timeline.steps.begin();
  for (std::size_t i = 0; i < timeline.events.size() || block != timeline.steps.end();) {
    const bool inside = block != timeline.steps.end() && block->first == i;
    const std::size_t end = inside ? i + block->count : i + 1;
    TimelineStep step{.text = {}, .lines = {}, .span = {}};
    for (std::size_t at = i; at < end; ++at) {
      const auto* call = std::get_if<Step>(&timeline.events[at].what);
      const auto line = call == nullptr ? lines_.end() : lines_.find(call);
      if (line == lines_.end()) continue;
      step.lines.push_back(line->second);
      step.span = call->span;
    }
    if (inside) {
      if (block->text) step.text = block->text->text;
      step.span = block->span;
      ++block;
    }
    if (inside || !step.lines.empty()) cell_.steps.push_back(std::move(step));
    i = end;
  }
}

std::uint32_t Lowering::program_of(Symbol actor, std::optional<std::uint32_t> thread) {
  const auto key = std::pair(actor, thread.value_or(main_thread));
  if (const auto found = programs_.find(key); found != programs_.end()) return found->second;
  const model::HostId host = host_of(actor);
  model::Program program{.host = host, .mm = mm_of(actor), .cpu = next_cpu(host)};
  if (actor.kind == SymbolKind::device) program.adapter = model::AdapterId{actor.index};
  if (thread) {
    program.name = checked_.threads[*thread].path.text();
  } else if (actor.kind == SymbolKind::process) {
    program.name = setup_.processes[actor.index].name;
  } else if (actor.kind == SymbolKind::device) {
    program.name = setup_.adapters[actor.index].name;
  } else {
    program.name = setup_.hosts[actor.index].name + ".kernel";
  }
  const auto index = static_cast<std::uint32_t>(setup_.programs.size());
  setup_.programs.push_back(std::move(program));
  programs_[key] = index;
  return index;
}

model::LineId Lowering::add_step(const Event& event, const Step& step, std::uint32_t program) {
  const StepInfo& info = *checked_.info(step);
  const model::LineId id{static_cast<std::uint32_t>(setup_.lines.size())};
  model::Line line{.call = call_of(info)};
  check_pfnmap(line.call, step);
  if (info.variable) line.result = model::VariableId{*info.variable};
  if (step.label) line.label = step.label->text;
  line.text = canonical(step);
  line.source = place(step.span);
  add_results(line, step);
  setup_.lines.push_back(std::move(line));
  setup_.programs[program].lines.push_back(id);
  lines_[&step] = id;
  add_step_properties(id, step);
  if (event.time && event.time->kind == TimeKind::blocking) {
    add_deadline(id, *event.time, step.span);
  }
  return id;
}

void Lowering::add_results(model::Line& line, const Step& step) {
  for (const Result& result : step.results) {
    switch (result.kind) {
      case ResultKind::any:
        line.expected.clear();
        return;
      case ResultKind::ok:
        line.any_success = true;
        break;
      case ResultKind::err:
        line.any_error = true;
        break;
      case ResultKind::error:
        line.expected.push_back(result_of_error(result.word.text));
        break;
      case ResultKind::signal:
        line.expected.push_back(result_of_signal(result.word.text));
        break;
      case ResultKind::value:
        line.expected.push_back(
            model::Result::value(static_cast<std::uint32_t>(number_of(result.value))));
        break;
    }
  }
  if (step.results.empty()) return;
  line.claim = add_claim({.kind = model::Claim::Kind::result, .text = line.text}, step.span);
}

// What is done to memory and files, is modelled of a driver's buffer only so far.
void Lowering::check_pfnmap(const model::Call& call, const Step& step) {
  const Span span = step.span;
  using Verb = model::Verb;
  const auto is_buffer = [this](model::FileId file) {
    return file.some() && setup_.files[file.index()].kind == model::FileSetup::Kind::pfnmap;
  };
  const bool of_file = is_buffer(call.file) && call.verb != Verb::mmap;
  if (call.verb == Verb::ttm_bo_evict || call.verb == Verb::vfio_dma_buf_move) {
    if (!of_file) {
      problem(span, "only a driver's buffer is moved or revoked: file NAME on HOST: pfnmap");
    }
    return;
  }
  if (of_file && (call.verb != Verb::ftruncate || call.offset != 0 || call.number != 0)) {
    return problem(span,
                   "a driver's buffer is mapped, moved, or freed as a whole: ftruncate(NAME, 0)");
  }
  constexpr std::array known{Verb::read_once, Verb::write_once, Verb::memset, Verb::mmap,
                             Verb::munmap,    Verb::mprotect,   Verb::reg_mr};
  const bool meets = std::ranges::any_of(setup_.regions, [&](const model::RegionSetup& region) {
    return region.mm == call.mm && is_buffer(region.file) && region.pages.overlaps(call.pages);
  });
  if (!meets && step.call.text == "reg_dmabuf_mr") {
    problem(span,
            "only memory of another device is a dma-buf: pages of a file NAME on HOST: pfnmap");
  }
  if (meets && std::ranges::find(known, call.verb) == known.end()) {
    problem(
        span,
        "pages of a driver's buffer are read, written, mapped, unmapped, protected and registered");
  }
}

// What is counted of a call, or is said of when it starts, is that of one call.
void Lowering::add_repeats(model::LineId id, const Step& step, Span span) {
  model::Line& line = setup_.lines[id.index()];
  line.repeats = true;
  if (step.label || has_property(step, "faults")) {
    problem(span, "a call that repeats has no label, and its faults are not counted");
  }
}

void Lowering::add_step_properties(model::LineId id, const Step& step) {
  for (const Property& property : step.properties) {
    if (property.name.text == "faults" && property.value) {
      const auto count = static_cast<std::int64_t>(number_of(*property.value));
      using OpCode = model::Operation::Code;
      model::Claim claim{.kind = model::Claim::Kind::eventually};
      claim.expression = {{.code = OpCode::faults, .line = id},
                          {.code = OpCode::number, .constant = count},
                          {.code = OpCode::equal}};
      claim.text = canonical(step) + ": faults";
      add_claim(std::move(claim), step.span);
    } else if (property.name.text == "repeats") {
      add_repeats(id, step, property.name.span);
    } else if (property.name.text != "async") {
      add_injection(id, property);
    }
  }
}

// Something that goes wrong in a call, which check_injections() has found to be possible.
void Lowering::add_injection(model::LineId id, const Property& property) {
  model::Injected& injected = setup_.lines[id.index()].injected;
  for (const model::InjectionInfo& info : model::injection_list()) {
    if (info.name != property.name.text) continue;
    if (info.property == model::Injection::fail_nth) {
      const std::uint64_t nth = number_of(*property.value);
      constexpr std::uint64_t most = 1000;
      if (nth > most) problem(property.value->span, fmt::format("'fail_nth' is {} at most", most));
      injected.fail_nth = static_cast<std::uint16_t>(std::min(most, nth));
      continue;
    }
    injected.signal = info.property;
    if (property.value) injected.signal_after = number_of(*property.value, Dimension::time);
  }
}

// +0...+9us: the call has returned by then.
void Lowering::add_deadline(model::LineId line, const Time& time, Span span) {
  const std::uint64_t first = number_of(time.first, Dimension::time);
  const std::uint64_t last = number_of(time.last, Dimension::time);
  model::Monitor monitor{.what = {.kind = model::EventKind::returned, .line = line},
                         .armed_by = line,
                         .within = std::max<std::uint64_t>(1, last - std::min(first, last))};
  model::Claim claim{.kind = model::Claim::Kind::emitted};
  claim.text = canonical(time) + ": returns in time";
  monitor.claim = add_claim(std::move(claim), span);
  setup_.monitors.push_back(monitor);
}

model::Gate Lowering::gate_of(const Event& event, model::LineId previous, bool previous_is_open,
                              bool in_thread) {
  using Opens = model::Gate::Kind;
  model::Gate gate;
  if (!in_thread && previous.some()) {
    gate.kind = previous_is_open ? Opens::started : Opens::done;
    gate.line = previous;
  }
  if (!event.time) return gate;
  const Time& time = *event.time;
  switch (time.kind) {
    case TimeKind::after:
    case TimeKind::blocking:
      timed_ = true;
      gate.delay = number_of(time.first, Dimension::time);
      break;
    case TimeKind::window:
      timed_ = true;
      gate.delay = number_of(time.first, Dimension::time);
      gate.window = number_of(time.last, Dimension::time);
      gate.window -= std::min(gate.window, gate.delay);
      break;
    case TimeKind::absolute:
      timed_ = true;
      gate = {.delay = number_of(time.first, Dimension::time), .absolute = true};
      break;
    case TimeKind::point:
      gate = {.kind = Opens::point, .point = add_point(time.point)};
      if (time.delay) gate.delay = number_of(*time.delay, Dimension::time);
      break;
    case TimeKind::anytime:
      gate = {};
      break;
  }
  return gate;
}

// @W.half: steps are resolved when all programs are known.
std::uint32_t Lowering::add_point(const Path& path) {
  model::Point point;
  point.name = path.parts.size() > 1 ? path.parts[1].text : "done";
  for (std::size_t i = 2; i < path.parts.size(); ++i) point.name += "." + path.parts[i].text;
  for (std::uint32_t i = 0; i < checked_.labels.size(); ++i) {
    if (checked_.labels[i].name.text != path.parts.front().text) continue;
    const auto line = lines_.find(checked_.labels[i].step);
    if (line == lines_.end()) {
      problem(path.span, "a break-point must come after the operation that it names");
    } else {
      point.line = line->second;
    }
  }
  setup_.points.push_back(std::move(point));
  if (setup_.points.size() > 64) problem(path.span, "more than 64 break-points");
  return static_cast<std::uint32_t>(setup_.points.size() - 1);
}

void Lowering::resolve_points() {
  for (model::Point& point : setup_.points) {
    std::string name = point.name;
    if (name == "start") name = "call";
    if (name == "done") name = "returned";
    for (std::size_t i = 0; i < model::event_table.size(); ++i) {
      if (model::event_table[i].name == name) point.event = static_cast<model::EventKind>(i);
    }
    point.steps = model::steps_named(name);
  }
}

}  // namespace language
