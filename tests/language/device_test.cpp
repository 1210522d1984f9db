// SPDX-License-Identifier: Apache-2.0
// Settings of devices whose numbers have bounds, and queues that only receive.

#include <doctest/doctest.h>

#include "scenarios/language/lower.hpp"
#include "tests/language/support.hpp"

namespace {

std::string said_of(const std::string& settings) {
  language::Sources sources = language_test::sources_of(
      {{"t.sd", "scenario \"s\"\nhost A { cpus 2; device acc0: sva { " + settings + " } }\n"}});
  return language::render(sources, language::load(sources, "t.sd", {}).problems);
}

bool says(const std::string& settings, const std::string& what) {
  return said_of(settings).find("t.sd:2:37: error: " + what) == 0;
}

// With a card for each of two hosts, and one without reliable connections apart.
std::string said_of_queues(const std::string& call) {
  language::Sources sources =
      language_test::sources_of({{"t.sd",
                                  "scenario \"s\"\n"
                                  "host A { device rnic0: rnic { rc {} } }\n"
                                  "host B { device rnic0: rnic { rc {} } }\n"
                                  "host C { device rnic0: rnic }\n"
                                  "link A.rnic0 <-> B.rnic0\n"
                                  "process app on A { region m: anon 1 page }\n"
                                  "process far on B\n"
                                  "process lone on C\n"
                                  "init {\n"
                                  "    app: mr := reg_mr(A.rnic0, m, odp)\n"
                                  "    app: u := create_ud_qp(A.rnic0)\n"
                                  "    app: s := create_srq(A.rnic0)\n"
                                  "    far: q := connect(A.rnic0)\n"
                                  "    far: t := create_srq(B.rnic0)\n"
                                  "    lone: v := create_ud_qp(C.rnic0)\n"
                                  "    " +
                                      call +
                                      "\n"
                                      "}\n"}});
  return language::render(sources, language::load(sources, "t.sd", {}).problems);
}

bool refused(const std::string& call, const std::string& what) {
  return said_of_queues(call).find("error: " + what) != std::string::npos;
}

}  // namespace

TEST_CASE("queues that only receive are their owner's, and have calls of their own") {
  CHECK(said_of_queues("app: post_recv(s, mr[0])") == "");
  CHECK(said_of_queues("far: ud_send(u, 1)") == "");
  CHECK(refused("far: rdma_send(u, 1)", "'u' is of create_ud_qp(), not of connect()"));
  CHECK(refused("far: rdma_write(u, mr[0], 1)", "'u' is of create_ud_qp(), not of connect()"));
  CHECK(refused("far: xrc_send(q, u, 1)", "'u' is of create_ud_qp(), not of create_srq()"));
  CHECK(refused("far: xrc_send(q, t, 1)", "'t' is not of the card to which 'q' leads"));
  CHECK(refused("far: ud_send(q, 1)", "'q' is of connect(), not of create_ud_qp()"));
  CHECK(refused("far: ud_send(v, 1)", "there is no link between B and C"));
  CHECK(refused("far: poll_recv(u)", "'u' is a queue of another process"));
  CHECK(refused("lone: w := create_srq(C.rnic0)", "'C.rnic0' has no rc { ... }"));
}

TEST_CASE("invalidations have 32 ITags and eight traffic classes at most") {
  CHECK(said_of("inval_queue 32; traffic_classes 8; inval_completion late") == "");
  CHECK(says("inval_queue 33", "'inval_queue' is at most 32"));
  CHECK(says("traffic_classes 9", "'traffic_classes' is at most 8"));
  CHECK(says("traffic_classes 0", "'traffic_classes' is at least 1"));
}
