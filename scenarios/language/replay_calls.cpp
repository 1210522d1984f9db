// SPDX-License-Identifier: Apache-2.0
// What calls of a trace are about: memory that is mapped, changed and given up.
#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "scenarios/language/lowering.hpp"
#include "scenarios/language/replay.hpp"

namespace language {
namespace {

using Outcome = StraceItem::Outcome;
using Verb = model::Verb;
namespace map_flag = model::map_flag;

constexpr std::uint64_t page_size = 4096;
constexpr std::uint64_t file_pages_max = 0xf8000000;  // Also of a heap.

constexpr std::string_view unmodelled = "that failed for a reason that is not modelled";
constexpr std::string_view unsupported = "that cannot be replayed";

std::uint64_t whole_pages(std::uint64_t bytes) {
  return bytes / page_size + (bytes % page_size == 0 ? 0 : 1);
}

bool has_failed(const StraceItem& item) { return item.outcome == Outcome::error; }

}  // namespace

void Replay::skip(const StraceItem& item, std::string_view why) {
  ++counts_.skipped[std::string(why)][std::string(item.name)];
}

// A part of the line, if it is a piece of the file.
void Replay::wrong(const StraceItem& item, std::string_view part, std::string message) {
  Span span = item.span;
  const std::size_t offset = static_cast<std::size_t>(part.data() - item.text.data());
  if (!part.empty() && !item.joined && offset < item.span.length) {
    span.offset += static_cast<std::uint32_t>(offset);
    span.length = static_cast<std::uint32_t>(part.size());
  }
  target_.problem(span, std::move(message));
}

bool Replay::needs(const StraceItem& item, std::size_t arguments) {
  if (item.arguments.size() >= arguments) return true;
  wrong(item, item.name,
        fmt::format("'{}' has {} arguments, not {}", item.name, arguments, item.arguments.size()));
  return false;
}

std::optional<std::uint64_t> Replay::number(const StraceItem& item, std::size_t argument) {
  const std::string_view text = item.arguments[argument];
  const auto value = strace_number(text);
  if (!value) wrong(item, text, fmt::format("'{}' is not a number", text));
  return value;
}

std::optional<Flags> Replay::known(const StraceItem& item, std::size_t argument,
                                   const Flags& flags) {
  if (flags.unknown.empty()) return flags;
  std::string message =
      fmt::format("'{}' is not a flag of {}() that is known here", flags.unknown, item.name);
  if (flags.suggestion) message += fmt::format("; did you mean '{}'?", *flags.suggestion);
  wrong(item, item.arguments[argument].empty() ? item.name : flags.unknown, std::move(message));
  return std::nullopt;
}

std::optional<Replay::Located> Replay::located(const StraceItem& item, std::uint64_t address,
                                               std::uint64_t bytes) {
  const PageNumber first = page_number(address);
  constexpr std::uint64_t last = std::numeric_limits<std::uint64_t>::max() - page_size;
  if (address > last || bytes > last - address) {
    if (has_failed(item)) {
      skip(item, unmodelled);
      return std::nullopt;
    }
    wrong(item, item.name, "memory cannot end behind the last address");
    return std::nullopt;
  }
  const std::uint64_t count = whole_pages(address % page_size + bytes);
  if (first.page + count > first.end) {
    wrong(item, item.name, "memory that crosses a multiple of 512 GiB cannot be replayed here");
    return std::nullopt;
  }
  return Located{
      .pages = {.first = model::Page{first.page}, .count = static_cast<std::uint32_t>(count)},
      .block = first.block};
}

// Of pages. Those that are none, and what is wrong with them, a kernel answers before it looks.
std::optional<Replay::Located> Replay::located(const StraceItem& item) {
  if (!needs(item, 2)) return std::nullopt;
  const auto address = number(item, 0);
  const auto bytes = number(item, 1);
  if (!address || !bytes) return std::nullopt;
  if (*bytes == 0 || (has_failed(item) && *address % page_size != 0)) {
    skip(item, "about no pages");
    return std::nullopt;
  }
  return located(item, *address, *bytes);
}

std::uint64_t Replay::holes(std::uint32_t task, Located where) {
  std::uint64_t count = 0;
  memory_of(task).areas.for_each_hole(where.pages,
                                      [&](model::PageRange hole) { count += hole.count; });
  return count;
}

// A call that succeeds has found memory there. If no line maps it, execve() did, or it was there
// before the trace began.
void Replay::deduce(const StraceItem& item, std::uint32_t task, Located where) {
  if (has_failed(item)) return;
  std::vector<model::PageRange> missing;
  memory_of(task).areas.for_each_hole(where.pages,
                                      [&](model::PageRange hole) { missing.push_back(hole); });
  for (const model::PageRange hole : missing) {
    ++counts_.deduced;
    counts_.deduced_pages += hole.count;
    const model::Gate gate = gate_of(item, task, hole);
    const model::Call call{.verb = Verb::mmap,
                           .mm = space_of(task).mm,
                           .pages = hole,
                           .number = model::protection::read | model::protection::write,
                           .flags = map_flag::private_ | map_flag::anonymous};
    const model::LineId line = add_line(item, program_of(task), call, gate);
    setup_.lines[line.index()].text = "memory that was there before";
    memory_of(task).uses.assign(hole, {.line = line, .program = program_of(task)});
    put(item, task, {.pages = hole, .block = where.block}, {.write = true, .touched = true});
  }
}

void Replay::put(const StraceItem& item, std::uint32_t task, Located where, const Area& area) {
  PageMap<Area>& areas = memory_of(task).areas;
  bool clash = false;
  areas.for_each(where.pages, [&](model::PageRange, const Area& old) {
    clash = clash || old.block != where.block;
  });
  if (clash) {
    wrong(item, item.name,
          "this memory and other that is mapped have addresses that fall together in the model: "
          "they differ by a multiple of 8 TiB");
  }
  Area mapped = area;
  mapped.block = where.block;
  areas.assign(where.pages, mapped);
}

// Whether what it gave back can be held against the model: limits and rights are not modelled.
bool Replay::comparable(const StraceItem& item, std::uint32_t task, Located where) {
  if (!has_failed(item)) return true;
  const bool hole = item.error == "ENOMEM" && holes(task, where) > 0;
  if (hole || item.error == "EINVAL" || item.error == "EFAULT") return true;
  skip(item, unmodelled);
  return false;
}

void Replay::mmap(const StraceItem& item, std::uint32_t task) {
  if (!needs(item, 6)) return;
  const auto bytes = number(item, 1);
  const auto protection = known(item, 2, protection_flags(item.arguments[2]));
  const auto flags = known(item, 3, mapping_flags(item.arguments[3]));
  const auto offset = number(item, 5);
  if (!bytes || !protection || !flags || !offset) return;
  if (has_failed(item)) return skip(item, unmodelled);
  const auto where = located(item, item.value, *bytes);
  if (!where) return;
  model::Call call{.verb = Verb::mmap,
                   .mm = space_of(task).mm,
                   .pages = where->pages,
                   .number = protection->bits,
                   .flags = flags->bits & ~map_flag::grows_down};
  const bool zero = strace_path(item.arguments[4]) == "/dev/zero";
  const bool anonymous = zero || (flags->bits & map_flag::anonymous) != 0;
  if (anonymous) {
    call.flags |= map_flag::anonymous;
  } else {
    const auto file = file_of(item, task, *offset, where->pages.count);
    if (!file) return;
    call.file = *file;
    call.offset = static_cast<std::uint32_t>(*offset / page_size);
  }
  if (!flags->fixed || item.arguments[3].find("NOREPLACE") != std::string_view::npos) {
    call.flags &= ~map_flag::fixed;
  }
  ++counts_.replayed["mmap"];
  add_call(item, task, call, where->pages);
  const bool writable = (protection->bits & model::protection::write) != 0;
  memory_of(task).areas.erase((call.flags & map_flag::fixed) != 0 ? where->pages
                                                                  : model::PageRange{});
  space_of(task).given.erase(where->pages);
  put(item, task, *where, {.write = writable, .stack = flags->stack});
  if (writable) touch(item, task, *where);
}

// By its path, or by its descriptor: one that is mapped from its start again is another file.
std::optional<model::FileId> Replay::file_of(const StraceItem& item, std::uint32_t task,
                                             std::uint64_t offset, std::uint32_t pages) {
  const std::string_view descriptor = item.arguments[4];
  const std::string_view path = strace_path(descriptor);
  const std::uint64_t end = offset / page_size + pages;
  if (end >= file_pages_max) {
    wrong(item, item.arguments[5], "a file of 16 TiB or more cannot be replayed");
    return std::nullopt;
  }
  const bool named = !path.empty();
  const std::string key =
      named ? std::string(path)
            : fmt::format("{} of {}", descriptor, spaces_[tasks_[task].space].mm.value);
  const auto found = files_.find(key);
  if (found == files_.end() || (!named && offset == 0)) {
    const auto index = static_cast<std::uint32_t>(setup_.files.size());
    const bool memory = path.starts_with("/memfd:") || path.starts_with("/dev/shm/");
    using FileKind = model::FileSetup::Kind;
    setup_.files.push_back({.name = named ? std::string(path) : fmt::format("fd {} {}", key, index),
                            .host = settings_.host,
                            .kind = memory ? FileKind::memfd : FileKind::disk,
                            .cached = false});
    files_[key] = index;
  }
  model::FileSetup& file = setup_.files[files_[key]];
  file.pages = std::max(file.pages, static_cast<std::uint32_t>(end));
  return model::FileId{files_[key]};
}

void Replay::munmap(const StraceItem& item, std::uint32_t task) {
  const auto where = located(item);
  if (!where || !comparable(item, task, *where)) return;
  ++counts_.replayed["munmap"];
  add_call(item, task, {.verb = Verb::munmap, .mm = space_of(task).mm, .pages = where->pages},
           where->pages);
  if (has_failed(item)) return;
  memory_of(task).areas.erase(where->pages);
  space_of(task).given.erase(where->pages);
}

// Memory that can be written from now on, and could not before, is used: malloc() grows so.
void Replay::mprotect(const StraceItem& item, std::uint32_t task) {
  if (!needs(item, item.name == "mprotect" ? 3 : 4)) return;
  const auto flags = known(item, 2, protection_flags(item.arguments[2]));
  const auto where = located(item);
  if (!where || !flags || !comparable(item, task, *where)) return;
  deduce(item, task, *where);
  ++counts_.replayed[std::string(item.name)];
  add_call(item, task,
           {.verb = item.name == "mprotect" ? Verb::mprotect : Verb::pkey_mprotect,
            .mm = space_of(task).mm,
            .pages = where->pages,
            .number = flags->bits},
           where->pages);
  if (has_failed(item)) return;
  const bool writable = (flags->bits & model::protection::write) != 0;
  PageMap<Area>& areas = memory_of(task).areas;
  areas.cut_out(where->pages);
  std::vector<model::PageRange> fresh;
  areas.for_each(where->pages, [&](model::PageRange part, Area& area) {
    area.write = writable;
    if (writable && !area.touched) fresh.push_back(part);
  });
  for (const model::PageRange part : fresh)
    touch(item, task, {.pages = part, .block = where->block});
}

void Replay::madvise(const StraceItem& item, std::uint32_t task) {
  if (!needs(item, 3)) return;
  const auto advice = advice_of(item.arguments[2]);
  if (!advice) return skip(item, "with advice that is not modelled");
  const auto where = located(item);
  if (!where || !comparable(item, task, *where)) return;
  deduce(item, task, *where);
  ++counts_.replayed["madvise"];
  add_call(item, task,
           {.verb = Verb::madvise,
            .mm = space_of(task).mm,
            .pages = where->pages,
            .number = static_cast<std::uint32_t>(*advice)},
           where->pages);
  if (!has_failed(item)) use_again(item, task, where->pages);
}

void Replay::mremap(const StraceItem& item, std::uint32_t task) {
  if (!needs(item, 4)) return;
  const auto flags = known(item, 3, remap_flags(item.arguments[3]));
  const auto from_address = number(item, 0);
  const auto from_bytes = number(item, 1);
  const auto to_bytes = number(item, 2);
  if (!flags || !from_address || !from_bytes || !to_bytes) return;
  const auto from = located(item, *from_address, *from_bytes);
  std::uint64_t target = has_failed(item) ? *from_address : item.value;
  if (has_failed(item) && item.arguments.size() > 4) target = number(item, 4).value_or(target);
  const auto to = located(item, target, *to_bytes);
  if (!from || !to) return;
  if (to->pages.count == 0 || (has_failed(item) && (target | *from_address) % page_size != 0)) {
    return skip(item, "about no pages");
  }
  const model::PageRange grown{
      .first = from->pages.end(),
      .count = std::max(from->pages.count, to->pages.count) - from->pages.count};
  const bool no_room = item.error == "ENOMEM" && holes(task, {.pages = grown}) < grown.count;
  if (!no_room && !comparable(item, task, *from)) return;
  deduce(item, task, *from);
  ++counts_.replayed["mremap"];
  const model::LineId line = add_call(item, task,
                                      {.verb = Verb::mremap,
                                       .mm = space_of(task).mm,
                                       .pages = from->pages,
                                       .second = to->pages,
                                       .flags = flags->bits},
                                      from->pages);
  memory_of(task).uses.assign(to->pages, {.line = line, .program = program_of(task)});
  if (has_failed(item)) return;
  Area area{};
  PageMap<Area>& areas = memory_of(task).areas;
  areas.for_each({.first = from->pages.first, .count = 1},
                 [&](model::PageRange, const Area& old) { area = old; });
  if ((flags->bits & model::remap_flag::dontunmap) == 0) areas.erase(from->pages);
  if ((flags->bits & model::remap_flag::fixed) != 0) areas.erase(to->pages);
  space_of(task).given.erase(from->pages);
  put(item, task, *to, area);
  if (!area.write || to->pages.count <= from->pages.count) return;
  touch(item, task,
        {.pages = {.first = to->pages.at(from->pages.count),
                   .count = to->pages.count - from->pages.count},
         .block = to->block});
}

// The heap begins where brk(NULL) says, or where the first brk() of a trace that was cut ends.
void Replay::brk(const StraceItem& item, std::uint32_t task) {
  if (!needs(item, 1)) return;
  const auto end = number(item, 0);
  if (!end) return;
  Space& space = memory_of(task);
  const std::uint64_t given = whole_pages(item.value);
  if (!space.heap || *end == 0) {
    if (!space.heap) space.heap = given;
    return skip(item, "that only ask");
  }
  if (item.value != *end || given < *space.heap) {
    return skip(item, unmodelled);
  }
  if (given - *space.heap >= file_pages_max) {
    return wrong(item, item.name, "a heap of so many TiB cannot be replayed");
  }
  const auto size = static_cast<std::uint32_t>(given - *space.heap);
  const std::uint32_t before = space.heap_pages;
  const std::uint32_t most = std::max(size, before);
  const auto heap = located(item, *space.heap * page_size, most * page_size);
  if (!heap) return;
  ++counts_.replayed["brk"];
  const model::PageRange change{.first = heap->pages.at(std::min(size, before)),
                                .count = most - std::min(size, before)};
  space.heap_pages = size;
  add_call(item, task,
           {.verb = Verb::brk, .mm = space_of(task).mm, .pages = heap->pages, .number = size},
           change);
  if (size < before) return memory_of(task).areas.erase(change);
  if (size == before) return;
  const Located grown{.pages = change, .block = heap->block};
  put(item, task, grown, {.write = true});
  touch(item, task, grown);
}

void Replay::lock(const StraceItem& item, std::uint32_t task) {
  const auto where = located(item);
  if (!where || !comparable(item, task, *where)) return;
  deduce(item, task, *where);
  ++counts_.replayed[std::string(item.name)];
  const bool on_fault =
      item.arguments.size() > 2 && item.arguments[2].find("ONFAULT") != std::string_view::npos;
  add_call(item, task,
           {.verb = item.name == "munlock" ? Verb::munlock : Verb::mlock,
            .mm = space_of(task).mm,
            .pages = where->pages,
            .flags = on_fault ? 1U : 0U},
           where->pages);
}

void Replay::lock_all(const StraceItem& item, std::uint32_t task) {
  if (has_failed(item)) return skip(item, unmodelled);
  model::Call call{.verb = Verb::munlockall, .mm = space_of(task).mm};
  if (item.name == "mlockall") {
    if (!needs(item, 1)) return;
    const auto flags = known(item, 0, lock_flags(item.arguments[0]));
    if (!flags) return;
    call.verb = Verb::mlockall;
    call.flags = flags->bits;
  }
  ++counts_.replayed[std::string(item.name)];
  add_call(item, task, call, model::all_pages);
}

// msync() and mincore().
void Replay::query(const StraceItem& item, std::uint32_t task) {
  const auto where = located(item);
  if (!where || !comparable(item, task, *where)) return;
  deduce(item, task, *where);
  ++counts_.replayed[std::string(item.name)];
  const bool syncs =
      item.arguments.size() > 2 && item.arguments[2].find("MS_SYNC") != std::string_view::npos;
  add_call(item, task,
           {.verb = item.name == "msync" ? Verb::msync : Verb::mincore,
            .mm = space_of(task).mm,
            .pages = where->pages,
            .flags = syncs ? 1U : 0U},
           where->pages);
}

void Replay::remap_file(const StraceItem& item, std::uint32_t task) {
  if (!needs(item, 4)) return;
  const auto page = number(item, 3);
  const auto where = located(item);
  if (!where || !page || !comparable(item, task, *where)) return;
  ++counts_.replayed["remap_file_pages"];
  add_call(item, task,
           {.verb = Verb::remap_file_pages,
            .mm = space_of(task).mm,
            .pages = where->pages,
            .number = static_cast<std::uint32_t>(*page)},
           where->pages);
}

// Where pages are to come from is not modelled; where they are moved to is up to the machine.
void Replay::mbind(const StraceItem& item, std::uint32_t task) {
  if (!needs(item, 6)) return;
  if (has_failed(item)) return skip(item, unmodelled);
  if (item.arguments[5].find("MPOL_MF_MOVE") != std::string_view::npos) {
    return skip(item, unsupported);
  }
  const auto where = located(item);
  if (!where) return;
  deduce(item, task, *where);
  ++counts_.replayed["mbind"];
  add_call(item, task, {.verb = Verb::mbind, .mm = space_of(task).mm, .pages = where->pages},
           where->pages);
}

// process_vm_readv(12, [...], 1, [{iov_base=0x7f0000000000, iov_len=16}], 1, 0), of one part.
void Replay::process_vm(const StraceItem& item, std::uint32_t task) {
  if (!needs(item, 6)) return;
  const auto other = number(item, 0);
  const auto parts = number(item, 4);
  if (!other || !parts) return;
  const auto found = task_of_number_.find(static_cast<std::uint32_t>(*other));
  const std::string_view remote = item.arguments[3];
  const std::size_t base = remote.find("iov_base=");
  const std::size_t length = remote.find("iov_len=");
  const bool readable = base != std::string_view::npos && length != std::string_view::npos;
  if (found == task_of_number_.end() || *parts != 1 || has_failed(item) || !readable) {
    return skip(item, unsupported);
  }
  const auto cut = [&](std::size_t at) {
    const std::string_view rest = remote.substr(remote.find('=', at) + 1);
    return strace_number(rest.substr(0, rest.find_first_of(",} ")));
  };
  const auto address = cut(base);
  const auto bytes = cut(length);
  if (!address || !bytes || *bytes == 0) return skip(item, unsupported);
  const auto where = located(item, *address, *bytes);
  if (!where) return;
  const std::uint32_t owner = found->second;
  if (holes(owner, *where) > 0) return skip(item, unsupported);
  ++counts_.replayed[std::string(item.name)];
  const bool writes = item.name == "process_vm_writev";
  const model::LineId line =
      add_call(item, task,
               {.verb = writes ? Verb::process_vm_writev : Verb::process_vm_readv,
                .mm = space_of(task).mm,
                .pages = where->pages,
                .peer = space_of(owner).mm,
                .number = 1},
               {});
  memory_of(owner).uses.assign(where->pages, {.line = line, .program = program_of(task)});
}

}  // namespace language
