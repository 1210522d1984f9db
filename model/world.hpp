// SPDX-License-Identifier: Apache-2.0
#pragma once

// A scenario in progress: the machine, the flows that run on it, and what has been claimed. The
// one step function that simulate, explore and replay share.
//
// Invariant: a task has an event in the queue exactly if its next step may run. Whoever changes
// what a guard depends on names it (Context::changed); step() then posts or cancels.

#include <optional>
#include <tuple>

#include "model/flow/all.hpp"
#include "model/lineage.hpp"
#include "model/load/jobs.hpp"
#include "model/load/meter.hpp"
#include "model/reduction.hpp"
#include "sim/event_queue.hpp"
#include "sim/system.hpp"

namespace model {

// What a task can owe: three bits for each of the first 21 tasks.
enum class Obligation : std::uint8_t {
  operation,     // It is in the middle of an operation, or of work for one.
  recall,        // It has revoked pages, and a user has not answered yet.
  stable_fault,  // It works for a device that needs a page; the page can be mapped, and no range
                 // over it is open.
};
inline constexpr std::uint32_t obligation_tasks = 21;
constexpr std::uint64_t obligation(TaskId task, Obligation what) {
  return std::uint64_t{1} << (3 * task.value + static_cast<std::uint32_t>(what));
}
// There are more tasks than that: what they owe is not known.
inline constexpr std::uint64_t obligations_unknown = std::uint64_t{1} << 63;

class World {
 public:
  // Runs the init block in one fixed order; the world is then at the start of the run.
  World(const Setup& setup, sim::Order order);
  World(const World& other);
  World(World&& other) noexcept;
  World& operator=(const World& other);
  World& operator=(World&& other) noexcept;
  ~World();

  // False: a policy, or the kernel, goes on without an end after the calls of init, or in one of
  // them. What has become of it then, is where it was left.
  bool init_ended() const { return init_ended_; }

  bool step(sim::Turn turn);
  void rest();
  std::uint64_t broken() const { return broken_; }
  std::uint64_t witnessed() const { return witnessed_; }
  // The lane of the last step: that of a task, of a link, of a CPU's interrupts or of a timer.
  sim::ActorId actor() const { return actor_; }
  void encode(sim::Encoder& out) const;
  bool operator==(const World& other) const;
  // For a search; see sim/parts.hpp. Time stands still in it.
  auto parts() {
    return std::tuple_cat(machine_.parts(), std::tuple(sim::each(actors_)),
                          std::tie(events_, watching_, broken_, witnessed_, guarded_));
  }

  // From here on fingerprint() is the same for worlds that are alike. The reduction outlives all
  // copies of this world.
  void reduce(const Reduction& reduction) { reduction_ = &reduction; }
  sim::Fingerprint fingerprint(sim::Encoder& out) const;
  // Lets somebody look on; not part of the state, and not for a search.
  void set_witness(Witness* witness) { witness_ = witness; }
  void set_lineage(Lineage* lineage) { lineage_ = lineage; }
  // Likewise: it measures, where there is a load.
  void set_meter(Meter* meter) {
    meter_ = meter;
    meter->start(machine_);
  }
  bool takes_alike_for_one() const { return reduction_ != nullptr; }
  // The world as it were if everything had other names.
  void encode_renamed(sim::Encoder& out, const Symmetry& symmetry) const;
  sim::Lanes ready() const { return events_.ready(); }
  // The same lane under the names of a symmetry.
  sim::Lane renamed(sim::Lane lane, const Permutation& names) const;

  const Machine& machine() const { return machine_; }
  sim::Nanoseconds now() const { return events_.now(); }
  // What the last step cost the task that took it.
  sim::Nanoseconds spent() const { return spent_; }
  // The name of a task, for a trace: that of its program, or of the work it does. A worker that
  // has ended has none any more.
  std::string actor_name(TaskId task) const;
  // The step before which the task stands, as its number; none if it is between two calls or over.
  std::optional<std::uint32_t> next_step(TaskId task) const;
  // What is begun and must end, as bits: see Obligation.
  std::uint64_t pending() const;
  // Tasks in the middle of an operation whose next step cannot be taken now, ascending.
  std::vector<Blocked> blocked() const;
  // Whether each task with a satisfied guard, and no other, has an event: a missing changed()
  // would show as a deadlock that is none.
  bool consistent() const;

 private:
  struct Resume {
    bool operator==(const Resume&) const = default;
  };
  struct Delivery {
    HostId to;
    Message message;
    bool operator==(const Delivery&) const = default;
  };
  struct Interrupt {
    CpuId cpu;
    MmId mm;
    PageRange pages;
    TaskId waiting;
    bool operator==(const Interrupt&) const = default;
  };
  struct Expiry {
    std::variant<AttachmentId, QpId, LineId> timer;
    bool operator==(const Expiry&) const = default;
  };
  struct Overtaken {  // In order with what was sent before it, and not with what was sent later.
    Delivery delivery;
    bool operator==(const Overtaken&) const = default;
  };
  struct Hop {  // A message over switches has come to the end of a link. Only by time.
    std::uint32_t transit;
    bool operator==(const Hop&) const = default;
  };
  using Pending = std::variant<Resume, Delivery, Interrupt, Expiry, Overtaken, Hop>;

  // A message on its way over switches.
  struct Transit {
    enum class Order : std::uint8_t { kept, left };  // Left: others will overtake it.
    std::uint32_t number = 0;
    HostId from{};
    Delivery delivery{};
    Route route{};
    Order order = Order::kept;
    sim::Nanoseconds tail = 0;  // When its last byte is where its first one is now.
    std::uint32_t crossed = 0;  // Links of `route`.
    bool there = false;

    Pending arrival() const;
  };

  // A task's flows, and its place in its program.
  struct Actor {
    FlowStack stack;
    std::uint32_t next_line = 0;
    bool operator==(const Actor&) const = default;
  };
  struct Guarded {
    WakeKey key;
    TaskId task;
    sim::Nanoseconds earliest = 0;  // When the task's last step is over.
    bool operator<(const Guarded& other) const {
      return std::tie(key, task) < std::tie(other.key, other.task);
    }
    bool operator==(const Guarded& other) const { return key == other.key && task == other.task; }
    void encode(sim::Encoder& out) const {
      sim::encode(out, key);
      sim::encode(out, task);
    }
  };
  struct Watching {  // What a monitor has seen.
    bool other_seen = false;
    bool matched = false;
    bool operator==(const Watching&) const = default;
  };

  struct Ahead {  // An access that needed no step, if there was one.
    bool done = false;
    sim::Nanoseconds duration = 0;
  };

  struct Transfers {  // By one call, again and again.
    bool possible = false;
    bool write = false;
    bool asks = false;  // A write wants a translation that allows it.
    MrId mr{};
    AdapterId adapter{};
    Page first{};
    Value value = 0;
    sim::Nanoseconds look = 0;
    sim::Nanoseconds move = 0;
  };

  static sim::Lane lane_of(TaskId task) { return sim::Lane{4 * task.value}; }
  sim::Lane lane_of(HostId from, HostId to) const;
  sim::Lane late_lane_of(HostId from, HostId to) const;  // Of packets that are overtaken.
  sim::Lane lane_of(QpId timer) const;
  sim::Lane lane_of(LineId signal) const;
  sim::Lane lane_of(const Wire& wire) const;
  static sim::Lane lane_of(CpuId cpu) { return sim::Lane{4 * cpu.value + 2}; }
  static sim::Lane lane_of(AttachmentId timer) { return sim::Lane{4 * timer.value + 3}; }

  const Setup& setup() const { return *machine_.setup; }
  const Program* program_of(TaskId task) const;
  const Line* next_line(TaskId task) const;
  bool is_slot(TaskId task) const {
    return task.index() >= first_slot_ && task.index() < setup().programs.size();
  }
  std::uint32_t slot_of(TaskId task) const { return task.value - first_slot_; }
  const WorkloadSetup& load_of(TaskId slot) const {
    return setup().load.workloads[jobs_.slot(slot_of(slot)).workload.index()];
  }
  Call call_of(TaskId task) const;
  Wait guard_of(TaskId task) const;
  bool busy(TaskId task) const;
  Small<TaskId, 2> holders_of(const Wait& wait, TaskId task) const;

  void run_init();
  void add_programs();
  TaskId add_task(const Task& task);
  void set_runnable(TaskId task, sim::Nanoseconds after, sim::Chooser& chooser);
  void post_line(TaskId task, sim::Nanoseconds after, sim::Chooser& chooser);
  void post_slot(TaskId task, sim::Nanoseconds after, sim::Chooser& chooser);
  void finish_slot(TaskId task, Result result, const Effects& effects);
  void add_slots();
  void start_slots(sim::Chooser& chooser);
  void decide_running_ahead();
  bool run_ahead(TaskId task, sim::Turn turn);
  Ahead ahead(TaskId task, const WorkloadSetup& load, sim::Nanoseconds at, sim::Nanoseconds horizon,
              sim::TraceSink& trace);
  Ahead load_or_store(TaskId task, const Call& call, Page page, sim::Nanoseconds at,
                      sim::TraceSink& trace);
  Ahead transfer(TaskId task, const Call& call, std::uint32_t block, sim::Nanoseconds at,
                 sim::Nanoseconds horizon, sim::TraceSink& trace);
  void tell_transfer(TaskId task, Event event, sim::Nanoseconds at, sim::Nanoseconds landed,
                     sim::TraceSink& trace);
  Transfers transfers_of(const Call& call);
  FrameId translate_ahead(const Transfers& run, const Adapter& device, Page page);
  PfnEntry walk_ahead(const Transfers& run, Page page, bool cached);
  sim::Nanoseconds transfer_many(TaskId task, const WorkloadSetup& load, sim::Nanoseconds at,
                                 sim::Nanoseconds horizon, sim::Chooser& chooser);
  void show_ahead(Event event, TaskId task, sim::Nanoseconds at, sim::TraceSink& trace) const;
  void recheck(const WakeKey& key, sim::Nanoseconds after, sim::Chooser& chooser);
  sim::Chooser* lot(sim::Chooser& chooser) const;  // Who draws costs: null where they are nothing.

  void resume(TaskId task, Effects& effects, sim::Turn turn);
  Next run_top(TaskId task, Effects& effects, sim::TraceSink& trace);
  bool start_line(TaskId task, Effects& effects);
  void give_up(TaskId task, Effects& effects);
  bool dies(TaskId task, Effects& effects);
  void end_threads(MmId mm, Effects& effects);
  void deliver_signal(LineId line, Effects& effects);
  void finish_line(TaskId task, Effects& effects, sim::Chooser& chooser);
  void deliver_message(const Delivery& delivery, Effects& effects);
  void interrupt(const Interrupt& request, Effects& effects);
  void show(const Event& event, sim::TraceSink& trace, TaskId actor) const;
  void finish_step(Effects& effects, sim::Turn turn, TaskId actor);
  void carry_out(Effects& effects, sim::Chooser& chooser);
  template <class Wanted>
  void stop_tasks(Wanted wanted);

  void note(const Event& event, Effects& effects);
  void note_step(TaskId task, std::uint32_t number, Effects& effects);
  void reach(std::uint32_t point, Effects& effects);
  void watch(const Event& event);
  bool matches(const Pattern& pattern, const Event& event) const;
  void break_claim(std::uint32_t claim);
  void break_properties(PropertySet properties);
  void check_result(const Line& line, Result result);
  void judge_always();
  void post_message(const Effects::Sent& sent, Effects& effects, sim::Chooser& chooser);
  bool notice_pending(const Effects::Sent& sent) const;
  void post_on(const Effects::Sent& sent, const Route& route, sim::Nanoseconds after);
  void post_overtaken(const Effects::Sent& sent, const Route& route, sim::Nanoseconds after);
  void leave_order(sim::Lane lane, const Overtaken& overtaken);
  void set_out(const Effects::Sent& sent, const Route& route, sim::Nanoseconds after,
               Transit::Order order);
  void enter_wire(Transit& transit, sim::Nanoseconds head);
  void pass(const Hop& hop);
  void hand_over(HostId from, HostId to);
  std::vector<Transit>::const_iterator first_in_transit(HostId from, HostId to) const;
  sim::Nanoseconds latency_of(const Route& route) const;
  sim::FlatQueue<Pending> without_hops() const;
  void set_timers(const Effects& effects);
  void note_post(sim::Lane lane, Lineage::How how) const {
    if (lineage_ != nullptr) lineage_->posted(lane, how);
  }
  void cancel(sim::Lane lane) {
    if (lineage_ != nullptr) lineage_->cancelled(lane);
    events_.cancel(lane);
  }

  // reduced_encoding.cpp
  std::vector<std::uint32_t> name_workers(Names& names, const Symmetry& symmetry) const;
  void encode_tasks(sim::Encoder& out, const std::vector<std::uint32_t>& order) const;
  void encode_machine(sim::Encoder& out, Names& names, const Symmetry& symmetry) const;
  void encode_events(sim::Encoder& out, Names& names) const;
  void encode_variable(sim::Encoder& out, VariableId variable, const Permutation& names) const;
  void check_room() const;

  Machine machine_;
  Tracked<Actor, 6> actors_;  // One for each task.
  sim::EventQueue<Pending> events_;
  Small<Watching, 1> watching_;  // One for each monitor.
  std::uint64_t broken_ = 0;
  std::uint64_t witnessed_ = 0;
  // Not part of the state: found from it, or time.
  Small<Guarded, 6> guarded_;  // Tasks whose next step has a guard, sorted.
  Small<sim::Nanoseconds, 1> armed_at_;
  std::vector<Transit> transits_;  // In the order in which they were sent; and until when
  std::vector<sim::Nanoseconds> busy_until_;  // each direction of a link has something to send.
  sim::ActorId actor_ = 0;
  sim::Nanoseconds spent_ = 0;
  bool init_ended_ = true;
  const Reduction* reduction_ = nullptr;
  Witness* witness_ = nullptr;
  Lineage* lineage_ = nullptr;
  // Of a load, which there is only by time.
  Jobs jobs_;
  std::uint32_t first_slot_ = 0;  // The program of slot 0.
  bool slots_wait_ = false;       // For the first step, which brings a chooser.
  bool runs_ahead_ = false;       // Accesses between two events need none of their own.
  bool judges_transfers_ = false;
  Meter* meter_ = nullptr;
};

static_assert(sim::System<World>);

}  // namespace model
