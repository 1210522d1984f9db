// SPDX-License-Identifier: Apache-2.0
// Between hosts: RDMA with a key, handles and their users, messages, and hosts that die.
#include <doctest/doctest.h>

#include "tests/model/races.hpp"
#include "tests/model/run.hpp"

namespace model::testing {
namespace {

using Handle = HandlePolicy;

const Result sigbus = Result::signal(SIGBUS);

// ---- RDMA through a queue pair: nobody is asked.

struct Keyed : Builder {
  MmId owner = process(HostId{0});
  MmId user = process(HostId{1});
  PageRange pages = region(owner, 2);
  std::uint32_t main = program(HostId{0}, owner);
  std::uint32_t peer = program(HostId{1}, user);
  VariableId mr;
  VariableId queue;

  Keyed() : Builder(IntervalNotifierPolicy{}) {
    init(main, memset(owner, pages, 7));
    mr = made(main, reg_mr(owner, pages));
    queue = made(peer, connect(user, AdapterId{0}));
  }
};

TEST_CASE("a remote read returns what is in the owner's memory, a remote write changes it") {
  Keyed keyed;
  const LineId first = keyed.line(keyed.peer, rdma_read(keyed.queue, keyed.mr, 1));
  const LineId wrote = keyed.line(keyed.peer, rdma_write(keyed.queue, keyed.mr, 1, 9));
  const LineId seen = keyed.after(wrote, keyed.main, read(keyed.owner, keyed.pages.at(1)));
  const Run run(keyed.setup);
  CHECK(run.result(first) == Result::value(7));
  CHECK(run.result(seen) == Result::value(9));
}

TEST_CASE("a remote access faults the owner's page in, from swap if need be") {
  Keyed keyed;
  keyed.init(keyed.main, swap_out(keyed.owner, keyed.pages));
  const LineId first = keyed.line(keyed.peer, rdma_read(keyed.queue, keyed.mr, 0));
  const Run run(keyed.setup);
  CHECK(run.result(first) == Result::value(7));
  CHECK(run.order(first, {EventKind::dev_fault, EventKind::swap_in, EventKind::pfn_installed,
                          EventKind::dma_read}) == "dev_fault swap_in pfn_installed dma_read");
}

TEST_CASE("a remote access to what was unmapped completes with an error") {
  Keyed keyed;
  keyed.init(keyed.main, munmap(keyed.owner, keyed.pages));
  const LineId first = keyed.line(keyed.peer, rdma_read(keyed.queue, keyed.mr, 0));
  CHECK(Run(keyed.setup).result(first) == Result::error(EREMOTEIO));
}

TEST_CASE("a remote access after deregistration completes with an error") {
  Keyed keyed;
  keyed.init(keyed.main, dereg_mr(keyed.mr));
  const LineId first = keyed.line(keyed.peer, rdma_read(keyed.queue, keyed.mr, 0));
  CHECK(Run(keyed.setup).result(first) == Result::error(EREMOTEIO));
}

// ---- Handles.

constexpr auto activation = {EventKind::activate,  EventKind::handle_active, EventKind::card_mapped,
                             EventKind::rdma_post, EventKind::dma_read,      EventKind::rdma_done};

TEST_CASE("the first use activates the handle and maps the card, the second only posts") {
  RemoteRace race;
  const LineId first = race.line(race.peer, get(race.use, 0));
  const LineId second = race.line(race.peer, get(race.use, 0));
  const Run run(race.setup);
  CHECK(run.result(first) == Result::value(7));
  CHECK(run.order(first, activation) ==
        "activate handle_active card_mapped rdma_post dma_read rdma_done");
  CHECK(run.order(second, activation) == "rdma_post dma_read rdma_done");
}

TEST_CASE("one use activates all pages of a handle, or with xpmem the page that is used") {
  for (const bool whole : {true, false}) {
    RemoteRace race(3, whole ? Policy(Handle{}) : Policy(XpmemPolicy{}));
    race.line(race.peer, get(race.use, 1));
    const Run run(race.setup);
    CHECK(run.machine().attachments[0].active.size() == (whole ? 3 : 1));
    CHECK(run.count(EventKind::pfn_installed) == (whole ? 3 : 1));
  }
}

TEST_CASE("before swap-out goes on, the user's card is unmapped and quiet and has answered") {
  RemoteRace race;
  race.warm(get(race.use, 0));
  const LineId out = race.call(swap_out(race.owner, race.pages));
  CHECK(Run(race.setup)
            .order(out,
                   {EventKind::range_start, EventKind::shootdown, EventKind::card_unmapped,
                    EventKind::quiesced, EventKind::owner_answered, EventKind::pfn_cleared,
                    EventKind::device_flush, EventKind::range_returned, EventKind::pte_cleared}) ==
        "range_start shootdown card_unmapped quiesced owner_answered pfn_cleared device_flush "
        "range_returned pte_cleared");
}

TEST_CASE("after a revocation the next use activates again, with the page from swap") {
  RemoteRace race;
  race.warm(put(race.use, 0, 9));
  const LineId out = race.call(swap_out(race.owner, race.pages));
  const LineId again = race.after(out, race.peer, get(race.use, 0));
  const Run run(race.setup);
  CHECK(run.result(again) == Result::value(9));
  CHECK(run.count(EventKind::activate, again) == 1);
  CHECK(run.count(EventKind::swap_in, again) == 1);
}

TEST_CASE("eager reactivation makes the handle active again without a use") {
  RemoteRace race(1, with<Handle>(&Handle::reactivate, Handle::Reactivate::eager));
  race.warm(get(race.use, 0));
  const LineId out = race.call(dontneed(race.owner, race.pages));
  const LineId again = race.after(out, race.peer, get(race.use, 0));
  const Run run(race.setup, sim::Order::any);
  CHECK(run.count(EventKind::handle_active, out) == 1);
  CHECK(run.result(again) == Result::value(0));
}

TEST_CASE("a page that cannot be mapped gives the user SIGBUS, and nothing is posted") {
  RemoteRace race(2);
  race.init(race.main, munmap(race.owner, one_page(race.pages.at(1))));
  const LineId use = race.line(race.peer, get(race.use, 0));
  const Run run(race.setup);
  CHECK(run.result(use) == sigbus);
  CHECK(run.count(EventKind::rdma_post) == 0);
}

TEST_CASE("with the scope of a process one inactive handle keeps the process from posting") {
  for (const bool whole : {true, false}) {
    RemoteRace race(
        1, with<Handle>(&Handle::scope, whole ? Handle::Scope::process : Handle::Scope::handle));
    const PageRange more = race.region(race.owner, 1);
    const VariableId second = race.made(race.main, export_handle(race.owner, more));
    race.made(race.peer, attach(race.user, second));
    race.init(race.main, munmap(race.owner, more));
    const LineId use = race.line(race.peer, get(race.use, 0));
    CHECK(Run(race.setup).result(use) == (whole ? sigbus : Result::value(7)));
  }
}

TEST_CASE("a second attach to a handle is the same attachment") {
  RemoteRace race;
  const LineId again = race.line(race.peer, attach(race.user, race.handle));
  CHECK(Run(race.setup).result(again) == Result::object(0));
}

TEST_CASE("after detach nothing is posted, and a revocation asks nobody") {
  RemoteRace race;
  race.warm(get(race.use, 0));
  const LineId gone = race.line(race.peer, detach(race.use));
  const LineId late = race.line(race.peer, get(race.use, 0));
  const LineId out = race.after(late, race.main, swap_out(race.owner, race.pages));
  const Run run(race.setup);
  CHECK(run.result(gone).ok());
  CHECK(run.result(late) == Result::error(EINVAL));
  CHECK(run.count(EventKind::shootdown, out) == 0);
}

TEST_CASE("a transfer in flight ends with ECANCELED where revocations terminate") {
  RemoteRace race(1, with<Handle>(&Handle::in_flight, Handle::InFlight::terminate));
  race.warm(get(race.use, 0));
  const VariableId result = race.variable();
  race.call(dontneed(race.owner, race.pages));
  race.line(race.peer, put(race.use, 0, 9), result);
  race.exists(equal({.code = Operation::Code::variable, .variable = result}, -ECANCELED));
  race.exists(equal({.code = Operation::Code::variable, .variable = result}, 0));
  const sim::ExploreReport report = race.explore();
  REQUIRE(report.complete());
  REQUIRE(report.finals_by_class.size() == 2);
  CHECK(report.finals_by_class[0].witnessed == 1);
  CHECK(report.finals_by_class[1].witnessed == 2);
  CHECK(all_broken(race.setup) == "");
}

TEST_CASE("a transfer in flight completes where revocations wait for it") {
  RemoteRace race;
  race.warm(get(race.use, 0));
  const VariableId result = race.variable();
  race.call(dontneed(race.owner, race.pages));
  race.line(race.peer, put(race.use, 0, 9), result);
  race.exists(equal({.code = Operation::Code::variable, .variable = result}, 0));
  const sim::ExploreReport report = race.explore();
  REQUIRE(report.complete());
  REQUIRE(report.finals_by_class.size() == 1);
  CHECK(report.finals_by_class[0].witnessed == 1);
}

TEST_CASE("a user that does not answer in time is cut off, and its late requests are refused") {
  RemoteRace race(1, with<Handle, RecallProtocol, std::uint64_t>(&Handle::quiesce_timeout, 100));
  race.warm(get(race.use, 0));
  race.call(dontneed(race.owner, race.pages));
  race.line(race.peer, put(race.use, 0, 9));
  CHECK(all_broken(race.setup) == "");
  CHECK(Run(race.setup).count(EventKind::quiesce_expired) == 1);
}

// ---- Death of a host.

TEST_CASE("a user that dies need not answer") {
  RemoteRace race;
  race.warm(get(race.use, 0));
  race.call(swap_out(race.owner, race.pages));
  race.remote(put(race.use, 0, 9));
  race.line(race.program(HostId{1}), kill(HostId{1}));
  CHECK(all_broken(race.setup) == "");
}

TEST_CASE("a transfer to a host that dies ends with EREMOTEIO or has been served") {
  RemoteRace race;
  race.warm(get(race.use, 0));
  const VariableId result = race.variable();
  race.line(race.peer, get(race.use, 0), result);
  race.line(race.program(HostId{0}), kill(HostId{0}));
  race.exists(equal({.code = Operation::Code::variable, .variable = result}, 7));
  race.exists(equal({.code = Operation::Code::variable, .variable = result}, -EREMOTEIO));
  const sim::ExploreReport report = race.explore();
  REQUIRE(report.complete());
  REQUIRE(report.finals_by_class.size() == 2);
  CHECK(report.finals_by_class[0].witnessed == 1);
  CHECK(report.finals_by_class[1].witnessed == 2);
  CHECK(all_broken(race.setup) == "");
}

TEST_CASE("an activation whose owner dies is over") {
  RemoteRace race;
  const LineId use = race.line(race.peer, get(race.use, 0));
  race.line(race.program(HostId{0}), kill(HostId{0}));
  CHECK(all_broken(race.setup) == "");
  CHECK_FALSE(Run(race.setup, sim::Order::any, 1).result(use).kind == Result::Kind::none);
}

// ---- Messages.

TEST_CASE("a message is received after it was sent, in the order of sending") {
  RemoteRace race;
  for (const Value value : {3U, 4U}) {
    race.call({.verb = Verb::mpi_send, .mm = race.owner, .peer = race.user, .number = value});
  }
  const Call receive{.verb = Verb::mpi_recv, .mm = race.user, .peer = race.owner};
  const LineId first = race.line(race.peer, receive);
  const LineId second = race.line(race.peer, receive);
  const Run run(race.setup, sim::Order::any, 3);
  CHECK(run.result(first) == Result::value(3));
  CHECK(run.result(second) == Result::value(4));
}

}  // namespace
}  // namespace model::testing
