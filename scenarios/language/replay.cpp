// SPDX-License-Identifier: Apache-2.0
// Who does something: the tasks of a trace, the address spaces that they share, and their ends.
#include "scenarios/language/replay.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace language {
namespace {

using Outcome = StraceItem::Outcome;

constexpr std::size_t processes_max = 256;

// What other tasks can rely on: that memory is gone when its unmapping has begun, and that it is
// there when its mapping has ended.
std::uint64_t takes_effect(const StraceItem& item) {
  const bool at_end = item.name == "mmap" || item.name == "mremap" || item.name == "brk";
  return at_end && item.kind == StraceItem::Kind::call ? item.end_ns : item.begin_ns;
}

bool is_clone(std::string_view name) {
  return name == "clone" || name == "clone3" || name == "fork" || name == "vfork";
}

}  // namespace

std::uint32_t PageShare::of(std::uint32_t pages) const {
  constexpr std::uint64_t whole = 100;
  switch (kind) {
    case Kind::all:
      return pages;
    case Kind::none:
      return 0;
    case Kind::pages:
      return static_cast<std::uint32_t>(std::min<std::uint64_t>(amount, pages));
    case Kind::percent:
      return static_cast<std::uint32_t>((pages * amount + whole - 1) / whole);
  }
  return 0;
}

ReplayCounts Replay::run(const Strace& strace) {
  for (const std::uint32_t i : in_order(strace)) {
    const StraceItem& item = strace.items[i];
    if (item.kind == StraceItem::Kind::call) ++counts_.calls;
    const auto task = task_of(item, strace);
    if (task) take(item, *task);
  }
  counts_.processes = static_cast<std::uint32_t>(spaces_.size());
  counts_.threads = static_cast<std::uint32_t>(tasks_.size());
  return std::move(counts_);
}

std::vector<std::uint32_t> Replay::in_order(const Strace& strace) const {
  std::vector<std::uint32_t> order;
  for (std::uint32_t i = 0; i < strace.items.size(); ++i) order.push_back(i);
  std::ranges::stable_sort(order, {},
                           [&](std::uint32_t i) { return takes_effect(strace.items[i]); });
  return order;
}

// Without a number it is the only one there is. A number that no call has made, and that strace has
// not announced, is that of the first task, once it is not alone any more.
std::optional<std::uint32_t> Replay::task_of(const StraceItem& item, const Strace& strace) {
  const auto known = task_of_number_.find(item.task);
  const bool unnamed = item.task == 0;
  if (unnamed && !tasks_.empty()) {
    const auto alive = std::ranges::find(tasks_, true, &Task::alive);
    const bool several = std::ranges::count(tasks_, true, &Task::alive) > 1;
    if (several && known == task_of_number_.end()) {
      target_.problem(item.span, "whose line is this? There are several tasks by now");
      return std::nullopt;
    }
    if (known != task_of_number_.end() && tasks_[known->second].alive) return known->second;
    if (alive != tasks_.end()) return static_cast<std::uint32_t>(alive - tasks_.begin());
  }
  if (!unnamed && known != task_of_number_.end()) return known->second;
  const auto first = task_of_number_.find(0);
  const bool announced = std::ranges::find(strace.named, item.task) != strace.named.end();
  if (!unnamed && first != task_of_number_.end() && !announced) {
    const std::uint32_t task = first->second;
    task_of_number_.erase(first);
    task_of_number_[item.task] = task;
    tasks_[task].number = item.task;
    return task;
  }
  std::uint32_t space = 0;
  if (spaces_.empty()) {
    spaces_.push_back({.mm = settings_.mm});
  } else {
    const std::string name = setup_.processes[settings_.mm.index()].name;
    const auto more = new_space(fmt::format("{}.{}", name, item.task), item);
    if (!more) return std::nullopt;
    space = *more;
  }
  return new_task(item.task, space);
}

std::uint32_t Replay::new_task(std::uint32_t number, std::uint32_t space) {
  const auto task = static_cast<std::uint32_t>(tasks_.size());
  tasks_.push_back({.number = number, .space = space});
  ++spaces_[space].tasks;
  task_of_number_[number] = task;
  return task;
}

std::optional<std::uint32_t> Replay::new_space(std::string name, const StraceItem& item) {
  if (spaces_.size() == processes_max) {
    target_.problem(item.span, fmt::format("more than {} processes in one trace", processes_max));
    return std::nullopt;
  }
  const auto space = static_cast<std::uint32_t>(spaces_.size());
  const model::MmId mm{static_cast<std::uint32_t>(setup_.processes.size())};
  setup_.processes.push_back({.name = std::move(name), .host = settings_.host});
  spaces_.push_back({.mm = mm});
  return space;
}

Replay::Space& Replay::memory_of(std::uint32_t task) {
  Space& own = space_of(task);
  return own.lender ? spaces_[*own.lender] : own;
}

void Replay::take(const StraceItem& item, std::uint32_t task) {
  switch (item.kind) {
    case StraceItem::Kind::call:
      if (!tasks_[task].alive) return skip(item, "by a task that has ended");
      take_call(item, task);
      tasks_[task].begun = true;
      return;
    case StraceItem::Kind::signal:
      ++counts_.signals;
      return;
    case StraceItem::Kind::superseded: {  // de_thread(): who calls execve() takes the first one's
                                          // number.
      ++counts_.ends;
      const auto heir = task_of_number_.find(static_cast<std::uint32_t>(item.value));
      if (tasks_[task].alive) --space_of(task).tasks;
      tasks_[task].alive = false;
      if (heir != task_of_number_.end()) task_of_number_[item.task] = heir->second;
      return;
    }
    case StraceItem::Kind::exited:
    case StraceItem::Kind::killed:
      ++counts_.ends;
      return end_task(item, task);
  }
}

void Replay::take_call(const StraceItem& item, std::uint32_t task) {
  const std::string_view name = item.name;
  if (item.injected) return skip(item, "whose results strace has made up");
  if (name == "exit_group") {
    if (tasks_[task].apart) return skip(item, "that their ends show");
    ++counts_.replayed["exit_group"];
    return end_space(item, task);
  }
  if (name == "exit") return skip(item, "that their ends show");
  if (name == "kill" || name == "tgkill" || name == "tkill") {
    return skip(item, "that their ends show");
  }
  if (is_clone(name)) return clone(item, task);
  if (name == "execve" || name == "execveat") return exec(item, task);
  if (item.outcome == Outcome::none) return skip(item, "without a result");
  if (name == "mmap" || name == "mmap2") return mmap(item, task);
  if (name == "munmap") return munmap(item, task);
  if (name == "mprotect" || name == "pkey_mprotect") return mprotect(item, task);
  if (name == "madvise") return madvise(item, task);
  if (name == "mremap") return mremap(item, task);
  if (name == "brk") return brk(item, task);
  if (name == "mlock" || name == "mlock2" || name == "munlock") return lock(item, task);
  if (name == "mlockall" || name == "munlockall") return lock_all(item, task);
  if (name == "msync" || name == "mincore") return query(item, task);
  if (name == "remap_file_pages") return remap_file(item, task);
  if (name == "mbind") return mbind(item, task);
  if (name == "process_vm_readv" || name == "process_vm_writev") return process_vm(item, task);
  if (name == "move_pages" || name == "migrate_pages" || name == "process_madvise" ||
      name == "shmat" || name == "shmdt") {
    return skip(item, "that cannot be replayed");
  }
  skip(item, "about no memory");
}

void Replay::clone(const StraceItem& item, std::uint32_t task) {
  if (item.outcome != Outcome::value || item.value == 0) return skip(item, "that failed");
  CloneFlags flags = clone_flags(item.text);
  if (item.name == "vfork") flags = {.shares_memory = true, .vfork = true};
  const auto child = static_cast<std::uint32_t>(item.value);
  ++counts_.replayed[std::string(item.name)];
  if (flags.shares_memory && !flags.vfork) {  // A thread, or what comes close to it.
    const std::uint32_t thread = new_task(child, tasks_[task].space);
    tasks_[thread].apart = !flags.thread;
    const auto program = tasks_[task].program;
    if (program) tasks_[thread].after = setup_.programs[*program].lines.back();
    return;
  }
  const std::string name = setup_.processes[settings_.mm.index()].name;
  const auto space = new_space(fmt::format("{}.{}", name, child), item);
  if (!space) return;
  const model::Call call{.verb = flags.vfork ? model::Verb::vfork : model::Verb::fork,
                         .mm = space_of(task).mm,
                         .host = settings_.host,
                         .number = spaces_[*space].mm.value};
  const model::LineId line = add_call(item, task, call, model::all_pages);
  const std::uint32_t process = new_task(child, *space);
  tasks_[process].after = line;
  Space& made = spaces_[*space];
  const Space& parent = memory_of(task);
  if (flags.vfork) {
    made.lender = static_cast<std::uint32_t>(&parent - spaces_.data());
    return;
  }
  made.areas = parent.areas;
  made.heap = parent.heap;
  made.heap_pages = parent.heap_pages;
}

// The first call of a trace starts the program; the process is there already.
void Replay::exec(const StraceItem& item, std::uint32_t task) {
  if (item.outcome == Outcome::none) return skip(item, "without a result");
  if (item.outcome == Outcome::error) return skip(item, "that failed");
  if (tasks_.size() == 1 && !tasks_[task].begun) return skip(item, "that start the program");
  ++counts_.replayed["execve"];
  const model::LineId line =
      add_call(item, task, {.verb = model::Verb::exec, .mm = space_of(task).mm}, model::all_pages);
  Space& space = space_of(task);
  space.lender.reset();
  space.areas.clear();
  space.uses.clear();
  space.uses.assign(model::all_pages, {.line = line, .program = program_of(task)});
  space.heap.reset();
  space.heap_pages = 0;
  space.bond = {};
  space.given.clear();
}

// exit_group(), or whatever else ends a process: the model frees its memory.
void Replay::end_space(const StraceItem& item, std::uint32_t task) {
  Space& space = space_of(task);
  if (!space.alive) return;
  add_call(item, task, {.verb = model::Verb::exit, .mm = space.mm}, model::all_pages);
  space.alive = false;
}

void Replay::end_task(const StraceItem& item, std::uint32_t task) {
  Task& ended = tasks_[task];
  if (!ended.alive) return;
  Space& space = spaces_[ended.space];
  if (--space.tasks == 0 || item.kind == StraceItem::Kind::killed) end_space(item, task);
  ended.alive = false;
}

}  // namespace language
