// SPDX-License-Identifier: Apache-2.0
#include "cli/conform/lines.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "cli/names.hpp"

namespace cli::conform {
namespace {

// As in the summaries of the records.
struct Short {
  std::string_view name;
  std::string_view text;
};
constexpr std::array kinds{Short{"PROTECTION_VMA", "PVMA"}, Short{"PROTECTION_PAGE", "PPAGE"},
                           Short{"SOFT_DIRTY", "SDIRTY"}, Short{"EXCLUSIVE", "EXCL"}};

std::string_view short_kind(std::string_view name) {
  for (const Short& kind : kinds) {
    if (kind.name == name) return kind.text;
  }
  return name;
}

// Says pages and intervals by the record's numbers.
struct Writer {
  const Naming* naming;  // Null: they are the record's.

  std::string page(std::uint32_t number) const {
    if (naming == nullptr) return std::to_string(number);
    const auto known = naming->page(number);
    return known ? std::to_string(*known) : fmt::format("?{}", number);
  }
  std::string interval(std::uint32_t number) const {
    if (naming == nullptr) return std::to_string(number);
    const auto known = naming->interval(number);
    return known ? std::to_string(*known) : fmt::format("?{}", number);
  }

  std::string text(const View& view) const {
    std::string all;
    for (const std::vector<Entry>& entries : view) {
      if (&entries != &view.front()) all += " |";
      for (const Entry& entry : entries) {
        all += (all.empty() ? "" : " ") + entry.before;
        if (entry.page) all += page(*entry.page);
        all += entry.after;
      }
    }
    return all;
  }

  static std::string range(const Extent& pages) {
    if (pages.of == Extent::Of::all) return "[all)";
    return fmt::format("{}[{},{})", pages.of == Extent::Of::second ? "t" : "", pages.start,
                       pages.end);
  }

  // How it was called.
  static std::string context(const Event& event) {
    std::string all = fmt::format(" ({})", event.lock);
    if (event.atomic) all += " atomic";
    if (!event.blockable) all += " nonblock";
    if (event.owner) all += " owner";
    return all;
  }

  std::string ranged(std::string_view head, const Event& event) const {
    return fmt::format("{} {}{}", head, range(event.pages), context(event));
  }
  std::string bracket(std::string_view head, const Event& event) const {
    return fmt::format("{}:{} {}{}", head, short_kind(event.kind), range(event.pages),
                       context(event));
  }
  std::string flush(const Event& event) const {
    std::string all = "F " + range(event.pages);
    if (event.freed_tables) all += " +tables";
    if (event.shift != small_page_shift) all += fmt::format(" shift {}", event.shift);
    return all;
  }

  std::string plain(const Event& event) const {
    switch (event.what) {
      case Callback::start:
        return bracket("S", event);
      case Callback::end:
        return bracket("E", event);
      case Callback::sec_tlb:
        return ranged("T", event);
      case Callback::change_pte:
        return ranged("PTE", event);
      case Callback::clear_flush_young:
        return ranged("CFY", event);
      case Callback::clear_young:
        return ranged("CY", event);
      case Callback::test_young:
        return ranged("TY", event);
      case Callback::release:
        return "RELEASE" + context(event);
      case Callback::interval:
        return bracket("I" + interval(event.interval), event) + fmt::format(" #{}", event.sequence);
      case Callback::interval_finish:
        return bracket("IF" + interval(event.interval), event);
      case Callback::cpu_flush:
        return flush(event);
      case Callback::cpu_flush_batch:
        return "FB";
      case Callback::page_free:
        return fmt::format("free {}{}", page(event.page),
                           event.order == 0 ? "" : fmt::format(" order {}", event.order));
      case Callback::migrate_to_ram:
        return "TORAM " + range(event.pages);
    }
    return {};
  }
  std::string text(const Event& event) const {
    const std::string prefix = event.mm == 1 ? "" : fmt::format("mm{} ", event.mm);
    return prefix + plain(event);
  }
};

// Pages that are freed one after the other have no order: nobody can see one.
bool comes_first(const std::string& a, const std::string& b) {
  return std::pair(a.size(), a) < std::pair(b.size(), b);
}

void add_events(const Step& step, const Writer& writer, std::vector<std::string>& lines) {
  std::size_t frees = 0;  // At the end of `lines`.
  for (const Event& event : step.events) {
    lines.push_back(writer.text(event));
    frees = event.what == Callback::page_free ? frees + 1 : 0;
    std::sort(lines.end() - static_cast<std::ptrdiff_t>(frees), lines.end(), comes_first);
    if (event.view) lines.push_back("pt " + writer.text(*event.view));
  }
}

std::string result_of(const Step& step) {
  if (step.signal) return "returns " + *step.signal;
  if (step.error.value_or(0) == 0) return {};
  return fmt::format("returns -{}", error_name(*step.error));
}

}  // namespace

std::vector<std::string> lines_of(const Step& step, const Naming* naming, Detail detail) {
  const Writer writer{naming};
  std::vector<std::string> lines;
  if (step.before) lines.push_back("before " + writer.text(*step.before));
  if (detail == Detail::full) add_events(step, writer, lines);
  if (step.after) lines.push_back("after " + writer.text(*step.after));
  if (const std::string result = result_of(step); !result.empty()) lines.push_back(result);
  return lines;
}

}  // namespace cli::conform
