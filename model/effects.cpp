// SPDX-License-Identifier: Apache-2.0
// What a step has caused beyond its machine: interrupts, workers, timers, deaths. Messages are in
// wires.cpp.
#include "model/world.hpp"

namespace model {
void World::set_timers(const Effects& effects) {
  for (const Effects::Timer& timer : effects.timers) {
    const sim::Lane lane = std::visit([&](auto of) { return lane_of(of); }, timer.of);
    cancel(lane);
    if (!timer.after) continue;
    note_post(lane, Lineage::How::timer);
    events_.post(lane, *timer.after, Expiry{timer.of});
  }
}

sim::Chooser* World::lot(sim::Chooser& chooser) const {
  return machine_.running && events_.order() == sim::Order::by_time ? &chooser : nullptr;
}

void World::carry_out(Effects& effects, sim::Chooser& chooser) {
  for (const Effects::Sent& sent : effects.sent) {
    const bool notice = sent.message.kind == MessageKind::peer_down;
    if (machine_.hosts[sent.from.index()].dead && !notice) continue;
    post_message(sent, effects, chooser);
  }
  for (const Effects::Interrupt& request : effects.interrupts) {
    note_post(lane_of(request.cpu), Lineage::How::interrupt);
    events_.post(lane_of(request.cpu), request.after,
                 Interrupt{.cpu = request.cpu,
                           .mm = request.mm,
                           .pages = request.pages,
                           .waiting = request.waiting});
  }
  for (const Effects::Spawned& spawned : effects.spawned) {
    const TaskId task = add_task({.host = spawned.host, .line = spawned.line, .alive = true});
    actors_[task.index()].stack.frames.push_back(spawned.flow);
    if (lineage_ != nullptr) lineage_->spawned(task);
    set_runnable(task, effects.duration, chooser);
  }
  set_timers(effects);
  if (effects.ended.some() && machine_.running) end_threads(effects.ended, effects);
  for (const HostId host : effects.killed) {
    stop_tasks([&](TaskId task) { return machine_.tasks[task.index()].host == host; });
  }
  for (const AdapterId adapter : effects.stopped) {
    stop_tasks([&](TaskId task) {
      const Program* program = program_of(task);
      // What a kernel does for it goes on to its end.
      const bool served = actors_[task.index()].stack.frames.size() > 1;
      return program != nullptr && program->adapter == adapter && !served;
    });
  }
}

// zap_other_threads(): those in calls come to the end of them, or of their waits.
void World::end_threads(MmId mm, Effects& effects) {
  for (std::uint32_t i = 0; i < setup().programs.size(); ++i) {
    const TaskId task{i};
    if (machine_.tasks[i].mm != mm || !machine_.tasks[i].alive || !machine_.killed(task)) continue;
    if (actors_[i].stack.frames.empty()) continue;
    effects.changed.push_back(key_of(guard_of(task)));
  }
}

// They stop where they are. What they have on the wire still arrives.
template <class Wanted>
void World::stop_tasks(Wanted wanted) {
  for (std::uint32_t i = 0; i < machine_.tasks.size(); ++i) {
    const TaskId task{i};
    if (!machine_.tasks[i].alive || !wanted(task)) continue;
    cancel(lane_of(task));
    drop_if(guarded_, [task](const Guarded& entry) { return entry.task == task; });
    drop_if(machine_.posted, [task](const Posted& entry) { return entry.task == task; });
    drop_if(machine_.asked, [task](const Asked& entry) { return entry.task == task; });
    drop_if(machine_.recalls, [task](const Recall& recall) { return recall.task == task; });
    machine_.tasks[i].alive = false;
    actors_[i].stack = {};
  }
}

}  // namespace model
