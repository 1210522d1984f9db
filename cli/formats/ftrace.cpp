// SPDX-License-Identifier: Apache-2.0
// As `trace-cmd report` prints a trace of events and of the function graph. A call is a function,
// and the steps of its task are those that it calls: with what each of them and each wait took,
// they explain its time. Without time the clock is a counter of steps, as with trace_clock=counter.
#include <algorithm>

#include "cli/formats/format.hpp"
#include "cli/formats/tracepoints.hpp"
#include "cli/layout.hpp"
#include "cli/outcome.hpp"
#include "cli/waits.hpp"

namespace cli {
namespace {

using model::EventKind;

constexpr std::uint32_t first_pid = 1000;
constexpr std::size_t command_length = 15;  // TASK_COMM_LEN without its zero.

std::string microseconds(sim::Nanoseconds time) {
  return right_aligned(fmt::format("{}.{:03} us", time / 1000, time % 1000), 14);
}

// The inner steps that make up one: "zap.start, range_start.enter".
std::string steps_of(const TimelineStep& step) {
  std::string names;
  for (const Happening& happening : step.happenings) {
    if (!happening.internal()) continue;
    if (!names.empty()) names += ", ";
    names += model::step_name(happening.event.value);
  }
  return names;
}

class Ftrace final : public TimelineReader {
 public:
  Ftrace(Output& out, const Manifest& manifest, const Showing& showing)
      : out_(out),
        what_(manifest.what),
        setup_(manifest.what.setup()),
        tracepoints_(setup_),
        by_time_(order_of(*manifest.what.cell) == sim::Order::by_time),
        verbose_(showing.verbosity == Verbosity::verbose) {
    std::uint32_t cpus = 0;
    for (const model::HostSetup& host : setup_.hosts) cpus += host.cpus;
    out_.print("cpus={}\n", cpus);
  }

  // A wait is known when it is over, and a step takes effect before its time has passed.
  ~Ftrace() override {
    std::ranges::stable_sort(lines_, {}, &Line::at);
    for (const Line& line : lines_) out_.print("{}\n", line.text);
  }

  void read(const TimelineStep& step, const model::World& world) override {
    if (by_time_) begin_step(step, world);
    for (const Happening& happening : step.happenings) {
      if (by_time_ && happening.event.kind == EventKind::returned) continue;  // When it is over.
      if (happening.on_request() && !happening.internal() && !verbose_) continue;
      if (happening.internal()) show_inner(happening, step, world);
      if (!happening.internal()) print(clock(step), happening, world, tracepoints_.of(happening));
      if (by_time_ && happening.event.kind == EventKind::call) begin_call(happening, step, world);
    }
    if (by_time_) end_step(step, world);
  }

 private:
  struct Line {
    std::uint64_t at = 0;
    std::string text{};
  };
  // What a task is in the middle of.
  struct Doing {
    bool called = false;
    sim::Nanoseconds begun = 0;
    sim::Nanoseconds ready = 0;  // When its last step was over.
    std::string waits_for{};
  };

  // Whose step it is; an interrupt is of nobody.
  static const Happening* taken_by(const TimelineStep& step) {
    const auto own = [](const Happening& happening) {
      return happening.task.some() &&
             (happening.internal() || happening.event.kind == EventKind::call);
    };
    const auto found = std::ranges::find_if(step.happenings, own);
    return found == step.happenings.end() ? nullptr : &*found;
  }

  // The wait before it; then the step, unless it is the first of a call, which comes before.
  void begin_step(const TimelineStep& step, const model::World& world) {
    const Happening* first = taken_by(step);
    if (first == nullptr) return;
    Doing& doing = doing_[first->task.value];
    if (doing.called && doing.ready < step.at) {
      const std::string reason =
          doing.waits_for.empty() ? "" : fmt::format(" /* {} */", doing.waits_for);
      graph(doing.ready, *first, world, microseconds(step.at - doing.ready), "  wait();" + reason);
    }
    doing.waits_for.clear();
    doing.ready = step.at + step.spent;
    if (first->event.kind != EventKind::call) leaf(*first, step, world);
  }

  void begin_call(const Happening& call, const TimelineStep& step, const model::World& world) {
    Doing& doing = doing_[call.task.value];
    doing.called = true;
    doing.begun = step.at;
    graph(step.at, call, world, right_aligned("", 14), function_of(call) + "() {");
    leaf(call, step, world);
  }

  void leaf(const Happening& first, const TimelineStep& step, const model::World& world) {
    const std::string names = steps_of(step);
    if (names.empty() || (step.spent == 0 && !verbose_)) return;
    const bool nested = doing_[first.task.value].called;
    graph(step.at, first, world, microseconds(step.spent), (nested ? "  " : "") + names + ";");
  }

  void end_step(const TimelineStep& step, const model::World& world) {
    for (const Happening& happening : step.happenings) {
      if (happening.event.kind != EventKind::returned) continue;
      Doing& doing = doing_[happening.task.value];
      graph(doing.ready, happening, world, microseconds(doing.ready - doing.begun), "}",
            "funcgraph_exit:");
      print(doing.ready, happening, world, tracepoints_.of(happening));
      doing.called = false;
    }
    for (const model::Blocked& blocked : world.blocked()) {
      doing_[blocked.task.value].waits_for = waited_for(what_, world, blocked);
    }
  }

  void show_inner(const Happening& happening, const TimelineStep& step, const model::World& world) {
    if (verbose_ && !by_time_) {
      print(clock(step), happening, world, {"step", model::step_name(happening.event.value)});
    }
    const Tracepoint tracepoint = tracepoints_.of_step(happening, step, world);
    if (!tracepoint.name.empty()) print(clock(step), happening, world, tracepoint);
  }

  std::string function_of(const Happening& happening) const {
    const model::Line& line = setup_.lines[happening.event.line.index()];
    const std::string_view name = system_call(line.call);
    if (!name.empty()) return fmt::format("__x64_sys_{}", name);
    const std::string arguments = happening.arguments();
    return arguments.substr(0, arguments.find('('));
  }

  void graph(sim::Nanoseconds at, const Happening& who, const model::World& world,
             const std::string& duration, const std::string& text,
             std::string_view name = "funcgraph_entry:") {
    add(at, who, cpu_of(who, world), name, fmt::format("{} |  {}", duration, text));
  }

  void print(sim::Nanoseconds at, const Happening& who, const model::World& world,
             const Tracepoint& tracepoint) {
    const std::uint32_t cpu = tracepoint.cpu.some() ? tracepoint.cpu.value : cpu_of(who, world);
    add(at, who, cpu, tracepoint.name + ":", tracepoint.arguments);
  }

  void add(sim::Nanoseconds at, const Happening& who, std::uint32_t cpu, std::string_view name,
           const std::string& text) {
    std::string line = fmt::format("{}-{:<5} [{:03}] {}: {} {}",
                                   right_aligned(who.actor.substr(0, command_length), 16),
                                   pid_of(who), cpu, when(at), padded(std::string(name), 21), text);
    while (line.ends_with(' ')) line.pop_back();
    lines_.push_back({.at = at, .text = std::move(line)});
  }

  static std::uint32_t pid_of(const Happening& happening) {
    return happening.task.some() ? first_pid + happening.task.value : 0;
  }

  // A kernel thread has no CPU of its own in the model: the host's first one is shown.
  std::uint32_t cpu_of(const Happening& happening, const model::World& world) const {
    if (!happening.task.some()) return 0;
    if (happening.task.index() < setup_.programs.size()) {
      const model::CpuId cpu = setup_.programs[happening.task.index()].cpu;
      if (cpu.some()) return cpu.value;
    }
    const model::HostId host = world.machine().tasks[happening.task.index()].host;
    std::uint32_t first = 0;
    for (std::uint32_t i = 0; host.some() && i < host.value; ++i) first += setup_.hosts[i].cpus;
    return first;
  }

  std::uint64_t clock(const TimelineStep& step) const { return by_time_ ? step.at : step.number; }

  std::string when(std::uint64_t at) const {
    if (!by_time_) return fmt::format("{:6}", at);
    return fmt::format("{:5}.{:09}", at / 1'000'000'000, at % 1'000'000'000);
  }

  Output& out_;
  const Case& what_;
  const model::Setup& setup_;
  Tracepoints tracepoints_;
  bool by_time_;
  bool verbose_;
  std::map<std::uint32_t, Doing> doing_;  // By task.
  std::vector<Line> lines_;
};

}  // namespace

std::unique_ptr<TimelineReader> make_ftrace(Output& out, const Manifest& manifest,
                                            const Showing& showing) {
  return std::make_unique<Ftrace>(out, manifest, showing);
}

}  // namespace cli
