// SPDX-License-Identifier: Apache-2.0
// Links and switches that do not lead where they should, and settings of links and policies that
// change nothing.

#include <doctest/doctest.h>

#include "model/explore.hpp"
#include "model/world.hpp"
#include "scenarios/language/lower.hpp"
#include "tests/language/support.hpp"

namespace {

struct Parts {
  std::string links = "link A.rnic0 <-> B.rnic0\n";
  std::string policy = "policy handle\n";
  std::string attach = "    r1: a1 := attach(h) = ok\n";
  std::string rest = "thread r1.t0 { rdma_read(a1[0]) }\n";
};

std::string said_of(const Parts& parts, const language::Choices& choices = {}) {
  const std::string text =
      "host A { swap 16M; device rnic0: rnic }\n"
      "host B { device rnic0: rnic }\n" +
      parts.links + parts.policy +
      "process owner on A { region win: anon 1 page rw }\n"
      "process r1 on B\n"
      "init {\n"
      "    owner: h := export(win) = ok\n" +
      parts.attach + "}\n" + parts.rest;
  language::Sources sources = language_test::sources_of({{"t.sd", text}});
  const std::string said =
      language::render(sources, language::load(sources, "t.sd", choices).problems);
  return said.substr(0, said.find('\n'));
}

std::string link(const std::string& settings) {
  return "link A.rnic0 <-> B.rnic0 { " + settings + " }\n";
}

// What the claim on `>` lines says of all interleavings.
bool lines_hold(const std::string& which) {
  const std::string text = R"(host A { swap 16M; device rnic0: rnic { odp off } }
host B { device rnic0: rnic { odp off } }
link A.rnic0 <-> B.rnic0 { late )" +
                           which + R"( }
policy handle
process owner on A { region win: anon 1 page rw }
process r1 on B
init {
    owner: memset(win, 7)
    owner: h := export(win) = ok
    r1: a1 := attach(h) = ok
    r1: rdma_read(a1[0]) = 7
}
thread r1.t0 {
    detach(a1)          = 0
    mpi_send(owner, 1)  = 0
}
thread owner.t0 { mpi_recv(r1) = 1 as M }
thread A.kernel {
    @M.done  swap_out(win[0]) = 0
             !> shootdown(h)
}
)";
  language::Sources sources = language_test::sources_of({{"t.sd", text}});
  const language::Loaded loaded = language::load(sources, "t.sd", {});
  CHECK(language::render(sources, loaded.problems) == "");
  REQUIRE(loaded.cells.size() == 1);
  const model::World start(*loaded.cells.front().setup, sim::Order::any);
  const sim::ExploreReport report = model::explore(start, {});
  CHECK(report.complete());
  return report.counterexamples.empty();
}

}  // namespace

TEST_CASE("who is to be reached must be connected") {
  CHECK(said_of({}) == "");
  CHECK(said_of({.links = ""}) == "t.sd:8:22: error: there is no link between B and A");
  const std::string half = "switch S1\nlink A.rnic0 <-> S1\nswitch S2\nlink B.rnic0 <-> S2\n";
  CHECK(said_of({.links = half}) ==
        "t.sd:12:22: error: there is no way from B to A: neither a link nor switches that lead "
        "there");
  CHECK(said_of({.links = half + "link S2 <-> S1\n"}) == "");
}

TEST_CASE("only what is linked can be taken apart") {
  CHECK(said_of({.rest = "thread A.kernel { link_down(A.rnic0, B.rnic0) }\n"}) == "");
  const std::string said =
      said_of({.links = "switch S1\nlink A.rnic0 <-> S1\nlink B.rnic0 <-> S1\n",
               .rest = "thread A.kernel { link_down(A.rnic0, B.rnic0) }\n"});
  CHECK(said == "t.sd:13:29: error: there is no link between these");
}

TEST_CASE("nothing is sent again where no adapter has rc") {
  CHECK(said_of({.links = "switch S1\nswitch S2\nlink A.rnic0 <-> S1\nlink B.rnic0 <-> S2\n"
                          "link S1 <-> S2 { loss 1% }\n"}) ==
        "t.sd:7:18: error: no adapter has rc { ... }: nothing would be sent again");
}

TEST_CASE("a message that nobody sends cannot be lost") {
  CHECK(said_of({.links = link("lost quiesced")}) == "");
  CHECK(said_of({.links = link("lost quiesced"), .policy = "policy pin_all\n"}) ==
        "t.sd:3:28: warning: 'lost' changes nothing: no policy here sends messages about handles");
  CHECK(said_of({.links = link("late quiesced"), .attach = "", .rest = ""}) ==
        "t.sd:3:28: warning: 'late' changes nothing: nobody uses a handle over this link");
  CHECK(said_of({.links = link("lost detached")}) ==
        "t.sd:3:28: warning: 'lost' changes nothing: nobody detaches");
  CHECK(said_of({.links = link("lost detached"), .rest = "thread r1.t0 { detach(a1) }\n"}) == "");
}

TEST_CASE("a policy of the command line makes no setting idle") {
  CHECK(said_of({.links = link("lost quiesced")},
                {.params = {}, .policy = "pin_all", .kernel = {}}) == "");
}

TEST_CASE("what could change nothing is refused") {
  CHECK(said_of({.links = link("doubled detached")}) ==
        "t.sd:3:28: error: 'doubled detached' changes nothing: the first has ended the attachment");
  CHECK(said_of({.links = link("late activate")}).find("t.sd:3:28: error: 'late activate'") == 0);
  CHECK(said_of({.links = link("late shootdown")}).find("t.sd:3:28: error: 'late shootdown'") == 0);
  CHECK(said_of({.links = link("late activate"),
                 .rest = "timeline { @1us r1: rdma_read(a1[0]) }\n"}) == "");
}

TEST_CASE("a late word of a user that has left makes the owner tell it once more") {
  CHECK(lines_hold("none"));
  CHECK_FALSE(lines_hold("detached"));
}

TEST_CASE("to send again takes a time-out, and numbers take messages that may be mistaken") {
  CHECK(said_of({.policy = "policy handle { resend 1 }\n"}) ==
        "t.sd:4:17: warning: 'resend' changes nothing: there is no quiesce_timeout");
  CHECK(said_of({.policy = "policy handle { resend 1; quiesce_timeout 5us }\n"}) == "");
  CHECK(said_of({.policy = "policy handle { check_number no }\n"}) ==
        "t.sd:4:17: warning: 'check_number' changes nothing: no link loses, delays or doubles "
        "messages, and none is sent again");
  CHECK(said_of({.links = link("doubled quiesced"),
                 .policy = "policy handle { check_number no }\n"}) == "");
  // What a param makes idle in some of the runs only is not mentioned.
  CHECK(said_of({.policy = "param quiesce_timeout in [0us, 5us]\npolicy handle { resend 1 }\n"}) ==
        "");
}
