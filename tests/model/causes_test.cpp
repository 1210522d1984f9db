// SPDX-License-Identifier: Apache-2.0
// What is caused by what, and that nothing is left without a cause.
#include "model/causes.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "tests/model/races.hpp"
#include "tests/model/run.hpp"

namespace model::testing {
namespace {

// One execution, with all that was found about its causes.
class Caused {
 public:
  struct Seen {
    std::uint64_t step = 0;
    Event event{};
    std::optional<EventCause> cause{};
  };

  Caused(const World& start, sim::Chooser& chooser) : world_(start) {
    world_.set_lineage(&causes);
    causes.started(world_);
    sim::VectorTrace trace;
    std::size_t read = 0;
    while (world_.step({.chooser = chooser, .trace = trace})) {
      std::vector<Event> events;
      for (; read < trace.records().size(); ++read) {
        events.push_back(from_record(trace.records()[read]));
      }
      causes.stepped(world_, events);
      for (std::size_t i = 0; i < events.size(); ++i) {
        seen.push_back({causes.steps(), events[i], causes.of_events()[i]});
      }
    }
  }

  const Seen* find(EventKind kind, std::size_t nth = 0) const {
    for (const Seen& one : seen) {
      if (one.event.kind == kind && nth-- == 0) return &one;
    }
    return nullptr;
  }
  Tally tally(LineId line) const { return causes.tallies()[line.index()]; }

  Causes causes;
  std::vector<Seen> seen;

 private:
  World world_;
};

// By time, with the first of those that are ready at once.
Caused by_time(const Setup& setup) {
  sim::FirstChooser first;
  return Caused(World(setup, sim::Order::by_time), first);
}

// Gives all answers to all questions, one execution after the other.
class AllAnswers final : public sim::Chooser {
 public:
  bool next_execution() {
    while (!taken_.empty() && taken_.back().answer + 1 == taken_.back().count) taken_.pop_back();
    at_ = 0;
    if (taken_.empty()) return false;
    ++taken_.back().answer;
    return true;
  }

 private:
  struct Taken {
    sim::Answer answer = 0;
    std::uint32_t count = 1;
  };
  sim::Answer answer(std::string_view, std::uint32_t count) override {
    if (at_ == taken_.size()) taken_.push_back({.count = count});
    return taken_[at_++].answer;
  }

  std::vector<Taken> taken_;
  std::size_t at_ = 0;
};

// Each chain goes back in time, and ends at a call or at the start of the run.
bool ends_well(const Causes& causes, std::uint64_t step) {
  for (;;) {
    const StepCause& cause = causes.of_step(step);
    if (cause.kind == CauseKind::call || cause.kind == CauseKind::start) return cause.by == 0;
    if (cause.by == 0 || cause.by >= step || cause.begun > step) return false;
    step = cause.by;
  }
}

// Whose step it is agrees with what its events say by themselves, and who has waited was woken.
bool agrees(const Caused& run) {
  for (const Caused::Seen& seen : run.seen) {
    const StepCause& step = run.causes.of_step(seen.step);
    if (!step.task.some() || !seen.event.line.some()) continue;
    if (step.operation != seen.event.line) return false;
  }
  for (std::uint64_t step = 1; step <= run.causes.steps(); ++step) {
    const auto stalls = run.causes.stalls_before(step);
    const StepCause& cause = run.causes.of_step(step);
    const bool resumes = cause.kind == CauseKind::order || cause.kind == CauseKind::wake;
    if (!resumes) continue;
    if (stalls.empty() != (cause.kind == CauseKind::order)) return false;
    if (!stalls.empty() && stalls.back().until != cause.by) return false;
  }
  return true;
}

bool is_explained(const Caused& run) {
  if (!agrees(run)) return false;
  for (const Caused::Seen& seen : run.seen) {
    const bool has_one = is_invalidation(seen.event.kind) || is_fault(seen.event.kind);
    if (has_one != seen.cause.has_value()) return false;
    if (!has_one) continue;
    const EventCause& cause = *seen.cause;
    const bool itself = cause.kind == CauseKind::call && cause.step == seen.step;
    if (cause.step >= seen.step && !itself) return false;
    if (!cause.operation.some() || !ends_well(run.causes, cause.step)) return false;
  }
  for (std::uint64_t step = 1; step <= run.causes.steps(); ++step) {
    if (!ends_well(run.causes, step)) return false;
    for (const Stall& stall : run.causes.stalls_before(step)) {
      if (stall.since >= stall.until || stall.until >= step) return false;
      if (!run.causes.of_step(stall.until).operation.some()) return false;
    }
  }
  return true;
}

// Of all executions, or of the first ones.
std::uint64_t check_all(const Setup& setup, std::uint64_t most) {
  const World start(setup, sim::Order::any);
  AllAnswers all;
  std::uint64_t executions = 0;
  do {
    const Caused run(start, all);
    if (!is_explained(run)) {
      FAIL_CHECK("execution ", executions, " has something without a cause");
      return executions;
    }
    ++executions;
  } while (executions < most && all.next_execution());
  return executions;
}

void check_sample(const Setup& setup, std::uint64_t runs) {
  for (std::uint64_t seed = 1; seed <= runs; ++seed) {
    sim::SeededChooser any(seed);
    CHECK(is_explained(Caused(World(setup, sim::Order::any), any)));
    sim::SeededChooser timed(seed);
    CHECK(is_explained(Caused(World(setup, sim::Order::by_time), timed)));
  }
}

TEST_CASE("in every execution, whatever is caused has a cause, and each chain ends") {
  DeviceRace race;
  race.warm(dma_write(race.mr, 0, 8));
  race.call(dontneed(race.mm, race.pages));
  race.device(dma_write(race.mr, 0, 9));
  CHECK(check_all(race.setup, 20'000) > 1000);

  App two(1);
  two.init(two.main, memset(two.mm, two.pages, 7));
  two.call(dontneed(two.mm, two.pages));
  two.thread(two.mm, {mprotect(two.mm, two.pages, prot_read)});
  CHECK(check_all(two.setup, 20'000) > 50);
}

TEST_CASE("between hosts, too") {
  RemoteRace race(2);
  race.warm(put(race.use, 0, 8));
  race.call(swap_out(race.owner, race.pages));
  race.remote(put(race.use, 0, 9));
  race.remote(put(race.use, 1, 9));
  check_sample(race.setup, 300);
}

TEST_CASE("a device that dies leaves no wait without an end") {
  RemoteRace race(1,
                  with<HandlePolicy>(&HandlePolicy::reactivate, HandlePolicy::Reactivate::eager));
  race.warm(put(race.use, 0, 8));
  race.call(swap_out(race.owner, race.pages));
  race.remote(put(race.use, 0, 9));
  race.line(race.program(HostId{1}), kill(HostId{1}));
  check_sample(race.setup, 300);
}

TEST_CASE("a fault is caused by whoever has dropped the translation") {
  DeviceRace race;
  race.warm(dma_write(race.mr, 0, 8));
  const LineId drop = race.call(dontneed(race.mm, race.pages));
  const LineId access = race.device(dma_write(race.mr, 0, 9));
  race.setup.lines[access.index()].gate = {.kind = Gate::Kind::done, .line = drop};
  const Caused run = by_time(race.setup);
  const Caused::Seen* fault = run.find(EventKind::dev_fault);
  REQUIRE(fault != nullptr);
  CHECK(fault->cause->kind == CauseKind::dropped);
  CHECK(fault->cause->operation == drop);
  CHECK(fault->cause->step == run.find(EventKind::pfn_cleared)->step);
  CHECK(run.tally(drop).faults == 1);
  CHECK(run.tally(access).faults == 0);
}

TEST_CASE("a first use is caused by its own call, whatever was invalidated before") {
  DeviceRace race;
  const LineId drop = race.call(dontneed(race.mm, race.pages));
  const LineId access = race.device(dma_write(race.mr, 0, 9));
  race.setup.lines[access.index()].gate = {.kind = Gate::Kind::done, .line = drop};
  const Caused run = by_time(race.setup);
  CHECK(run.find(EventKind::dev_fault)->cause->kind == CauseKind::call);
  CHECK(run.find(EventKind::dev_fault)->cause->operation == access);
  CHECK(run.tally(drop).faults == 0);
  CHECK(run.tally(drop).invalidations == 1);
  CHECK(run.tally(drop).pages == 1);
  CHECK(run.tally(access).faults == 1);
}

TEST_CASE("what a message starts is work for the call that has sent it") {
  RemoteRace race;
  race.warm(put(race.use, 0, 8));
  const LineId out = race.call(swap_out(race.owner, race.pages));
  const Caused run = by_time(race.setup);
  const Caused::Seen* told = run.find(EventKind::shootdown);
  REQUIRE(told != nullptr);
  CHECK(told->cause->operation == out);
  const Caused::Seen* dropped = run.find(EventKind::card_unmapped);
  REQUIRE(dropped != nullptr);
  CHECK(dropped->cause->operation == out);
  CHECK(dropped->cause->kind == CauseKind::spawn);
  const StepCause& arrives = run.causes.of_step(dropped->cause->step);
  CHECK(arrives.kind == CauseKind::message);
  CHECK(run.causes.of_step(arrives.by).operation == out);
  CHECK(run.tally(out).messages >= 2);  // It, and its answer.
}

TEST_CASE("what a timer ends is due to the call that has set it") {
  HandlePolicy impatient;
  impatient.quiesce_timeout = 100;
  RemoteRace race(1, impatient);
  race.warm(get(race.use, 0));
  const LineId drop = race.call(dontneed(race.owner, race.pages));
  const Caused run = by_time(race.setup);
  const Caused::Seen* expired = run.find(EventKind::quiesce_expired);
  REQUIRE(expired != nullptr);
  const StepCause& step = run.causes.of_step(expired->step);
  CHECK(step.kind == CauseKind::timer);
  CHECK(step.operation == drop);
  CHECK(run.causes.of_step(step.by).operation == drop);
}

TEST_CASE("who waits for a lock was held up by whoever had it") {
  App app(2);
  app.init(app.main, memset(app.mm, app.pages, 7));
  const LineId first = app.call(munmap(app.mm, {.first = app.page(0), .count = 1}));
  const std::uint32_t other = app.thread(app.mm, {});
  const LineId second = app.line(other, munmap(app.mm, {.first = app.page(1), .count = 1}));
  app.setup.lines[second.index()].gate.delay = 10;
  const Caused run = by_time(app.setup);
  const Tally::Waiting held_up = run.tally(first).stalls;
  CHECK(held_up.count >= 1);
  CHECK(held_up.steps > 0);
  CHECK(held_up.time > 0);
  CHECK(run.tally(second).waits.time >= held_up.time);
  CHECK(run.tally(second).stalls == Tally::Waiting{});
}

TEST_CASE("an interrupt and the wait for it belong to the call that flushes") {
  App app(1);
  app.init(app.main, memset(app.mm, app.pages, 7));
  const std::uint32_t other = app.program(HostId{0}, app.mm);
  app.init(other, read(app.mm, app.page(0)));
  const LineId call = app.call(dontneed(app.mm, app.pages));
  const Caused run = by_time(app.setup);
  CHECK(run.tally(call).interrupts == 1);
  CHECK(run.tally(call).waits.count == 1);
  CHECK(run.tally(call).stalls == Tally::Waiting{});
  const Caused::Seen* flushed = run.find(EventKind::cpu_flush, 1);
  REQUIRE(flushed != nullptr);
  CHECK(flushed->cause->kind == CauseKind::interrupt);
  CHECK(flushed->cause->operation == call);
}

TEST_CASE("a pin lasts from the call that makes it to the one that ends it, or until now") {
  App app(2, {}, PinAllPolicy{});
  app.init(app.main, memset(app.mm, app.pages, 7));
  const VariableId mr = app.variable();
  const LineId pin = app.line(app.main, reg_mr(app.mm, app.pages), mr);
  const Caused kept = by_time(app.setup);
  CHECK(kept.tally(pin).pins.count == 2);
  const LineId end = app.line(app.main, dereg_mr(mr));
  app.setup.lines[end.index()].gate.delay = 1'000'000;
  const Caused ended = by_time(app.setup);
  CHECK(ended.tally(pin).pins.count == 2);
  CHECK(ended.tally(pin).pins.time >= 2'000'000);
  CHECK(ended.tally(end).pins == Tally::Waiting{});
}

TEST_CASE("an execution with somebody who looks on is the same") {
  DeviceRace race;
  race.warm(dma_write(race.mr, 0, 8));
  race.call(dontneed(race.mm, race.pages));
  race.device(dma_write(race.mr, 0, 9));
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    sim::SeededChooser chooser(seed);
    const Caused run(World(race.setup, sim::Order::any), chooser);
    const Run alone(race.setup, sim::Order::any, seed);
    REQUIRE(run.seen.size() == alone.events().size());
    for (std::size_t i = 0; i < run.seen.size(); ++i) {
      CHECK(run.seen[i].event.kind == alone.events()[i].kind);
    }
  }
}

TEST_CASE("the first removal since a page was added is what has removed it") {
  Removals table([](Page page) { return page == Page{1}; });
  const auto range = [](std::uint32_t first, std::uint32_t count) {
    return PageRange{.first = Page{first}, .count = count};
  };
  CHECK_FALSE(table.remover(Page{1}));
  table.removed(range(0, 4), 3);
  CHECK(table.remover(Page{1}) == 3U);
  CHECK_FALSE(table.remover(Page{2}));  // It was never there.
  table.removed(range(0, 4), 4);
  CHECK(table.remover(Page{1}) == 3U);
  table.added(range(1, 1), 5);
  CHECK_FALSE(table.remover(Page{1}));
  table.removed(range(1, 1), 6);
  CHECK(table.remover(Page{1}) == 6U);
}

}  // namespace
}  // namespace model::testing
