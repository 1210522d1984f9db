// SPDX-License-Identifier: Apache-2.0
#include "cli/causes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "cli/layout.hpp"
#include "cli/play.hpp"

namespace cli {
namespace {

using model::EventKind;

// A translation: of this page, for this registration, to this frame.
struct Subject {
  model::MmId mm{};
  model::MrId mr{};
  model::Page page{};
  model::FrameId frame{};
};

std::string frame_text(model::FrameId frame) { return frame.some() ? hex(frame.value) : "-"; }

// What the tables say of it. What was not made yet says nothing.
std::string tables_text(const Subject& subject, const model::Machine& machine) {
  std::string pte = "-";
  std::string pfn = "-";
  std::string tlb = "-";
  if (subject.mm.index() < machine.spaces.size()) {
    const model::Pte entry = machine.spaces[subject.mm.index()].page_table.at(subject.page);
    if (entry.present()) pte = hex(entry.frame().value);
  }
  if (subject.mr.index() < machine.registrations.size()) {
    const model::Registration& registration = machine.registrations[subject.mr.index()];
    pfn = frame_text(registration.table.at(subject.page).frame);
    const model::DeviceTlbEntry* cached =
        machine.adapters[registration.adapter.index()].tlb.find(subject.mr, subject.page);
    if (cached != nullptr) tlb = frame_text(cached->target.frame);
  }
  const bool used = machine.frames.has(subject.frame) && machine.frames[subject.frame].allocated;
  return fmt::format("{:6} {:6} {:6} {}", pte, pfn, tlb, used ? "in use" : "free");
}

// The last use of a frame by a device, up to the step in which the claim breaks.
class SubjectFinder final : public TimelineReader {
 public:
  explicit SubjectFinder(std::uint32_t claim) : claim_(claim) {}

  void read(const TimelineStep& step, const model::World& world) override {
    if (broken_) return;
    broken_ = ((world.broken() >> claim_) & 1) != 0;
    for (const Happening& happening : step.happenings) {
      const model::Event& event = happening.event;
      if (!event.mr.some() || !event.frame.some() || event.pages.count == 0) continue;
      subject = {.mm = world.machine().registrations[event.mr.index()].mm,
                 .mr = event.mr,
                 .page = event.pages.first,
                 .frame = event.frame};
    }
  }

  std::optional<Subject> subject;

 private:
  std::uint32_t claim_;
  bool broken_ = false;
};

class Writer final : public TimelineReader {
 public:
  explicit Writer(const Subject& subject) : subject_(subject) {}

  void read(const TimelineStep& step, const model::World& world) override {
    if (step.number == 0) return add("0", "", "", world);
    std::string when = std::to_string(step.number);
    for (const Happening& happening : step.happenings) {
      if (!concerns(happening.event)) continue;
      add(when, happening.actor, happening.name(), world);
      when.clear();
    }
  }

  std::vector<std::string> lines;

 private:
  bool concerns(const model::Event& event) const {
    const bool page = event.pages.contains(subject_.page);
    switch (event.kind) {
      case EventKind::frame_allocated:
      case EventKind::frame_freed:
        return event.frame == subject_.frame;
      case EventKind::pte_cleared:
      case EventKind::pte_protected:
      case EventKind::range_start:
      case EventKind::range_end:
        return page && event.mm == subject_.mm;
      case EventKind::dev_lookup:
      case EventKind::pfn_installed:
      case EventKind::pfn_cleared:
      case EventKind::device_flush:
      case EventKind::dma_start:
      case EventKind::dma_read:
      case EventKind::dma_write:
        return page && event.mr == subject_.mr;
      default:
        return false;
    }
  }

  void add(const std::string& when, const std::string& actor, std::string_view event,
           const model::World& world) {
    lines.push_back(fmt::format("  {:>6}  {} {:16} {}\n", when, padded(actor.substr(0, 16), 16),
                                event, tables_text(subject_, world.machine())));
  }

  Subject subject_;
};

}  // namespace

std::vector<std::string> cause_lines(const Case& what, const model::ClaimResult& result) {
  SubjectFinder finder(result.claim);
  play(what, result.path, result.steps, finder);
  if (!finder.subject) return {};
  const Subject& subject = *finder.subject;
  Writer writer(subject);
  play(what, result.path, result.steps, writer);
  const std::string page = Names(what.setup()).pages(subject.mm, model::one_page(subject.page));
  std::vector<std::string> lines{
      flowed("", fmt::format("why: what the tables say of {} after each step", page), 5),
      fmt::format("  {:>6}  {:16} {:16} {:6} {:6} {:6} frame {}\n", "step", "actor", "event", "PTE",
                  "PFN", "TLB", frame_text(subject.frame))};
  lines.insert(lines.end(), writer.lines.begin(), writer.lines.end());
  return lines;
}

}  // namespace cli
