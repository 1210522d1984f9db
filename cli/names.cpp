// SPDX-License-Identifier: Apache-2.0
#include "cli/names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "model/notifier/interval.hpp"

namespace cli {
namespace {

using model::Claim;
using Code = model::Operation::Code;

// enum mmu_notifier_event; the meanings after include/linux/mmu_notifier.h.
struct NotifierEventName {
  std::string_view name;
  std::string_view meaning;
};
constexpr std::array<NotifierEventName, notifier_event_count> notifier_events{{
    {"UNMAP", "the range is unmapped, or moves: munmap(), mremap()"},
    {"CLEAR", "page table entries are cleared or replaced: DONTNEED, copy on write, reclaim"},
    {"PROTECTION_VMA", "the protection of a whole range changes: mprotect()"},
    {"PROTECTION_PAGE", "the protection of some pages changes"},
    {"SOFT_DIRTY", "write protection to learn what is written to"},
    {"RELEASE", "the address space goes away"},
    {"MIGRATE", "pages move to or from a device"},
    {"EXCLUSIVE", "a device gets exclusive use of pages"},
}};

constexpr model::Value decimal_max = 255;
constexpr std::uint32_t all_pages = 0xf0000000;  // From 0 to the end of the address space.

// "r0 := madvise(buf, MADV_DONTNEED) = 0 as M" without what is around the call.
std::string call_alone(std::string_view text) {
  const std::size_t open = text.find('(');
  if (open == std::string_view::npos) return std::string(text);
  const std::size_t assigned = text.substr(0, open).find(":=");
  if (assigned != std::string_view::npos) {
    text.remove_prefix(text.find_first_not_of(' ', assigned + 2));
  }
  std::size_t depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '(') ++depth;
    if (text[i] == ')' && --depth == 0) return std::string(text.substr(0, i + 1));
  }
  return std::string(text);
}

}  // namespace

std::string hex(std::uint64_t number) { return fmt::format("{:#x}", number); }

std::string number_text(model::Value value) {
  return value <= decimal_max ? std::to_string(value) : hex(value);
}

std::string error_name(std::uint32_t number) {
  const char* name = strerrorname_np(static_cast<int>(number));
  return name == nullptr ? std::to_string(number) : std::string(name);
}

std::string signal_name(std::uint32_t number) {
  const int known = static_cast<int>(number);
  if (known == model::Result::kvm_exit_mmio) return "KVM_EXIT_MMIO";
  if (known == model::Result::kvm_exit_internal_error) return "KVM_EXIT_INTERNAL_ERROR";
  const char* name = sigabbrev_np(static_cast<int>(number));
  return name == nullptr ? fmt::format("signal {}", number) : fmt::format("SIG{}", name);
}

std::string_view notifier_event_name(std::uint32_t event) {
  return event < notifier_events.size() ? notifier_events[event].name : std::string_view("?");
}

std::string_view notifier_event_meaning(std::uint32_t event) {
  return event < notifier_events.size() ? notifier_events[event].meaning : std::string_view();
}

std::string_view keyword(const Claim& claim) {
  switch (claim.kind) {
    case Claim::Kind::never:
      return "never";
    case Claim::Kind::always:
      return "always";
    case Claim::Kind::eventually:
      return "eventually";
    case Claim::Kind::exists:
      return "exists";
    case Claim::Kind::not_exists:
      return "~exists";
    case Claim::Kind::forall:
      return "forall";
    case Claim::Kind::result:
      return "call";
    case Claim::Kind::emitted:
      return "line";
    case Claim::Kind::question:
      return "ask";
  }
  return {};
}

std::string full_text(const Claim& claim) {
  const bool statement = claim.kind == Claim::Kind::result || claim.kind == Claim::Kind::emitted;
  if (statement || claim.text.starts_with(keyword(claim))) return claim.text;
  return fmt::format("{} {}", keyword(claim), claim.text);
}

Names::Names(const model::Setup& setup) : setup_(setup), families_(setup.variables.size()) {
  for (const model::Line& line : setup.lines) {
    if (line.result.some()) families_[line.result.index()] = family_of(line.call.verb);
  }
}

Names::Family Names::family_of(model::Verb verb) {
  switch (verb) {
    case model::Verb::reg_mr:
    case model::Verb::reg_mr_ex:
    case model::Verb::rcache_get:
    case model::Verb::export_handle:
    case model::Verb::interval_insert:
      return Family::registration;
    case model::Verb::attach:
      return Family::attachment;
    case model::Verb::connect:
    case model::Verb::create_ud_qp:
    case model::Verb::create_srq:
      return Family::queue;
    default:
      return Family::none;
  }
}

std::string Names::process(model::MmId mm) const {
  if (!mm.some() || mm.value >= setup_.processes.size()) return "-";
  return setup_.processes[mm.index()].name;
}

std::string Names::region(const model::RegionSetup& region, model::PageRange pages) const {
  const auto alike = std::ranges::count(setup_.regions, region.name, &model::RegionSetup::name);
  const std::string name =
      alike > 1 ? fmt::format("{}.{}", process(region.mm), region.name) : region.name;
  if (pages == region.pages) return name;
  const std::uint32_t first = pages.first.value - region.pages.first.value;
  if (pages.count == 1) return fmt::format("{}[{}]", name, first);
  return fmt::format("{}[{}..{}]", name, first, first + pages.count - 1);
}

// A process that was forked has its parent's regions under its own name.
std::string Names::pages(model::MmId mm, model::PageRange pages) const {
  if (pages.count >= all_pages) return "all pages";
  const model::RegionSetup* first = nullptr;
  for (const model::RegionSetup& region : setup_.regions) {
    if (!region.pages.contains(pages.first)) continue;
    if (first == nullptr || region.mm == mm) first = &region;
  }
  if (first == nullptr) {
    return fmt::format("pages {}..{}", hex(pages.first.value), hex(pages.end().value - 1));
  }
  std::string text = region(*first, pages.intersect(first->pages));
  if (mm.some() && first->mm != mm) text = fmt::format("{}:{}", process(mm), text);
  const model::Page last{pages.end().value - 1};
  if (pages.count <= 1 || first->pages.contains(last)) return text;
  for (const model::RegionSetup& other : setup_.regions) {
    if (other.mm == first->mm && other.pages.contains(last)) {
      return fmt::format("{}..{}", region(*first, model::one_page(pages.first)),
                         region(other, model::one_page(last)));
    }
  }
  return text + "..";
}

std::string Names::adapter(model::AdapterId adapter) const {
  return adapter.some() ? setup_.adapters[adapter.index()].name : "-";
}

std::string Names::host(model::HostId host) const {
  return host.some() ? setup_.hosts[host.index()].name : "-";
}

std::string Names::call(model::LineId line) const {
  if (!line.some()) return "-";
  const model::Line& said = setup_.lines[line.index()];
  return said.text.empty() ? fmt::format("call {}", line.value) : call_alone(said.text);
}

std::string Names::short_call(model::LineId line) const {
  if (!line.some()) return "-";
  const model::Line& said = setup_.lines[line.index()];
  return said.label.empty() ? call(line) : fmt::format("'{}'", said.label);
}

std::string Names::expected(model::LineId line) const {
  const model::Line& said = setup_.lines[line.index()];
  std::string text;
  const auto add = [&](std::string_view word) {
    if (!text.empty()) text += " | ";
    text += word;
  };
  if (said.any_success) add("ok");
  if (said.any_error) add("err");
  for (const model::Result& one : said.expected) add(result(one, {}));
  return text;
}

std::string Names::object(const model::Machine& machine, Family family, std::uint32_t number,
                          model::LineId line) const {
  for (std::size_t i = 0; i < families_.size(); ++i) {
    const model::Result& held = machine.variables[i];
    if (families_[i] == family && held.kind == model::Result::Kind::object &&
        held.number == number) {
      return setup_.variables[i].name;
    }
  }
  if (line.some()) {
    const model::VariableId target = setup_.lines[line.index()].result;
    if (target.some() && families_[target.index()] == family) {
      return setup_.variables[target.index()].name;
    }
  }
  return fmt::format("{}{}", family == Family::attachment ? "attachment" : "mr", number);
}

std::string Names::registration(const model::Machine& machine, model::MrId mr,
                                model::LineId line) const {
  return mr.some() ? object(machine, Family::registration, mr.value, line) : "-";
}

std::string Names::attachment(const model::Machine& machine, model::AttachmentId attachment,
                              model::LineId line) const {
  return attachment.some() ? object(machine, Family::attachment, attachment.value, line) : "-";
}

std::string Names::result(const model::Result& result, model::LineId line) const {
  switch (result.kind) {
    case model::Result::Kind::value:
      return number_text(result.number);
    case model::Result::Kind::error:
      return "-" + error_name(result.number);
    case model::Result::Kind::signal:
      return signal_name(result.number);
    case model::Result::Kind::object: {
      const bool named = line.some() && setup_.lines[line.index()].result.some();
      return named ? setup_.variables[setup_.lines[line.index()].result.index()].name : "ok";
    }
    case model::Result::Kind::none:
      break;
  }
  return "-";
}

std::string Names::value(const model::Expression& expression, std::int64_t value) const {
  const Code code = expression.size() == 1 ? expression.front().code : Code::number;
  const bool frame = code == Code::pte || code == Code::device_tlb;
  if (value == model::unset) return frame ? "none" : "-";
  if (frame) return hex(static_cast<std::uint64_t>(value));
  if (code != Code::variable && code != Code::value) return std::to_string(value);
  if (value <= model::signal_base) {
    return signal_name(static_cast<std::uint32_t>(model::signal_base - value));
  }
  if (value < 0) return "-" + error_name(static_cast<std::uint32_t>(-value));
  return number_text(static_cast<model::Value>(value));
}

}  // namespace cli
