// SPDX-License-Identifier: Apache-2.0
#include "cli/chain.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>

#include "cli/cause_text.hpp"
#include "cli/culprit.hpp"
#include "cli/layout.hpp"
#include "cli/play.hpp"
#include "cli/waits.hpp"

namespace cli {
namespace {

using model::CauseKind;
using model::Event;
using model::EventKind;

struct Seen {
  std::uint64_t step = 0;
  Happening happening{};
  bool concerns = false;

  const Event& event() const { return happening.event; }
};

// All events and causes of an example, up to the step in which the claim breaks.
class History final : public TimelineReader {
 public:
  History(const Case& what, const model::ClaimResult& result)
      : what_(what), setup_(what.setup()), claim_(result.claim), last_step_(result.steps) {}

  bool asks_for_causes() const override { return true; }
  void read(const TimelineStep& step, const model::World& world) override {
    if (breaks_at != 0) return;
    if (step.number == 0) {
      broken_by_init = ((world.broken() >> claim_) & 1) != 0;
      return;
    }
    if (((world.broken() >> claim_) & 1) != 0) breaks_at = step.number;
    const model::PropertySet claimed = claimed_by(setup_.claims[claim_]);
    for (const Happening& happening : step.happenings) {
      if (happening.on_request()) continue;
      const auto exercised = model::exercised_by(world.machine(), happening.event);
      events.push_back(
          {.step = step.number, .happening = happening, .concerns = (exercised & claimed) != 0});
    }
    steps.push_back(step.causes->of_step(step.number));
    for (const StallEnd& end : step.stalls) stalls.emplace_back(step.number, end);
    if (step.number == last_step_) remember_stuck(*step.causes, world);
  }

  // The last event before that place which is so; null: there is none.
  using Wanted = std::function<bool(const Event&)>;
  const Seen* last(const Seen* before, const Wanted& wanted) const {
    for (const Seen* seen = before; seen != events.data();) {
      --seen;
      if (wanted(seen->event())) return seen;
    }
    return nullptr;
  }

  std::vector<Seen> events;
  std::vector<model::StepCause> steps{{}};
  std::vector<std::pair<std::uint64_t, StallEnd>> stalls;
  struct Stuck {  // In the end.
    StallEnd end{};
    std::vector<std::pair<model::TaskId, std::string>> holders{};
  };
  std::vector<Stuck> stuck;
  std::uint64_t breaks_at = 0;
  bool broken_by_init = false;

 private:
  void remember_stuck(const model::Causes& causes, const model::World& world) {
    const std::vector<model::Blocked> blocked = world.blocked();
    for (const model::Stall& stall : causes.open_stalls()) {
      const auto found = std::ranges::find(blocked, stall.task, &model::Blocked::task);
      if (found == blocked.end()) continue;
      Stuck one{.end = {.stall = stall,
                        .actor = world.actor_name(stall.task),
                        .waits_for = waited_for(what_, world, *found)}};
      for (const model::TaskId holder : found->holders) {
        one.holders.emplace_back(holder, world.actor_name(holder));
      }
      stuck.push_back(std::move(one));
    }
  }

  const Case& what_;
  const model::Setup& setup_;
  std::uint32_t claim_;
  std::uint64_t last_step_;
};

bool is_use(const Event& event) {
  return event.kind == EventKind::dma_start || event.kind == EventKind::dma_read ||
         event.kind == EventKind::dma_write || event.kind == EventKind::pfn_installed;
}

class Chain {
 public:
  Chain(const Case& what, const model::ClaimResult& result)
      : what_(what), claim_(result.claim), history_(what, result) {
    play(what, result.path, result.steps, history_);
  }

  std::vector<std::string> lines() {
    if (history_.broken_by_init) return {};
    const bool at_rest = history_.breaks_at == 0;
    if (at_rest && !quantified()) return stuck_lines();
    const Seen* culprit = find_culprit();
    if (culprit == nullptr) return {};
    add(*culprit);
    if (is_use(culprit->event()) && culprit->event().mr.some()) follow_use(*culprit);
    if (culprit->event().kind == EventKind::returned) follow_return(*culprit);
    return written();
  }

 private:
  struct Link {
    std::string actor{};
    std::string happened{};
    std::string because{};  // Empty: a call, which is the end of a chain.
    std::vector<std::string> notes{};
  };
  using Place = std::pair<std::uint64_t, const Seen*>;  // A call comes before what happens in it.

  bool quantified() const {
    const model::Claim::Kind kind = what_.setup().claims[claim_].kind;
    return kind == model::Claim::Kind::exists || kind == model::Claim::Kind::not_exists ||
           kind == model::Claim::Kind::forall;
  }

  // Who waits in the end, since when, and for what the others do that would have to act.
  std::vector<std::string> stuck_lines() {
    if (history_.stuck.empty()) return {};
    for (const History::Stuck& stuck : history_.stuck) {
      const std::uint64_t since = stuck.end.stall.since;
      const std::uint64_t own = last_step_of(stuck.end.stall.task);
      Link& link = stuck_[{since, stuck.end.actor}];
      link.actor = stuck.end.actor;
      link.happened = "waits for " + stuck.end.waits_for;
      if (own != 0) link.because = origin_of(own);
      for (const auto& [holder, name] : stuck.holders) {
        const std::uint64_t last = last_step_of(holder);
        const std::string origin = last == 0 ? std::string() : origin_of(last);
        link.notes.push_back(fmt::format("it depends on {}, last seen in #{}{}", name, last,
                                         origin.empty() ? "" : ", because " + origin));
      }
    }
    return written();
  }
  std::uint64_t last_step_of(model::TaskId task) const {
    for (std::uint64_t step = history_.steps.size() - 1; step > 0; --step) {
      if (history_.steps[step].task == task) return step;
    }
    return 0;
  }

  // Where nothing breaks before rest: the last use of a frame by a device.
  const Seen* find_culprit() const {
    const Seen* best = nullptr;
    int best_weight = 0;
    for (const Seen& seen : history_.events) {
      if (history_.breaks_at == 0) {
        if (is_use(seen.event()) && seen.event().mr.some()) best = &seen;
        continue;
      }
      if (seen.step != history_.breaks_at) continue;
      const int weight = weight_of(what_.setup(), claim_, seen.event(), seen.concerns);
      if (weight < best_weight || weight == 0) continue;
      best = &seen;
      best_weight = weight;
    }
    return best;
  }

  // The link of that event; it goes back to a call, unless a nearer cause is known.
  Link& add(const Seen& seen, const std::string& because = {}) {
    const auto [place, is_new] = links_.try_emplace(Place{seen.step, &seen});
    Link& link = place->second;
    if (!because.empty()) link.because = because;
    if (!is_new) return link;
    link.actor = seen.happening.actor;
    link.happened = fmt::format("{} {}", seen.happening.name(), seen.happening.arguments());
    const std::string origin = origin_of(seen.step);
    if (link.because.empty()) link.because = origin;
    for (const auto& [step, end] : history_.stalls) {
      const bool held_up = history_.steps[end.stall.until].operation != end.stall.operation;
      if (step == seen.step && held_up) link.notes.push_back(stall_of(end));
    }
    return link;
  }
  void note(const Seen& seen, std::string text) { add(seen).notes.push_back(std::move(text)); }

  std::string stall_of(const StallEnd& end) {
    const std::string origin = origin_of(end.stall.until);
    return fmt::format("it waited since #{} for {}: until #{}{}", end.stall.since, end.waits_for,
                       end.stall.until, origin.empty() ? "" : ", " + origin);
  }

  // The call to which a step goes back, which becomes a link, and the way from there: who sends a
  // message starts what is done about it.
  std::string origin_of(std::uint64_t step) {
    std::uint64_t begun = history_.steps[step].begun;
    std::string way;
    for (const model::StepCause* at = &history_.steps[begun]; at->by != 0;) {
      begun = history_.steps[at->by].begun;
      if (at->kind != CauseKind::spawn || history_.steps[begun].kind == CauseKind::call) {
        way += fmt::format(", by {}", hop_name(at->kind));
        if (begun != at->by) way += fmt::format(" of #{}", at->by);
      }
      at = &history_.steps[begun];
    }
    const model::StepCause& root = history_.steps[begun];
    if (root.kind != CauseKind::call) return {};
    add_call(begun, root.operation);
    if (begun == step) return {};  // It is the next link as it is.
    return fmt::format("of #{}{}", begun, way);
  }
  void add_call(std::uint64_t step, model::LineId line) {
    const CallPlace call = call_place(what_, line);
    links_.try_emplace(Place{step, nullptr},
                       Link{.actor = call.actor, .happened = "call " + call_text(what_, line)});
  }
  static std::string_view hop_name(CauseKind kind) {
    switch (kind) {
      case CauseKind::message:
        return "a message";
      case CauseKind::interrupt:
        return "an IPI";
      case CauseKind::timer:
        return "a timer";
      case CauseKind::wake:
        return "a wake-up";
      default:
        return "a worker";
    }
  }

  // A device uses a frame: who gave it the translation, who took the page, and who told it.
  void follow_use(const Seen& seen) {
    const Event& used = seen.event();
    const bool installs = used.kind == EventKind::pfn_installed;
    const auto same = [&](const Event& e) {
      return e.mr == used.mr && e.frame == used.frame && e.pages.overlaps(used.pages);
    };
    Use use{.use = &seen, .start = &seen};
    if (used.kind != EventKind::dma_start && !installs) {
      const Seen* start = history_.last(
          &seen, [&](const Event& e) { return e.kind == EventKind::dma_start && same(e); });
      if (start != nullptr) use.start = start;
    }
    use.install = installs ? &seen : history_.last(use.start, [&](const Event& e) {
      return e.kind == EventKind::pfn_installed && same(e);
    });
    use.clear = history_.last(past_the_end(), [&](const Event& e) {
      const bool taken = e.kind == EventKind::pte_cleared || e.kind == EventKind::pte_protected;
      return taken && e.mm == used.mm && e.frame == used.frame && e.pages.overlaps(used.pages);
    });
    const Seen* freed = last_free(seen);
    if (freed != nullptr) {
      note(seen, fmt::format("#{} had freed the frame", freed->step));
      add(*freed);
    }
    if (!installs) follow_translation(use);
    if (use.install != nullptr) follow_install(use);
    if (use.clear == nullptr) return follow_open_range(use);
    add(*use.clear);
    follow_invalidation(use);
  }

  struct Use {
    const Seen* use;
    const Seen* start;              // Of the transfer; else the use itself.
    const Seen* install = nullptr;  // None: by init, or by the page table itself.
    const Seen* clear = nullptr;    // None: the page table still has it.
  };

  // The device, if it shares the page table of a process; else null.
  const model::AdapterSetup* shared_by(model::AdapterId adapter) const {
    if (!adapter.some()) return nullptr;
    const model::AdapterSetup& setup = what_.setup().adapters[adapter.index()];
    return setup.kind == model::AdapterSetup::Kind::sva ? &setup : nullptr;
  }

  void follow_translation(const Use& use) {
    if (shared_by(use.use->event().adapter) != nullptr) {
      note(*use.use, fmt::format("the device had the translation when #{} began", use.start->step));
    } else if (use.install == nullptr) {
      note(*use.use, "the translation is from before the start");
    } else {
      note(*use.use, fmt::format("#{} had installed the translation", use.install->step));
    }
  }

  void follow_install(const Use& use) {
    const Seen& install = *use.install;
    const Event& made = install.event();
    const auto same = [&](const Event& e) {
      return e.mr == made.mr && e.pages.overlaps(made.pages);
    };
    const auto last = [&](EventKind kind, const Seen& before) {
      return history_.last(&before, [&](const Event& e) { return e.kind == kind && same(e); });
    };
    const Seen* lookup = last(EventKind::dev_lookup, install);
    const Seen* fault = last(EventKind::dev_fault, lookup == nullptr ? install : *lookup);
    if (fault != nullptr) follow_fault(*fault);
    const std::string asked =
        fault == nullptr ? "" : fmt::format("of the fault in #{}", fault->step);
    if (lookup == nullptr) {
      add(install, asked);
      return;
    }
    const bool late = use.clear != nullptr && lookup < use.clear && use.clear < &install;
    add(install, fmt::format("#{} looked the page up{}", lookup->step,
                             late ? fmt::format(", before #{} took it away", use.clear->step)
                                  : std::string()));
    add(*lookup, asked);
  }

  void follow_fault(const Seen& fault) {
    const auto& cause = fault.happening.cause;
    add(fault);
    if (!cause || cause->kind != CauseKind::dropped) return;
    const std::string origin = origin_of(cause->step);
    note(fault, fmt::format("#{} had dropped the translation{}", cause->step,
                            origin.empty() ? "" : ", because " + origin));
  }

  // The page table still has the page, and somebody has announced a change.
  void follow_open_range(const Use& use) {
    const Event& used = use.use->event();
    const Seen* range = history_.last(use.use, [&](const Event& e) {
      const bool bound = e.kind == EventKind::range_start || e.kind == EventKind::range_end;
      return bound && e.mm == used.mm && e.pages.overlaps(used.pages);
    });
    if (range == nullptr || range->event().kind == EventKind::range_end) return;
    note(*use.use, fmt::format("the range of #{} was open", range->step));
    add(*range);
  }

  // Whether whoever took the page away told the device, and what came of it.
  void follow_invalidation(const Use& use) {
    const Event& used = use.use->event();
    const auto same = [&](const Event& e) {
      return e.mr == used.mr && e.pages.overlaps(used.pages);
    };
    const Seen* told = last_in_operation(*use.clear, [&](const Event& e) {
      const bool tells = e.kind == EventKind::range_start || e.kind == EventKind::secondary_tlb ||
                         e.kind == EventKind::invalidate_page;
      return tells && e.mm == used.mm && e.pages.overlaps(used.pages);
    });
    if (told == nullptr) return note(*use.clear, "nobody was told of it");
    const auto done = [&](auto is_so) {
      return last_in_operation(*use.clear,
                               [&](const Event& e) { return is_so(e.kind) && same(e); });
    };
    const model::AdapterSetup* shared = shared_by(used.adapter);
    const bool atc = shared == nullptr || shared->ats;
    const bool iotlb = shared == nullptr || !shared->ats;
    const Reply reply{
        .dropped = done([](EventKind kind) { return kind == EventKind::pfn_cleared; }),
        .flushed = done([=](EventKind kind) {
          return (atc && kind == EventKind::device_flush) ||
                 (iotlb && kind == EventKind::iotlb_flush);
        }),
        .posted = done([](EventKind kind) {
          return kind == EventKind::update_posted || kind == EventKind::inval_request;
        }),
        .has_table = shared == nullptr};
    note(*told, missed(use, *told, reply));
  }

  // What was done at the device in the operation that took the page away; null: nothing.
  struct Reply {
    const Seen* dropped;
    const Seen* flushed;
    const Seen* posted;  // The device is to do it.
    bool has_table;      // Of its own.
  };

  // Why the invalidation has not reached the use.
  static std::string missed(const Use& use, const Seen& told, const Reply& reply) {
    const auto [dropped, flushed, posted, has_table] = reply;
    if (use.install != nullptr && &told < use.install) {
      return fmt::format("it missed #{}, which came later", use.install->step);
    }
    if (flushed == nullptr && dropped == nullptr && posted != nullptr) {
      return fmt::format("#{} asked the device for it, and nobody waited until that was done",
                         posted->step);
    }
    if (flushed == nullptr && !has_table) return "nobody flushed the TLB that the device used";
    if (flushed == nullptr && dropped == nullptr) return "the device dropped nothing for it";
    if (flushed == nullptr) {
      return fmt::format("#{} emptied the device's table, but nobody its TLB", dropped->step);
    }
    if (use.start < flushed) {
      return fmt::format("the transfer of #{} was on its way when #{} flushed the TLB",
                         use.start->step, flushed->step);
    }
    if (has_table && dropped == nullptr) {
      return fmt::format("#{} flushed a TLB, but nobody the table behind it", flushed->step);
    }
    return fmt::format("the device had it again after #{}", flushed->step);
  }

  // The last fault of the call that has returned, if that is what broke the claim.
  void follow_return(const Seen& returned) {
    const model::LineId line = returned.event().line;
    const Seen* fault = history_.last(
        &returned, [line](const Event& e) { return model::is_fault(e.kind) && e.line == line; });
    if (fault != nullptr) follow_fault(*fault);
  }

  const Seen* past_the_end() const { return history_.events.data() + history_.events.size(); }

  // The last time that the frame was given back before it was used.
  const Seen* last_free(const Seen& use) const {
    const model::FrameId frame = use.event().frame;
    return history_.last(&use, [frame](const Event& e) {
      return e.kind == EventKind::frame_freed && e.frame == frame;
    });
  }
  // Of the same operation: the last one before that place, or else the first one after it.
  const Seen* last_in_operation(const Seen& place, const History::Wanted& wanted) const {
    const auto same = [&](const Seen& seen) {
      return wanted(seen.event()) &&
             history_.steps[seen.step].operation == history_.steps[place.step].operation;
    };
    for (const Seen* seen = &place; seen != history_.events.data();) {
      if (same(*--seen)) return seen;
    }
    const auto* after = std::find_if(&place, past_the_end(), same);
    return after == past_the_end() ? nullptr : after;
  }

  std::vector<std::string> written() const {
    std::size_t width = 0;
    for (const auto& [place, link] : links_) width = std::max(width, width_of(link.actor));
    for (const auto& [place, link] : stuck_) width = std::max(width, width_of(link.actor));
    std::vector<std::string> lines{"why: the chain of causes\n"};
    for (auto place = stuck_.rbegin(); place != stuck_.rend(); ++place) {
      write(lines, place->first.first, place->second, width);
    }
    for (auto place = links_.rbegin(); place != links_.rend(); ++place) {
      write(lines, place->first.first, place->second, width);
    }
    return lines;
  }
  static void write(std::vector<std::string>& lines, std::uint64_t step, const Link& link,
                    std::size_t width) {
    const std::string first =
        fmt::format("  {:>4}  {}  ", fmt::format("#{}", step), padded(link.actor, width));
    lines.push_back(flowed(first, link.happened, width_of(first)));
    std::string why = link.because;
    for (const std::string& note : link.notes) why += (why.empty() ? "" : "; ") + note;
    if (!why.empty()) lines.push_back(flowed("        because ", why, 10));
  }

  const Case& what_;
  std::uint32_t claim_;
  History history_;
  std::map<Place, Link> links_;
  std::map<std::pair<std::uint64_t, std::string>, Link> stuck_;  // By the step since which.
};

}  // namespace

std::vector<std::string> chain_lines(const Case& what, const model::ClaimResult& result) {
  return Chain(what, result).lines();
}

}  // namespace cli
