// SPDX-License-Identifier: Apache-2.0
// Which calls a registration cache hears of, and how its own calls begin.

#include "model/flow/all.hpp"

namespace model {
namespace {

constexpr std::uint32_t any_access = protection::read | protection::write;

MrId cached_registration(const Call& call, const Machine& machine) {
  return MrId{machine.variables[call.target.variable.index()].number};
}

// Advice after which the pages are not the same memory any more.
bool gives_up(Advice advice) {
  return advice == Advice::dontneed || advice == Advice::dontneed_locked ||
         advice == Advice::free || advice == Advice::remove;
}

// What the call is about to unmap; nothing if it does not.
PageRange unmapped_by(const Call& call, const Machine& machine) {
  switch (call.verb) {
    case Verb::munmap:
    case Verb::mremap:
      return call.pages;
    case Verb::mmap:
      return (call.flags & map_flag::fixed) != 0 ? call.pages : PageRange{};
    case Verb::madvise: {  // process_madvise() is no function that the library has hooked.
      const bool own = !call.peer.some() && gives_up(static_cast<Advice>(call.number));
      return own ? call.pages : PageRange{};
    }
    case Verb::brk: {
      const std::uint32_t now = machine.spaces[call.mm.index()].brk;
      if (call.number >= now) return {};
      return {.first = call.pages.at(call.number), .count = now - call.number};
    }
    default:
      return {};
  }
}

}  // namespace

void hook_call(FlowStack& stack, const Call& said, const Machine& machine) {
  Call call = said;
  if (!call.mm.some()) return;
  const MmId lender = machine.spaces[call.mm.index()].lender;
  if (lender.some()) call.mm = lender;
  const RcacheSetup& setup = machine.setup->processes[call.mm.index()].rcache;
  if (!setup.exists || setup.events == RcacheSetup::Events::kernel) return;
  const PageRange pages = unmapped_by(call, machine);
  if (pages.count == 0) return;
  if (setup.events == RcacheSetup::Events::hooks) {
    const bool hooked = setup.hooks == RcacheSetup::Hooks::all ||
                        (setup.hooks == RcacheSetup::Hooks::munmap && call.verb == Verb::munmap);
    if (!hooked) return;
    stack.frames.push_back({RcacheTold{.waits = !setup.defer, .mm = call.mm, .pages = pages}});
    return;
  }
  // UFFD_EVENT_REMOVE comes before its system call, UNMAP and REMAP at the end.
  const bool before = call.verb == Verb::madvise;
  const auto tell = [&](PageRange part) {
    const Flow event{RcacheEvent{.mm = call.mm, .pages = part}};
    stack.frames.insert(before ? stack.frames.end() : stack.frames.end() - 1, event);
  };
  tell(pages);
  if (call.verb == Verb::mremap && (call.flags & remap_flag::fixed) != 0) tell(call.second);
}

std::optional<Flow> begin_rcache(const Call& call, const Machine& machine) {
  // After vfork() it may be another process's library that has none.
  const auto of_cache = [&](auto flow) {
    const bool exists = machine.setup->processes[call.mm.index()].rcache.exists;
    return exists ? Flow{flow} : Flow{Syscall{.error = EINVAL}};
  };
  switch (call.verb) {
    case Verb::rcache_get: {
      const auto prot = static_cast<std::uint8_t>(call.flags == 0 ? any_access : call.flags);
      return of_cache(
          RcacheGet{.asked = prot, .mm = call.mm, .adapter = call.adapter, .wanted = call.pages});
    }
    case Verb::rcache_put:
      return of_cache(RcachePut{.mm = call.mm, .mr = cached_registration(call, machine)});
    case Verb::rcache_flush:
      return of_cache(RcacheFlush{.mm = call.mm});
    default:
      return std::nullopt;
  }
}

}  // namespace model
