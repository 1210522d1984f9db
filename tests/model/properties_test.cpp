// SPDX-License-Identifier: Apache-2.0
// Each property can break, and for each there is a machine on which nothing else does. The
// scenarios of scenarios/rules are the same machines in words.
#include <doctest/doctest.h>

#include <algorithm>
#include <bit>

#include "sim/replay.hpp"
#include "tests/model/races.hpp"
#include "tests/model/run.hpp"

namespace model::testing {
namespace {

using Ipn = IntervalNotifierPolicy;

// Explores the machine: only that property breaks (and `with_it` what cannot be had without), and
// replaying its path breaks it again. On that path, something happens of which the property speaks.
void check_only(Property property, Builder machine, PropertySet with_it = 0) {
  machine.setup.claims.clear();
  machine.never_anything();
  const sim::ExploreReport report = machine.explore();
  CHECK(broken(machine.setup, report) == names(bit(property) | with_it));
  const auto of_property = [&](const sim::Counterexample& example) {
    return machine.setup.claims[example.claim].property == property;
  };
  const auto place = std::ranges::find_if(report.counterexamples, of_property);
  REQUIRE(place != report.counterexamples.end());
  const sim::Counterexample& found = *place;
  World world(machine.setup, sim::Order::any);
  sim::VectorTrace trace;
  const sim::Replay replayed = sim::replay(world, found.path, found.steps, trace);
  CHECK_FALSE(replayed.diverged);
  CHECK((world.broken() >> found.claim & 1) != 0);
  if (with_it == 0) CHECK(std::popcount(world.broken()) == 1);
  PropertySet exercised = 0;
  for (const sim::Record& record : trace.records()) {
    exercised |= exercised_by(world.machine(), from_record(record));
  }
  CHECK((exercised & bit(property)) != 0);
}

TEST_CASE("only use_after_free: nobody tells the device of munmap") {
  DeviceRace race(1, NonePolicy{});
  race.warm(dma_write(race.mr, 0, 8));
  const LineId unmap = race.call(munmap(race.mm, race.pages));
  race.after(unmap, race.program(HostId{0}), dma_write(race.mr, 0, 9));
  check_only(Property::use_after_free, race);
}

TEST_CASE("only stale_translation: a pinned page is dropped by madvise") {
  DeviceRace race(1, PinAllPolicy{});
  const LineId advise = race.call(dontneed(race.mm, race.pages));
  race.after(advise, race.program(HostId{0}), dma_read(race.mr, 0));
  check_only(Property::stale_translation, race);
}

TEST_CASE("only write_without_permission: the driver ignores mprotect") {
  DeviceRace race(1, without<Ipn>(&Ipn::heed_protection));
  race.warm(dma_write(race.mr, 0, 8));
  const LineId protect = race.call(mprotect(race.mm, race.pages, prot_read));
  race.after(protect, race.program(HostId{0}), dma_write(race.mr, 0, 9));
  check_only(Property::write_without_permission, race, bit(Property::ignored_event));
}

TEST_CASE("only install_in_range: the driver asks only whether an invalidation has ended") {
  DeviceRace race(1, with<Ipn>(&Ipn::recheck, Ipn::Recheck::ended));
  race.call(munmap(race.mm, race.pages));
  race.device(prefetch(race.mr, 0));
  check_only(Property::install_in_range, race);
}

TEST_CASE("only stale_install: the driver asks only whether an invalidation runs") {
  DeviceRace race(1, with<Ipn>(&Ipn::recheck, Ipn::Recheck::active));
  race.call(munmap(race.mm, race.pages));
  race.device(prefetch(race.mr, 0));
  check_only(Property::stale_install, race);
}

TEST_CASE("only lost_update: the driver does not mark dirty what the device wrote") {
  DeviceRace race(1, without<Ipn>(&Ipn::mark_dirty));
  race.warm(swap_out(race.mm, race.pages));
  race.warm(dma_read(race.mr, 0));
  race.warm(dma_write(race.mr, 0, 9));
  race.call(swap_out(race.mm, race.pages));
  check_only(Property::lost_update, race, bit(Property::unmarked_write));
}

TEST_CASE("only unmarked_write: what the device wrote is not marked when its translation goes") {
  DeviceRace race(1, without<Ipn>(&Ipn::mark_dirty));
  race.warm(swap_out(race.mm, race.pages));
  race.warm(dma_read(race.mr, 0));
  race.warm(dma_write(race.mr, 0, 9));
  race.call(mprotect(race.mm, race.pages, prot_read));
  check_only(Property::unmarked_write, race);
}

TEST_CASE("only missed_use: the driver never says that its device has used a page") {
  DeviceRace race(1, without<KvmPolicy>(&KvmPolicy::age));
  race.warm(dma_read(race.mr, 0));
  race.call({.verb = Verb::page_idle, .mm = race.mm, .pages = race.pages});
  check_only(Property::missed_use, race);
}

TEST_CASE("a driver that looks knows what its device has used, and what not") {
  DeviceRace race(2, KvmPolicy{});
  race.warm(dma_read(race.mr, 0));
  const auto call = [&](Verb verb, std::uint32_t page) {
    race.call({.verb = verb, .mm = race.mm, .pages = one_page(race.pages.at(page))});
  };
  call(Verb::page_idle, 0);  // Asked without a flush: the next use cannot be seen.
  call(Verb::swap_out, 0);
  call(Verb::swap_out, 1);  // Used by nobody.
  race.device(dma_read(race.mr, 0));
  race.setup.claims.clear();
  race.never(Property::missed_use);
  CHECK(all_broken(race.setup) == "");
}

TEST_CASE("only fork_leak: fork shares a pinned page instead of copying it") {
  DeviceRace race(1, PinAllPolicy{});
  race.setup.switches.fork_copies_pinned = false;
  const LineId born = race.call(fork(race.mm, race.process()));
  race.after(born, race.program(HostId{0}), dma_write(race.mr, 0, 9));
  check_only(Property::fork_leak, race);
}

TEST_CASE("only reordered_read: of two pages that are replaced, the TLB keeps the first") {
  DeviceRace race(2, without<Ipn>(&Ipn::flush_tlb));
  race.init(race.main, fork(race.mm, race.process()));
  race.warm(dma_read(race.mr, 0));
  race.call(write(race.mm, race.pages.at(0), 8));
  race.call(write(race.mm, race.pages.at(1), 8));
  const std::uint32_t engine = race.program(HostId{0});
  race.line(engine, dma_read(race.mr, 1));
  race.line(engine, dma_read(race.mr, 0));
  check_only(Property::reordered_read, race,
             bit(Property::stale_translation) | bit(Property::coverage_gap));
}

TEST_CASE("only unbalanced_notifier: after a refusal nobody gets its range_end") {
  RemoteRace race(1, XpmemPolicy{});
  race.setup.switches.end_after_refusal = false;
  race.warm(get(race.use, 0));
  race.call(oom_reap(race.owner));
  check_only(Property::unbalanced_notifier, race);
}

TEST_CASE("only use_after_release: the driver ignores RELEASE") {
  DeviceRace race(1, without<Ipn>(&Ipn::heed_release));
  race.warm(dma_write(race.mr, 0, 8));
  race.call(exit(race.mm));
  check_only(Property::use_after_release, race, bit(Property::ignored_event));
}

TEST_CASE("only leaked_reference: the driver forgets its pins at deregistration") {
  DeviceRace race(1, without<PinAllPolicy>(&PinAllPolicy::unpin));
  race.call(dereg_mr(race.mr));
  race.call(munmap(race.mm, race.pages));
  check_only(Property::leaked_reference, race);
}

TEST_CASE("whom the OOM reaper calls, waits for nobody: it refuses, or has nothing to do") {
  for (const Policy& policy : {Policy{HandlePolicy{}}, Policy{XpmemPolicy{}}}) {
    RemoteRace unused(1, policy);
    unused.call(oom_reap(unused.owner));
    CHECK(all_broken(unused.setup) == "");
    RemoteRace used(1, policy);
    used.remote(get(used.use, 0));
    used.call(oom_reap(used.owner));
    CHECK(all_broken(used.setup) == "");
  }
}

TEST_CASE("only sleep_in_atomic: the driver takes its mutex for the OOM reaper") {
  DeviceRace race(1, without<Ipn>(&Ipn::heed_blockable));
  race.warm(dma_read(race.mr, 0));
  race.call(oom_reap(race.mm));
  check_only(Property::sleep_in_atomic, race);
}

TEST_CASE("only lock_cycle: the driver allocates under the lock that reclaim would make it take") {
  DeviceRace race(1, with<Ipn>(&Ipn::allocate_locked, true));
  const LineId read = race.device(dma_read(race.mr, 0));
  race.after(read, race.main, munmap(race.mm, race.pages));
  check_only(Property::lock_cycle, race);
}

TEST_CASE("only lock_cycle: two orders, one after the other") {
  DeviceRace race(1, with<Ipn>(&Ipn::lock_first, true));
  const LineId read = race.device(dma_read(race.mr, 0));
  race.after(read, race.main, munmap(race.mm, race.pages));
  check_only(Property::lock_cycle, race);
}

TEST_CASE("only coverage_gap: a range is announced without its last page") {
  DeviceRace race(2);
  race.setup.switches.announce_whole = false;
  race.warm(dma_read(race.mr, 1));
  race.call(munmap(race.mm, race.pages));
  check_only(Property::coverage_gap, race);
}

TEST_CASE("only coverage_gap: the driver keeps a translation that the range covers") {
  DeviceRace race(1, without<Ipn>(&Ipn::flush_tlb));
  race.warm(dma_read(race.mr, 0));
  race.call(munmap(race.mm, race.pages));
  check_only(Property::coverage_gap, race);
}

TEST_CASE("only ignored_event: the driver ignores all migrations") {
  DeviceRace race(1, with<Ipn>(&Ipn::owner_filter, Ipn::OwnerFilter::any));
  race.warm(dma_read(race.mr, 0));
  race.call({.verb = Verb::migrate_vma, .mm = race.mm, .pages = race.pages});
  check_only(Property::ignored_event, race);
}

TEST_CASE("only partial_activation: one active page of two is enough to post") {
  RemoteRace race(2, without<HandlePolicy>(&HandlePolicy::activate_all));
  race.remote(get(race.use, 0));
  check_only(Property::partial_activation, race);
}

TEST_CASE("only false_error: SIGBUS because an activation was overtaken") {
  RemoteRace race(1, with<HandlePolicy>(&HandlePolicy::signal_on_race, true));
  race.call(swap_out(race.owner, race.pages));
  race.remote(get(race.use, 0));
  check_only(Property::false_error, race);
}

TEST_CASE("only foreign_access: a transfer in flight survives its registration") {
  DeviceRace race(1, without<Ipn>(&Ipn::wait_leave));
  race.warm(dma_read(race.mr, 0));
  race.call(dereg_mr(race.mr));
  race.device(dma_write(race.mr, 0, 9));
  check_only(Property::foreign_access, race);
}

TEST_CASE("only deadlock: a fault takes the driver's lock before mmap_lock") {
  DeviceRace race(1, with<Ipn>(&Ipn::lock_first, true));
  race.call(mprotect(race.mm, race.pages, prot_read));
  race.device(prefetch(race.mr, 0));
  check_only(Property::deadlock, race, bit(Property::lock_cycle));
}

TEST_CASE("only quiesce_stuck: a user's host dies, and nobody tells the owner") {
  RemoteRace race;
  race.setup.switches.peer_down_notice = false;
  race.warm(get(race.use, 0));
  race.line(race.program(HostId{1}), kill(HostId{1}));
  race.call(swap_out(race.owner, race.pages));
  check_only(Property::quiesce_stuck, race);
}

TEST_CASE("what breaks each property is what is wrong in it: put right, nothing breaks") {
  DeviceRace unmapped;
  unmapped.warm(dma_write(unmapped.mr, 0, 8));
  unmapped.call(munmap(unmapped.mm, unmapped.pages));
  unmapped.device(dma_write(unmapped.mr, 0, 9));
  CHECK(all_broken(unmapped.setup) == "");

  DeviceRace forked(1, PinAllPolicy{});
  forked.call(fork(forked.mm, forked.process()));
  forked.device(dma_write(forked.mr, 0, 9));
  CHECK(all_broken(forked.setup) == "");

  RemoteRace killed;
  killed.warm(get(killed.use, 0));
  killed.line(killed.program(HostId{1}), kill(HostId{1}));
  killed.call(swap_out(killed.owner, killed.pages));
  CHECK(all_broken(killed.setup) == "");
}

}  // namespace
}  // namespace model::testing
