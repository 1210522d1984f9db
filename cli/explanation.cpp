// SPDX-License-Identifier: Apache-2.0
#include "cli/explanation.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/culprit.hpp"
#include "cli/play.hpp"
#include "cli/waits.hpp"

namespace cli {
namespace {

using model::Claim;
using model::EventKind;

constexpr std::size_t related_max = 4;
constexpr std::ptrdiff_t events_max = 20'000;

struct Seen {
  Happening happening;
  std::uint64_t step = 0;
  sim::Nanoseconds at = 0;
  bool concerns = false;  // The claim is about such events.
};

// Keeps the events up to the step in which the claim breaks; of a long run the latest ones.
class Witness final : public TimelineReader {
 public:
  Witness(std::uint32_t claim, model::PropertySet claimed) : claim_(claim), claimed_(claimed) {}

  void read(const TimelineStep& step, const model::World& world) override {
    const bool broken = ((world.broken() >> claim_) & 1) != 0;
    if (step.number == 0) {
      broken_by_init = broken;
      known = world.machine().observed.locks;
    }
    if (broken && breaks_at == 0) breaks_at = step.number;
    for (const Happening& happening : step.happenings) {
      if (happening.internal() || (breaks_at != 0 && breaks_at < step.number)) continue;
      events.push_back(
          {.happening = happening,
           .step = step.number,
           .at = step.at,
           .concerns = (exercised_by(world.machine(), happening.event) & claimed_) != 0});
    }
    if (std::ssize(events) > events_max)
      events.erase(events.begin(), events.end() - events_max / 2);
    last_step = step.number;
    note_lines(step, world);
  }

  // Step by step, as there may be very many.
  void note_lines(const TimelineStep& step, const model::World& world) {
    if (step.number == 0) {
      for (const model::LineState& line : world.machine().lines) lines.push_back(line.status);
    }
    for (const Happening& happening : step.happenings) {
      const model::LineId line = happening.event.line;
      if (!line.some()) continue;
      using Status = model::LineState::Status;
      if (happening.event.kind == EventKind::call) lines[line.index()] = Status::started;
      if (happening.event.kind == EventKind::returned) lines[line.index()] = Status::done;
    }
  }

  std::vector<Seen> events;
  std::vector<model::LineState::Status> lines;  // In the end.
  std::uint64_t breaks_at = 0;                  // 0: not before rest.
  std::uint64_t last_step = 0;
  bool broken_by_init = false;
  model::LockOrder known{};  // When the run starts.

 private:
  std::uint32_t claim_;
  model::PropertySet claimed_;
};

class Explainer {
 public:
  Explainer(const Case& what, const model::ClaimResult& result, const model::Cycle* cycle)
      : what_(what),
        result_(result),
        cycle_(cycle),
        index_(result.claim),
        claim_(what.setup().claims[result.claim]),
        names_(what.setup()),
        witness_(result.claim, claimed_by(claim_)) {
    play(what, result.path, result.steps, witness_);
  }

  std::vector<Note> notes() {
    if (cycle_ != nullptr) {
      add_loop();
    } else if (witness_.broken_by_init) {
      notes_.push_back({.text = "the init block has broken it"});
    } else if (witness_.breaks_at == 0) {
      at_rest();
    } else if (claimed_by(claim_) == bit(model::Property::lock_cycle)) {
      add_circle();
    } else if (const Seen* culprit = find_culprit()) {
      add(*culprit);
      if (claim_.kind == Claim::Kind::result) add_expected(*culprit);
      add_related(*culprit);
    }
    return std::move(notes_);
  }

 private:
  // The event of the breaking step that says most: the last one about a frame, else about pages.
  const Seen* find_culprit() const {
    const Seen* best = nullptr;
    int best_rank = 0;
    for (const Seen& seen : witness_.events) {
      if (seen.step != witness_.breaks_at) continue;
      const int rank = rank_of(seen);
      if (rank < best_rank) continue;
      best = &seen;
      best_rank = rank;
    }
    return best;
  }
  int rank_of(const Seen& seen) const {
    return weight_of(what_.setup(), index_, seen.happening.event, seen.concerns);
  }

  // What happened to the same frame before, or to the same pages where it is not about a frame that
  // is used but about a translation: the last of each kind.
  void add_related(const Seen& culprit) {
    std::vector<EventKind> kinds;
    for (auto seen = witness_.events.rbegin(); seen != witness_.events.rend(); ++seen) {
      if (notes_.size() > related_max) return;
      if (seen->step >= culprit.step) continue;
      const EventKind kind = seen->happening.event.kind;
      if (!related(culprit.happening.event, seen->happening.event)) continue;
      if (std::ranges::find(kinds, kind) != kinds.end()) continue;
      kinds.push_back(kind);
      add(*seen);
    }
  }
  // ---- Locks in a circle
  struct Order {
    std::uint32_t held;
    std::uint32_t wanted;
    const Seen* seen;  // None: it was known when the run started.
    std::size_t from = 0;
  };
  std::vector<Order> orders_before(const Seen& culprit) const {
    std::vector<Order> all;
    for (const Seen& seen : witness_.events) {
      if (&seen == &culprit) break;
      const model::Event& event = seen.happening.event;
      if (event.kind != EventKind::lock_order) continue;
      all.push_back({.held = event.detail, .wanted = event.value, .seen = &seen});
    }
    for (std::uint32_t held = 0; held < model::lock_class_names.size(); ++held) {
      for (std::uint32_t wanted = 0; wanted < model::lock_class_names.size(); ++wanted) {
        if (!witness_.known.has(static_cast<model::LockClass>(held),
                                static_cast<model::LockClass>(wanted))) {
          continue;
        }
        all.push_back({.held = held, .wanted = wanted, .seen = nullptr});
      }
    }
    return all;
  }
  // From what the culprit waits for, the shortest way to what it holds; empty if there is none.
  std::vector<Order> way_back(const Seen& culprit) const {
    const model::Event& last = culprit.happening.event;
    const std::vector<Order> all = orders_before(culprit);
    std::vector<Order> found{{.held = last.detail, .wanted = last.value, .seen = &culprit}};
    for (std::size_t i = 0; i < found.size(); ++i) {
      if (i > 0 && found[i].wanted == last.detail) return unwound(found, i);
      for (Order next : all) {
        const bool met = std::ranges::find(found, next.wanted, &Order::wanted) != found.end();
        if (met || next.held != found[i].wanted) continue;
        next.from = i;
        found.push_back(next);
      }
    }
    return {};
  }
  static std::vector<Order> unwound(const std::vector<Order>& found, std::size_t last) {
    std::vector<Order> way;
    for (std::size_t i = last; i != 0; i = found[i].from) way.push_back(found[i]);
    std::ranges::reverse(way);
    return way;
  }
  void add_circle() {
    const Seen* closing = nullptr;
    std::vector<Order> shortest;
    for (const Seen& seen : witness_.events) {
      if (seen.step != witness_.breaks_at || seen.happening.event.kind != EventKind::lock_order) {
        continue;
      }
      std::vector<Order> way = way_back(seen);
      if (way.empty() || (closing != nullptr && way.size() >= shortest.size())) continue;
      closing = &seen;
      shortest = std::move(way);
    }
    if (closing == nullptr) return;
    add(*closing);
    for (const Order& order : shortest) {
      if (order.seen != nullptr) {
        add(*order.seen);
        continue;
      }
      const bool reclaim = order.held == static_cast<std::uint32_t>(model::LockClass::reclaim);
      add_note(
          {},
          fmt::format("{} was waited for under {}{}", model::lock_class_names[order.wanted],
                      model::lock_class_names[order.held],
                      reclaim ? ", as reclaim would if there were too little memory" : " in init"));
    }
  }

  static bool related(const model::Event& culprit, const model::Event& earlier) {
    switch (earlier.kind) {
      case EventKind::frame_allocated:
      case EventKind::frame_freed:
      case EventKind::pte_cleared:
      case EventKind::pte_protected:
      case EventKind::pfn_installed:
      case EventKind::dma_start:
      case EventKind::page_unpinned:
        return culprit.frame.some() && earlier.frame == culprit.frame;
      case EventKind::range_start:
      case EventKind::range_returned:
      case EventKind::range_end:
      case EventKind::shootdown:
        if (culprit.frame.some() && culprit.kind != EventKind::pfn_installed &&
            culprit.kind != EventKind::pte_cleared && culprit.kind != EventKind::pte_protected) {
          return false;
        }
        return earlier.mm == culprit.mm && earlier.pages.overlaps(culprit.pages);
      default:
        return false;
    }
  }

  // Who goes round, who waits meanwhile, and under which assumption.
  void add_loop() {
    const Waits waits = waits_in(what_, result_, *cycle_);
    for (const Going& going : waits.going) {
      add_note(going.line, fmt::format("{} goes round: steps {} to {} repeat for ever", going.who,
                                       result_.stem_steps + 1, result_.steps));
    }
    add_waits(waits);
    notes_.push_back({.text = std::string(fairness_text(*cycle_))});
  }
  void add_waits(const Waits& waits) {
    for (const Waiting& waiting : waits.list) add_note(waiting.line, text_of(waiting));
    if (!waits.conclusion.empty()) notes_.push_back({.text = waits.conclusion});
  }

  void at_rest() {
    const Waits waits = waits_at_rest(what_, result_);
    add_waits(waits);
    add_unfinished(waits);
    if (notes_.empty()) add_results();
    if (!notes_.empty()) return;
    notes_.push_back({.text = fmt::format("all is at rest after step {}", witness_.last_step)});
  }
  void add_unfinished(const Waits& waits) {
    for (std::uint32_t i = 0; i < witness_.lines.size(); ++i) {
      const model::Line& line = what_.setup().lines[i];
      if (witness_.lines[i] == model::LineState::Status::done) continue;
      const bool started = witness_.lines[i] == model::LineState::Status::started;
      if (started && std::ranges::count(waits.list, model::LineId{i}, &Waiting::line) > 0) continue;
      if (!started && line.claim != index_) continue;
      add_about_call(model::LineId{i}, started ? "has started and never returns" : "never starts");
    }
  }
  // What the calls gave back whose results the condition looks at.
  void add_results() {
    for (const Seen& seen : witness_.events) {
      if (seen.happening.event.kind != EventKind::returned) continue;
      const model::LineId line = seen.happening.event.line;
      if (!line.some() || !looked_at(what_.setup().lines[line.index()].result)) continue;
      add_about_call(line, fmt::format("gives {}", seen.happening.fields.back().text));
    }
  }
  bool looked_at(model::VariableId variable) const {
    return variable.some() &&
           std::ranges::any_of(claim_.expression, [variable](const model::Operation& op) {
             return op.code == model::Operation::Code::variable && op.variable == variable;
           });
  }

  void add(const Seen& seen) {
    const model::Event& event = seen.happening.event;
    const auto& info = model::event_table[static_cast<std::size_t>(event.kind)];
    const std::string when = order_of(*what_.cell) == sim::Order::by_time
                                 ? fmt::format("{} ns", seen.at)
                                 : fmt::format("step {}", seen.step);
    const std::string arguments = seen.happening.arguments();
    add_note(event.line, fmt::format("{}{}{} ({})", info.meaning, arguments.empty() ? "" : ": ",
                                     arguments, when));
  }
  void add_expected(const Seen& culprit) {
    const model::LineId line = culprit.happening.event.line;
    if (!line.some()) return;
    add_note(line, fmt::format("it should be {}", names_.expected(line)));
  }
  void add_about_call(model::LineId line, std::string_view what_it_does) {
    add_note(line, fmt::format("{} {}", names_.short_call(line), what_it_does));
  }
  void add_note(model::LineId line, std::string text) {
    Note note{.text = std::move(text)};
    if (line.some()) note.place = what_.place(what_.setup().lines[line.index()].source);
    notes_.push_back(std::move(note));
  }

  const Case& what_;
  const model::ClaimResult& result_;
  const model::Cycle* cycle_;
  std::uint32_t index_;
  const Claim& claim_;
  Names names_;
  Witness witness_;
  std::vector<Note> notes_;
};

}  // namespace

std::vector<Note> explain(const Case& what, const model::ClaimResult& result,
                          const model::Cycle* cycle) {
  if (!result.has_example) return {};
  return Explainer(what, result, cycle).notes();
}

}  // namespace cli
