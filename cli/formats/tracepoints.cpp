// SPDX-License-Identifier: Apache-2.0
#include "cli/formats/tracepoints.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "model/flow/all.hpp"

namespace cli {
namespace {

using model::EventKind;
using model::Verb;

constexpr unsigned page_shift = 12;

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
    {Verb::mlockall, "mlockall"},
    {Verb::munlockall, "munlockall"},
    {Verb::remap_file_pages, "remap_file_pages"},
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

Tracepoint of_call(const model::Setup& setup, const Happening& happening) {
  const model::Call& call = setup.lines[happening.event.line.index()].call;
  const std::string_view name = system_call(call);
  const bool enters = happening.event.kind == EventKind::call;
  if (name.empty()) return {std::string(happening.name()), happening.arguments()};
  if (enters) return {fmt::format("sys_enter_{}", name), enter_arguments(call)};
  return {fmt::format("sys_exit_{}", name), exit_value(happening.event)};
}

bool accesses(const Happening& happening) {
  return happening.event.kind == EventKind::cpu_read ||
         happening.event.kind == EventKind::cpu_write;
}

// enum migrate_reason, as include/trace/events/migrate.h names it.
std::string_view reason_of(Verb verb) {
  switch (verb) {
    case Verb::move_pages:
    case Verb::migrate_pages:
      return "syscall_or_cpuset";
    case Verb::mbind:
      return "mempolicy_mbind";
    case Verb::compact:
      return "compaction";
    default:
      return "memory_failure";
  }
}

}  // namespace

std::string_view system_call(const model::Call& call) {
  if (call.verb == Verb::madvise && call.peer.some()) return "process_madvise";
  for (const SystemCall& known : system_calls) {
    if (known.verb == call.verb) return known.name;
  }
  return {};
}

Tracepoint Tracepoints::of(const Happening& happening) {
  const model::Event& event = happening.event;
  Task& task = tasks_[happening.task.value];
  if (accesses(happening)) ++task.accesses;
  switch (event.kind) {
    case EventKind::call:
      task.accesses = 0;
      [[fallthrough]];
    case EventKind::returned:
      if (event.line.some()) return of_call(setup_, happening);
      break;
    case EventKind::frame_allocated:
      return {"mm_page_alloc", fmt::format("pfn={:#x} order={}", event.frame.value, event.value)};
    case EventKind::frame_freed:
      return {"mm_page_free", fmt::format("pfn={:#x} order={}", event.frame.value, event.value)};
    case EventKind::swap_out:
      return {"mm_vmscan_write_folio",
              fmt::format("pfn={:#x} flags=RECLAIM_WB_ANON|RECLAIM_WB_ASYNC", event.frame.value)};
    case EventKind::cpu_flush:
      return flush(happening);
    case EventKind::tlb_flush:  // Not to be taken for the tracepoint of that name.
      return {"flush_tlb_mm_range", happening.arguments()};
    default:
      break;
  }
  return {std::string(happening.name()), happening.arguments()};
}

// enum tlb_flush_reason.
Tracepoint Tracepoints::flush(const Happening& happening) const {
  const model::CpuId cpu{happening.event.value};
  const std::uint32_t task = happening.task.value;
  const bool own = task < setup_.programs.size() && setup_.programs[task].cpu == cpu;
  const bool all = happening.event.pages.count == model::all_pages.count;
  const std::string_view reason = !own  ? "remote shootdown (1)"
                                  : all ? "local MM shootdown (3)"
                                        : "local shootdown (2)";
  const std::string pages = all ? "-1" : fmt::format("{}", happening.event.pages.count);
  return {"tlb_flush", fmt::format("pages:{} reason:{}", pages, reason), cpu};
}

Tracepoint Tracepoints::of_step(const Happening& inner, const TimelineStep& step,
                                const model::World& world) {
  const std::string name = model::step_name(inner.event.value);
  Task& task = tasks_[inner.task.value];
  if (name == "access.access" && std::ranges::none_of(step.happenings, accesses)) {
    return page_fault(inner, world);
  }
  if (name == "migrate_pages.lock") ++task.migrated;
  if (name == "migrate_pages.finish") {
    const std::uint32_t all = std::exchange(task.migrated, 0);
    const std::uint32_t failed = world.machine().tasks[inner.task.index()].result.number;
    const Verb verb = setup_.lines[inner.event.line.index()].call.verb;
    return {"mm_migrate_pages",
            fmt::format("nr_succeeded={} nr_failed={} mode=MIGRATE_SYNC reason={}", all - failed,
                        failed, reason_of(verb))};
  }
  if (name == "collapse.map") task.collapsed = true;
  if (name == "collapse.unlock") {
    const bool done = std::exchange(task.collapsed, false);
    return {"mm_collapse_huge_page",
            fmt::format("isolated={:d}, status={}", done, done ? "succeeded" : "failed")};
  }
  if (name == "kswapd.sleep") return {"mm_vmscan_kswapd_wake", "nid=0 order=0"};
  return {};
}

// A load or store that has not come through. The bits of the error code: the entry is present, it
// was a write, of a program.
Tracepoint Tracepoints::page_fault(const Happening& inner, const model::World& world) {
  const model::Call& call = setup_.lines[inner.event.line.index()].call;
  const model::Page page = call.pages.at(tasks_[inner.task.value].accesses);
  const bool present = world.machine().spaces[call.mm.index()].page_table.at(page).present();
  const bool write = call.verb != Verb::read_once;
  return {"page_fault_user",
          fmt::format("address={:#x} error_code={:#x}", std::uint64_t{page.value} << page_shift,
                      4 + 2 * write + present)};
}

}  // namespace cli
