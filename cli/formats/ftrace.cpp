// SPDX-License-Identifier: Apache-2.0
// As `trace-cmd report` prints a trace. Where Linux has a tracepoint for it, an event has that name
// and that form (include/trace/events/{kmem,tlb,syscalls}.h); others have the names of `list
// events`. Without time the clock is a counter of steps, as with trace_clock=counter.
#include <algorithm>

#include "cli/formats/format.hpp"
#include "cli/layout.hpp"
#include "cli/outcome.hpp"

namespace cli {
namespace {

using model::EventKind;
using model::Verb;

constexpr std::uint32_t first_pid = 1000;
constexpr std::size_t command_length = 15;  // TASK_COMM_LEN without its zero.
constexpr unsigned page_shift = 12;

struct Shown {
  std::string name;
  std::string arguments;
};

struct SystemCall {
  Verb verb;
  std::string_view name;
};
constexpr SystemCall system_calls[] = {
    {Verb::mmap, "mmap"},
    {Verb::munmap, "munmap"},
    {Verb::madvise, "madvise"},
    {Verb::mprotect, "mprotect"},
    {Verb::pkey_mprotect, "pkey_mprotect"},
    {Verb::mremap, "mremap"},
    {Verb::brk, "brk"},
    {Verb::mlock, "mlock"},
    {Verb::munlock, "munlock"},
    {Verb::mincore, "mincore"},
    {Verb::msync, "msync"},
    {Verb::fork, "clone"},
    {Verb::vfork, "vfork"},
    {Verb::exec, "execve"},
    {Verb::exit, "exit_group"},
    {Verb::ftruncate, "ftruncate"},
    {Verb::fallocate_punch, "fallocate"},
    {Verb::pwrite, "pwrite64"},
    {Verb::pread, "pread64"},
    {Verb::fdatasync, "fdatasync"},
    {Verb::process_vm_readv, "process_vm_readv"},
    {Verb::process_vm_writev, "process_vm_writev"},
    {Verb::ptrace_poke, "ptrace"},
    {Verb::move_pages, "move_pages"},
    {Verb::mbind, "mbind"},
    {Verb::migrate_pages, "migrate_pages"},
    {Verb::process_mrelease, "process_mrelease"},
    {Verb::kill_process, "kill"},
    {Verb::swapoff, "swapoff"},
};

// The system call that a call of the scenario stands for; empty if it is none.
std::string_view system_call(const model::Call& call) {
  if (call.verb == Verb::madvise && call.peer.some()) return "process_madvise";
  for (const SystemCall& known : system_calls) {
    if (known.verb == call.verb) return known.name;
  }
  return {};
}

std::string enter_arguments(const model::Call& call) {
  const auto bytes = [](std::uint64_t pages) { return pages << page_shift; };
  if (call.verb == Verb::fork) return "flags: 0x1200011";
  if (call.verb == Verb::exit) return "error_code: 0x0";
  if (call.pages.count == 0) return {};
  return fmt::format("addr: {:#x}, len: {:#x}", bytes(call.pages.first.value),
                     bytes(call.pages.count));
}

std::string exit_value(const model::Event& event) {
  const auto kind = static_cast<model::Result::Kind>(event.detail);
  const auto number = static_cast<std::int64_t>(event.value);
  return fmt::format(
      "{:#x}", static_cast<std::uint64_t>(kind == model::Result::Kind::error ? -number : number));
}

Shown show_call(const model::Setup& setup, const Happening& happening) {
  const model::Call& call = setup.lines[happening.event.line.index()].call;
  const std::string_view name = system_call(call);
  const bool enters = happening.event.kind == EventKind::call;
  if (name.empty()) return {std::string(happening.name()), happening.arguments()};
  if (enters) return {fmt::format("sys_enter_{}", name), enter_arguments(call)};
  return {fmt::format("sys_exit_{}", name), exit_value(happening.event)};
}

Shown show(const model::Setup& setup, const Happening& happening) {
  const model::Event& event = happening.event;
  switch (event.kind) {
    case EventKind::call:
    case EventKind::returned:
      if (event.line.some()) return show_call(setup, happening);
      break;
    case EventKind::frame_allocated:
      return {"mm_page_alloc", fmt::format("pfn={:#x} order=0", event.frame.value)};
    case EventKind::frame_freed:
      return {"mm_page_free", fmt::format("pfn={:#x} order={}", event.frame.value, event.value)};
    case EventKind::cpu_flush:
      return {"tlb_flush", fmt::format("pages:{} cpu:{}", event.pages.count, event.value)};
    default:
      break;
  }
  return {std::string(happening.name()), happening.arguments()};
}

class Ftrace final : public TimelineReader {
 public:
  Ftrace(Output& out, const Manifest& manifest, const Showing& showing)
      : out_(out),
        setup_(manifest.what.setup()),
        by_time_(order_of(*manifest.what.cell) == sim::Order::by_time),
        verbose_(showing.verbosity == Verbosity::verbose) {
    std::uint32_t cpus = 0;
    for (const model::HostSetup& host : setup_.hosts) cpus += host.cpus;
    out_.print("cpus={}\n", cpus);
  }

  void read(const TimelineStep& step, const model::World& world) override {
    for (const Happening& happening : step.happenings) {
      if (happening.internal() && !verbose_) continue;
      const Shown shown = show(setup_, happening);
      std::string line = fmt::format(
          "{}-{:<5} [{:03}] {}: {}", right_aligned(happening.actor.substr(0, command_length), 16),
          pid_of(happening), cpu_of(happening, world), when_of(step), padded(shown.name + ":", 21));
      line += " " + shown.arguments;
      while (line.ends_with(' ')) line.pop_back();
      out_.print("{}\n", line);
    }
  }

 private:
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

  std::string when_of(const TimelineStep& step) const {
    if (!by_time_) return fmt::format("{:6}", step.number);
    return fmt::format("{:5}.{:09}", step.at / 1'000'000'000, step.at % 1'000'000'000);
  }

  Output& out_;
  const model::Setup& setup_;
  bool by_time_;
  bool verbose_;
};

}  // namespace

std::unique_ptr<TimelineReader> make_ftrace(Output& out, const Manifest& manifest,
                                            const Showing& showing) {
  return std::make_unique<Ftrace>(out, manifest, showing);
}

}  // namespace cli
