// SPDX-License-Identifier: Apache-2.0
#pragma once

// The calls of the scenario language as functions, for setups that are built by hand.

#include "model/setup.hpp"

namespace model::testing {

inline constexpr std::uint32_t prot_none = 0;
inline constexpr std::uint32_t prot_read = 1;
inline constexpr std::uint32_t prot_write = 3;

// ---- Memory.
inline Call read(MmId mm, Page page) {
  return {.verb = Verb::read_once, .mm = mm, .pages = one_page(page)};
}
inline Call write(MmId mm, Page page, Value value) {
  return {.verb = Verb::write_once, .mm = mm, .pages = one_page(page), .number = value};
}
inline Call memset(MmId mm, PageRange pages, Value value) {
  return {.verb = Verb::memset, .mm = mm, .pages = pages, .number = value};
}
inline Call mmap(MmId mm, PageRange pages) {
  return {.verb = Verb::mmap, .mm = mm, .pages = pages, .number = protection::as_declared};
}
inline Call munmap(MmId mm, PageRange pages) {
  return {.verb = Verb::munmap, .mm = mm, .pages = pages};
}
inline Call dontneed(MmId mm, PageRange pages) {
  return {.verb = Verb::madvise,
          .mm = mm,
          .pages = pages,
          .number = static_cast<std::uint32_t>(Advice::dontneed)};
}
inline Call mprotect(MmId mm, PageRange pages, std::uint32_t protection) {
  return {.verb = Verb::mprotect, .mm = mm, .pages = pages, .number = protection};
}
inline Call fork(MmId parent, MmId child) {
  return {.verb = Verb::fork, .mm = parent, .number = child.value};
}
inline Call exit(MmId mm) { return {.verb = Verb::exit, .mm = mm}; }
inline Call swap_out(MmId mm, PageRange pages) {
  return {.verb = Verb::swap_out, .mm = mm, .pages = pages};
}
inline Call reclaim(HostId host, std::uint32_t frames) {
  return {.verb = Verb::reclaim, .host = host, .number = frames};
}
inline Call oom_reap(MmId mm) { return {.verb = Verb::oom_reap, .mm = mm}; }

// ---- Adapters. Pages of an object are counted from its first.
inline Target target(VariableId object, std::uint32_t offset, std::uint32_t count) {
  return {.variable = object, .offset = {.first = Page{offset}, .count = count}};
}
inline Call reg_mr(MmId mm, PageRange pages) {
  return {.verb = Verb::reg_mr, .mm = mm, .pages = pages};
}
inline Call reg_pinned(MmId mm, PageRange pages) {
  return {.verb = Verb::reg_mr, .mm = mm, .pages = pages, .number = 1};
}
inline Call dereg_mr(VariableId mr) { return {.verb = Verb::dereg_mr, .target = {.variable = mr}}; }
inline Call prefetch(VariableId mr, std::uint32_t offset, std::uint32_t count = 1) {
  return {.verb = Verb::prefetch, .target = target(mr, offset, count)};
}
inline Call dma_read(VariableId mr, std::uint32_t offset, std::uint32_t count = 1) {
  return {.verb = Verb::dma_read, .target = target(mr, offset, count)};
}
inline Call dma_write(VariableId mr, std::uint32_t offset, Value value, std::uint32_t count = 1) {
  return {.verb = Verb::dma_write, .target = target(mr, offset, count), .number = value};
}

// ---- Fabric.
inline Call connect(MmId user, AdapterId peer) {
  return {.verb = Verb::connect, .mm = user, .adapter = peer};
}
inline Call rdma_read(VariableId queue, VariableId mr, std::uint32_t offset) {
  return {.verb = Verb::rdma_read, .target = target(mr, offset, 1), .queue = queue};
}
inline Call rdma_write(VariableId queue, VariableId mr, std::uint32_t offset, Value value) {
  return {
      .verb = Verb::rdma_write, .target = target(mr, offset, 1), .queue = queue, .number = value};
}
inline Call export_handle(MmId mm, PageRange pages) {
  return {.verb = Verb::export_handle, .mm = mm, .pages = pages};
}
inline Call attach(MmId user, VariableId handle) {
  return {.verb = Verb::attach, .mm = user, .target = {.variable = handle}};
}
inline Call detach(VariableId attachment) {
  return {.verb = Verb::detach, .target = {.variable = attachment}};
}
inline Call get(VariableId attachment, std::uint32_t offset, std::uint32_t count = 1) {
  return {.verb = Verb::rdma_read, .target = target(attachment, offset, count)};
}
inline Call put(VariableId attachment, std::uint32_t offset, Value value, std::uint32_t count = 1) {
  return {.verb = Verb::rdma_write, .target = target(attachment, offset, count), .number = value};
}
inline Call kill(HostId host) { return {.verb = Verb::kill, .host = host}; }

}  // namespace model::testing
