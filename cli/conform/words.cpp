// SPDX-License-Identifier: Apache-2.0
// Events by the names that `list events` has.
#include <fmt/format.h>

#include <algorithm>

#include "cli/conform/lines.hpp"
#include "cli/layout.hpp"

namespace cli::conform {
namespace {

constexpr std::size_t name_width = 19;

std::string_view name_of(Callback what) {
  switch (what) {
    case Callback::start:
      return "range_start";
    case Callback::end:
      return "range_end";
    case Callback::sec_tlb:
      return "secondary_tlb";
    case Callback::change_pte:
      return "change_pte";
    case Callback::clear_flush_young:
      return "clear_flush_young";
    case Callback::clear_young:
      return "clear_young";
    case Callback::test_young:
      return "test_young";
    case Callback::release:
      return "released";
    case Callback::interval:
      return "interval_invalidate";
    case Callback::interval_finish:
      return "interval_finish";
    case Callback::cpu_flush:
      return "tlb_flush";
    case Callback::cpu_flush_batch:
      return "tlb_flush_batch";
    case Callback::page_free:
      return "frame_freed";
    case Callback::migrate_to_ram:
      return "migrate_to_ram";
  }
  return {};
}

std::string range_of(const Extent& pages) {
  if (pages.of == Extent::Of::all) return "all pages";
  const char* mapping = pages.of == Extent::Of::second ? "t" : "m";
  if (pages.end - pages.start == 1) return fmt::format("{}[{}]", mapping, pages.start);
  return fmt::format("{}[{}..{}]", mapping, pages.start, pages.end - 1);
}

std::string lock_of(const Event& event) {
  std::string text = event.lock == 'w'   ? "mmap_lock written"
                     : event.lock == 'r' ? "mmap_lock read"
                                         : "no mmap_lock";
  if (event.atomic) text += ", atomic";
  if (!event.blockable) text += ", not blockable";
  if (event.owner) text += ", with an owner";
  return text;
}

std::string arguments_of(const Event& event) {
  switch (event.what) {
    case Callback::cpu_flush: {
      std::string text = range_of(event.pages);
      if (event.freed_tables) text += ", page tables too";
      if (event.shift > small_page_shift) text += fmt::format(", by 2^{} bytes", event.shift);
      return text;
    }
    case Callback::cpu_flush_batch:
      return {};
    case Callback::release:
      return lock_of(event);
    case Callback::migrate_to_ram:
      return range_of(event.pages);
    case Callback::start:
    case Callback::end:
    case Callback::interval:
    case Callback::interval_finish:
      return fmt::format("{} {}, {}", event.kind, range_of(event.pages), lock_of(event));
    default:
      return fmt::format("{}, {}", range_of(event.pages), lock_of(event));
  }
}

}  // namespace

std::vector<std::string> words_of(const Step& step) {
  std::vector<std::string> lines;
  std::size_t freed = 0;  // Directly one after the other.
  std::string within;
  for (std::size_t i = 0; i < step.events.size(); ++i) {
    const Event& event = step.events[i];
    if (!event.within.empty() && event.within != within) {
      within = event.within;
      lines.push_back(within);
    }
    const std::string head = "  " + padded(name_of(event.what), name_width) + "  ";
    if (event.what != Callback::page_free) {
      const std::string other = event.mm == 1 ? "" : "of the child: ";
      lines.push_back(head + other + arguments_of(event));
      while (lines.back().ends_with(' ')) lines.back().pop_back();
      continue;
    }
    ++freed;
    const bool last = i + 1 == step.events.size() || step.events[i + 1].what != Callback::page_free;
    if (!last) continue;
    lines.push_back(head + counted(freed, "page") + " of the window");
    freed = 0;
  }
  return lines;
}

}  // namespace cli::conform
