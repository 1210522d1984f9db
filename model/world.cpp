// SPDX-License-Identifier: Apache-2.0
#include "model/world.hpp"

#include <limits>

#include "model/flow/users.hpp"
#include "sim/check.hpp"

namespace model {
namespace {

// So many steps in init without a call that returns: it never ends. The longest call of init needs
// a few for each page that it touches.
constexpr std::uint32_t init_patience = 40'000'000;

// Working memory of a step; nothing in it outlives the step.
Effects& scratch() {
  static thread_local Effects effects;
  effects.clear();
  return effects;
}

}  // namespace

World::World(const World& other) = default;
World::World(World&& other) noexcept = default;
World& World::operator=(const World& other) = default;
World& World::operator=(World&& other) noexcept = default;
World::~World() = default;

World::World(const Setup& setup, sim::Order order) : machine_(build(setup)), events_(order) {
  watching_.resize(setup.monitors.size());
  armed_at_.resize(setup.monitors.size());
  add_programs();
  run_init();
  events_ = sim::EventQueue<Pending>(order);  // Time starts here.
  busy_until_.clear();
  machine_.running = true;
  sim::FirstChooser first;
  for (std::uint32_t task = 0; task < machine_.tasks.size(); ++task) {
    if (machine_.tasks[task].alive && !is_slot(TaskId{task})) set_runnable(TaskId{task}, 0, first);
  }
  slots_wait_ = !jobs_.empty();
  decide_running_ahead();
  judge_always();
}

void World::add_programs() {
  for (std::uint32_t i = 0; i < setup().programs.size(); ++i) {
    const Program& program = setup().programs[i];
    add_task({.host = program.host, .mm = program.mm, .cpu = program.cpu, .alive = true});
  }
  add_slots();
  for (std::uint32_t host = 0; host < setup().hosts.size(); ++host) {
    if (low_watermark(setup().hosts[host].frames) == 0) continue;
    const TaskId task = add_task({.host = HostId{host}, .alive = true});
    actors_[task.index()].stack.frames.push_back({Kswapd{.host = HostId{host}}});
  }
}

// By time for all: what init leaves behind does not depend on the mode.
void World::run_init() {
  events_ = sim::EventQueue<Pending>(sim::Order::by_time);
  sim::FirstChooser first;
  for (std::uint32_t task = 0; task < machine_.tasks.size(); ++task) {
    set_runnable(TaskId{task}, 0, first);
  }
  sim::NoTrace silent;
  std::int64_t returned = 0;
  for (std::uint32_t steps = 0; step({.chooser = first, .trace = silent});) {
    if (++steps < init_patience) continue;
    const std::int64_t now =
        std::ranges::count(machine_.lines, LineState::Status::done, &LineState::status);
    init_ended_ = now > returned;
    if (!init_ended_) return;
    returned = now;
    steps = 0;
  }
}

const Program* World::program_of(TaskId task) const {
  return task.index() < setup().programs.size() ? &setup().programs[task.index()] : nullptr;
}

const Line* World::next_line(TaskId task) const {
  const Program* program = program_of(task);
  const std::uint32_t next = actors_[task.index()].next_line;
  if (program == nullptr || next >= program->lines.size()) return nullptr;
  if (is_slot(task) && (!machine_.running || jobs_.slot(slot_of(task)).over)) return nullptr;
  return &setup().lines[program->lines[next].index()];
}

TaskId World::add_task(const Task& task) {
  const auto programs = static_cast<std::uint32_t>(setup().programs.size());
  std::uint32_t index = programs;
  while (index < machine_.tasks.size() && machine_.tasks[index].alive) ++index;
  if (machine_.tasks.size() < programs) index = static_cast<std::uint32_t>(machine_.tasks.size());
  if (index == machine_.tasks.size()) {
    machine_.tasks.push_back({});
    actors_.push_back({});
  }
  machine_.tasks[index] = task;
  actors_[index] = {};
  return TaskId{index};
}

Wait World::guard_of(TaskId task) const {
  const Actor& actor = actors_[task.index()];
  if (!actor.stack.frames.empty()) {
    Wait wait = guard(actor.stack.frames.back(), machine_);
    if (wait.of_task()) wait.index = task.value;
    return wait;
  }
  return {.kind = Wait::Kind::gate, .index = program_of(task)->lines[actor.next_line].value};
}

// The task has come to a new step: it is in the queue if that may run.
void World::set_runnable(TaskId task, sim::Nanoseconds after, sim::Chooser& chooser) {
  drop_if(guarded_, [task](const Guarded& entry) { return entry.task == task; });
  const bool idle = actors_[task.index()].stack.frames.empty();
  if (idle && next_line(task) == nullptr) return;  // Its program is over.
  const Wait wait = guard_of(task);
  if (wait.kind != Wait::Kind::none) {
    const Guarded entry{.key = key_of(wait), .task = task, .earliest = events_.now() + after};
    guarded_.insert(std::upper_bound(guarded_.begin(), guarded_.end(), entry), entry);
  }
  if (!machine_.satisfied(wait, task)) return;
  note_post(lane_of(task), Lineage::How::own);
  if (idle) {
    post_line(task, after, chooser);
  } else {
    events_.post(lane_of(task), after, Resume{});
  }
}

// The next call of a program starts after its delay, anywhere in its window.
void World::post_line(TaskId task, sim::Nanoseconds after, sim::Chooser& chooser) {
  constexpr std::uint32_t window_parts = 16;
  if (is_slot(task)) return post_slot(task, after, chooser);
  const Gate& gate = next_line(task)->gate;
  sim::Nanoseconds delay = gate.delay;
  if (gate.window != 0 && events_.order() == sim::Order::by_time) {
    const std::uint32_t part = chooser.choose("when in its window does it start?", window_parts);
    delay += gate.window * part / (window_parts - 1);
  }
  if (gate.absolute) {
    events_.post_at(lane_of(task), delay, Resume{});
  } else {
    events_.post(lane_of(task), after + delay, Resume{});
  }
}

// What a step has changed is seen when that step is over, and not before the waiting task's own
// last step is.
void World::recheck(const WakeKey& key, sim::Nanoseconds after, sim::Chooser& chooser) {
  const auto first = std::lower_bound(guarded_.begin(), guarded_.end(), Guarded{key, TaskId{0}});
  for (auto entry = first; entry != guarded_.end() && entry->key == key; ++entry) {
    const TaskId task = entry->task;
    const bool may_run = machine_.satisfied(guard_of(task), task);
    const bool pending = events_.pending(lane_of(task));
    if (pending && !may_run) cancel(lane_of(task));
    if (pending || !may_run) continue;
    note_post(lane_of(task), Lineage::How::woken);
    const bool idle = actors_[task.index()].stack.frames.empty();
    const sim::Nanoseconds seen = idle ? after : after + setup().price(Cost::lock, 1, lot(chooser));
    const sim::Nanoseconds now = events_.now();
    const sim::Nanoseconds wait = std::max(now + seen, entry->earliest) - now;
    if (idle) {
      post_line(task, wait, chooser);
    } else {
      events_.post(lane_of(task), wait, Resume{});
    }
  }
}

bool World::consistent() const {
  for (std::uint32_t i = 0; i < machine_.tasks.size(); ++i) {
    const TaskId task{i};
    const bool idle = actors_[i].stack.frames.empty();
    if (!machine_.tasks[i].alive || (idle && next_line(task) == nullptr)) continue;
    if (machine_.satisfied(guard_of(task), task) != events_.pending(lane_of(task))) return false;
  }
  return true;
}

bool World::step(sim::Turn turn) {
  if (slots_wait_) start_slots(turn.chooser);
  if (events_.ready_count() == 0) return false;
  const sim::Candidates candidates(events_);
  const sim::Lane lane = candidates.nth(turn.chooser.choose_next("who is next?", candidates));
  const Pending pending = events_.take(lane);
  if (lineage_ != nullptr) lineage_->taken(lane);
  check(lane.value <= std::numeric_limits<sim::ActorId>::max());
  actor_ = static_cast<sim::ActorId>(lane.value);
  Effects& effects = scratch();
  effects.witness = witness_;
  effects.itemized = meter_ != nullptr;
  effects.lot = lot(turn.chooser);
  TaskId actor;
  if (std::holds_alternative<Resume>(pending)) {
    actor = TaskId{lane.value / 4};
    if (runs_ahead_ && is_slot(actor)) {
      if (jobs_.slot(slot_of(actor)).over || run_ahead(actor, turn)) return true;
    }
    resume(actor, effects, turn);
  } else if (const auto* delivery = std::get_if<Delivery>(&pending)) {
    deliver_message(*delivery, effects);
  } else if (const auto* request = std::get_if<Interrupt>(&pending)) {
    actor = request->waiting;
    interrupt(*request, effects);
  } else if (const auto* overtaken = std::get_if<Overtaken>(&pending)) {
    leave_order(lane, *overtaken);
  } else if (const auto* hop = std::get_if<Hop>(&pending)) {
    pass(*hop);
  } else if (const auto* signal = std::get_if<LineId>(&std::get<Expiry>(pending).timer)) {
    deliver_signal(*signal, effects);
  } else {
    FlowStack none;
    Context context(machine_, none, effects, TaskId{}, LineId{});
    if (const auto* user = std::get_if<AttachmentId>(&std::get<Expiry>(pending).timer)) {
      expire(context, *user);
    } else {
      expire(context, std::get<QpId>(std::get<Expiry>(pending).timer));
    }
  }
  finish_step(effects, turn, actor);
  return true;
}

void World::show(const Event& event, sim::TraceSink& trace, TaskId actor) const {
  if (!trace.wanted()) return;
  sim::Record record = to_record(event, actor);
  record.at = events_.now();
  trace.write(record);
}

void World::finish_step(Effects& effects, sim::Turn turn, TaskId actor) {
  for (const Event& event : effects.events) {
    if (event.kind != EventKind::step) note(event, effects);
  }
  for (const Event& event : effects.events) show(event, turn.trace, actor);
  spent_ = effects.duration;
  break_properties(effects.broken);
  carry_out(effects, turn.chooser);
  for (const Event& event : effects.fates) {
    note(event, effects);
    show(event, turn.trace, actor);
  }
  if (meter_ != nullptr) {
    meter_->saw(effects.events, effects.spent, actor, events_.now());
    meter_->saw(effects.fates, {}, actor, events_.now());
  }
  for (const WakeKey& key : effects.changed) recheck(key, effects.duration, turn.chooser);
  if (machine_.running) judge_always();
}

// One atomic step of the task's flows: up to the first step that ends it.
void World::resume(TaskId task, Effects& effects, sim::Turn turn) {
  FlowStack& stack = actors_[task.index()].stack;
  if (stack.frames.empty()) {
    if (!start_line(task, effects)) {
      finish_line(task, effects, turn.chooser);
      set_runnable(task, effects.duration, turn.chooser);
      return;
    }
    const Wait wait = guard_of(task);
    if (wait.kind != Wait::Kind::none) return set_runnable(task, effects.duration, turn.chooser);
  }
  if (std::as_const(machine_).observed.asks_for_waits()) {
    Context context(machine_, stack, effects, task, machine_.tasks[task.index()].line);
    context.might_wait(guard_of(task));
  }
  const Wait wait = guard_of(task);
  bool more = true;
  if (wait.gives_up() && !machine_.available(wait, task)) {
    give_up(task, effects);
    more = !stack.frames.empty() && guard_of(task).kind == Wait::Kind::none;
  }
  while (more) {
    switch (run_top(task, effects, turn.trace)) {
      case Next::again:
        more = false;
        break;
      case Next::pass:
      case Next::call:
        more = guard_of(task).kind == Wait::Kind::none;
        break;
      case Next::done:
        stack.frames.pop_back();
        more = false;
        break;
      case Next::give:
        stack.frames.pop_back();
        more = !stack.frames.empty() && guard_of(task).kind == Wait::Kind::none;
        break;
    }
  }
  if (stack.frames.empty() && !dies(task, effects)) finish_line(task, effects, turn.chooser);
  if (machine_.tasks[task.index()].alive) set_runnable(task, effects.duration, turn.chooser);
}

// A signal has ended the wait of the flow on top, which has nothing to undo: -EINTR.
void World::give_up(TaskId task, Effects& effects) {
  Context context(machine_, actors_[task.index()].stack, effects, task,
                  machine_.tasks[task.index()].line);
  context.give(Result::error(EINTR));
  actors_[task.index()].stack.frames.pop_back();
}

// exit_to_user_mode_loop(): a call to which a fatal signal has come does not return to its program.
bool World::dies(TaskId task, Effects& effects) {
  const Result killed = Result::signal(SIGKILL);
  if (machine_.killed(task)) {  // Another thread sees to the rest.
    machine_.tasks[task.index()].result = killed;
    return false;
  }
  if (!machine_.fatal_signal_pending(task) || machine_.tasks[task.index()].result == killed) {
    return false;
  }
  Context context(machine_, actors_[task.index()].stack, effects, task,
                  machine_.tasks[task.index()].line);
  context.call({Die{.mm = machine_.tasks[task.index()].mm}});
  return true;
}

void World::deliver_signal(LineId line, Effects& effects) {
  machine_.lines[line.index()].signalled = true;
  FlowStack none;
  Context context(machine_, none, effects, TaskId{}, line);
  context.emit({.kind = EventKind::signalled, .mm = setup().lines[line.index()].call.mm});
  for (std::uint32_t i = 0; i < setup().programs.size(); ++i) {
    const bool calls = machine_.tasks[i].alive && machine_.tasks[i].line == line;
    if (calls) effects.changed.push_back(key_of(guard_of(TaskId{i})));
  }
}

Next World::run_top(TaskId task, Effects& effects, sim::TraceSink& trace) {
  FlowStack& stack = actors_[task.index()].stack;
  const LineId line = machine_.tasks[task.index()].line;
  const bool named = trace.wanted() || !setup().points.empty();
  if (named) {
    const std::uint32_t number = step_number(stack.frames.back(), machine_);
    effects.events.push_back({.kind = EventKind::step, .value = number, .line = line});
    note_step(task, number, effects);
  }
  // The flow moves while it runs: a call puts another one on top of it.
  Flow top = stack.frames.back();
  const std::size_t depth = stack.frames.size();
  Context context(machine_, stack, effects, task, line);
  const Next next = run(top, context);
  stack.frames[depth - 1] = top;
  return next;
}

// False: the call cannot start, for want of an object or of its thread, and has failed.
bool World::start_line(TaskId task, Effects& effects) {
  const LineId id = program_of(task)->lines[actors_[task.index()].next_line];
  const Line& line = setup().lines[id.index()];
  LineState& state = machine_.lines[id.index()];
  state.status = LineState::Status::started;
  if (line.ordered) {
    for (std::uint32_t i = 0; i < machine_.lines.size() && i < 64; ++i) {
      const bool done = machine_.lines[i].status == LineState::Status::done;
      state.done_before |= std::uint64_t{done} << i;
    }
  }
  machine_.tasks[task.index()].line = id;
  machine_.tasks[task.index()].result = {};
  effects.events.push_back({.kind = EventKind::call, .mm = line.call.mm, .line = id});
  effects.changed.push_back({.kind = Wait::Kind::gate});
  for (std::uint32_t i = 0; i < setup().monitors.size(); ++i) {
    if (setup().monitors[i].armed_by == id) armed_at_[i] = events_.now();
  }
  if (machine_.killed(task)) {
    machine_.tasks[task.index()].result = Result::signal(SIGKILL);
    return false;
  }
  const Call call = call_of(task);
  if (!callable(call, machine_)) {
    machine_.tasks[task.index()].result = Result::error(EINVAL);
    return false;
  }
  if (line.injected.signal != Injection::none) {
    effects.timers.push_back({.of = id, .after = line.injected.signal_after});
  }
  actors_[task.index()].stack.frames.push_back(begin(call, machine_));
  hook_call(actors_[task.index()].stack, call, machine_);
  return true;
}

void World::finish_line(TaskId task, Effects& effects, sim::Chooser& chooser) {
  Task& state = machine_.tasks[task.index()];
  observe_end(machine_, task);
  const Program* program = program_of(task);
  if (program == nullptr) {  // Work for one occasion.
    drop_if(guarded_, [task](const Guarded& entry) { return entry.task == task; });
    state = {};
    return;
  }
  const LineId id = state.line;
  const Line& line = setup().lines[id.index()];
  const Result result = state.result;
  machine_.lines[id.index()].status = LineState::Status::done;
  if (line.result.some()) machine_.variables[line.result.index()] = result;
  check_result(line, result);
  effects.events.push_back({.kind = EventKind::returned,
                            .detail = static_cast<std::uint8_t>(result.kind),
                            .mm = line.call.mm,
                            .value = result.number,
                            .line = id});
  effects.changed.push_back({.kind = Wait::Kind::gate});
  state.line = LineId{};
  state.result = {};
  const bool killed = line.injected.signal == Injection::fatal_signal &&
                      std::as_const(machine_).lines[id.index()].signalled;
  if (line.injected != Injected{}) {
    LineState& left = machine_.lines[id.index()];
    left.signalled = left.alloc_failed = false;
    left.allocations = 0;
    if (line.injected.signal != Injection::none) effects.timers.push_back({.of = id});
  }
  if (program->mm.some() && machine_.spaces[program->mm.index()].ends.some()) {
    effects.changed.push_back({.kind = Wait::Kind::alone, .index = program->mm.value});
  }
  if (is_slot(task)) return finish_slot(task, result, effects);
  if (killed) {  // Its thread is no more.
    actors_[task.index()].next_line = static_cast<std::uint32_t>(program->lines.size());
    return;
  }
  if (line.repeats && chooser.choose("is it called again?", 2) == 1) return;
  ++actors_[task.index()].next_line;
}

void World::deliver_message(const Delivery& delivery, Effects& effects) {
  FlowStack none;
  const TaskId cause = delivery.message.task;
  const LineId line = cause.some() ? machine_.tasks[cause.index()].line : LineId{};
  Context context(machine_, none, effects, TaskId{}, line);
  deliver(context, delivery.to, delivery.message);
}

// flush_tlb_func() on the other CPU.
void World::interrupt(const Interrupt& request, Effects& effects) {
  Task& waiting = machine_.tasks[request.waiting.index()];
  FlowStack none;
  Context context(machine_, none, effects, TaskId{}, waiting.line);
  machine_.cpus[request.cpu.index()].flush(request.mm, request.pages);
  context.emit({.kind = EventKind::cpu_flush,
                .mm = request.mm,
                .pages = request.pages,
                .value = request.cpu.value});
  if (waiting.ipis > 0) --waiting.ipis;
  context.changed(Wait::Kind::flushed, request.waiting.value);
}

void World::encode(sim::Encoder& out) const {
  sim::encode(out, machine_);
  sim::encode(out, actors_);
  transits_.empty() ? sim::encode(out, events_) : sim::encode(out, without_hops());
  sim::encode(out, watching_);
  sim::encode(out, broken_);
  sim::encode(out, witnessed_);
}

bool World::operator==(const World& other) const {
  const bool hops = !transits_.empty() || !other.transits_.empty();
  return machine_ == other.machine_ && actors_ == other.actors_ &&
         (hops ? without_hops() == other.without_hops() : events_ == other.events_) &&
         watching_ == other.watching_ && broken_ == other.broken_ && witnessed_ == other.witnessed_;
}

std::string World::actor_name(TaskId task) const {
  if (!task.some()) return "fabric";
  if (const Program* program = program_of(task)) return program->name;
  return setup().hosts[machine_.tasks[task.index()].host.index()].name + ".kworker";
}

std::optional<std::uint32_t> World::next_step(TaskId task) const {
  const FlowStack& stack = actors_[task.index()].stack;
  if (stack.frames.empty()) return std::nullopt;
  return step_number(stack.frames.back(), machine_);
}

}  // namespace model
