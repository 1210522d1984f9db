// SPDX-License-Identifier: Apache-2.0
// `explore`: what a scenario and the command line ask for, and in which words it is refused.

#include <doctest/doctest.h>

#include "scenarios/language/format.hpp"
#include "scenarios/language/lower.hpp"
#include "tests/language/support.hpp"

namespace {

using language::RunMode;

std::string scenario(const std::string& how) {
  return R"(scenario "s"
host A { cpus 2; ram 64 pages; device rnic0: rnic }
process app on A { region buf: anon 1 pages }
thread app.t0 { munmap(buf) = 0 }
)" + how +
         "\n";
}

language::Loaded load(const std::string& how, const language::Choices& choices = {}) {
  language::Sources sources = language_test::sources_of({{"t.sd", scenario(how)}});
  language::Loaded loaded = language::load(sources, "t.sd", choices);
  CHECK(language::render(sources, loaded.problems) == "");
  REQUIRE(loaded.cells.size() == 1);
  return loaded;
}

bool refused(const std::string& how) {
  language::Sources sources = language_test::sources_of({{"t.sd", scenario(how)}});
  return language::has_errors(language::load(sources, "t.sd", {}).problems);
}

}  // namespace

TEST_CASE("a sample has its number of runs, and its depth if it is bound") {
  const auto lot = load("explore random 30");
  CHECK(lot.cells[0].mode == RunMode::random);
  CHECK(lot.cells[0].runs == 30);
  const auto turns = load("explore pct 40");
  CHECK(turns.cells[0].mode == RunMode::pct);
  CHECK(turns.cells[0].runs == 40);
  CHECK(turns.cells[0].depth == 0);
  const auto bound = load("explore pct 50 bound 3");
  CHECK(bound.cells[0].runs == 50);
  CHECK(bound.cells[0].depth == 3);
}

TEST_CASE("a bound is a whole number of at most 64, and belongs to pct") {
  CHECK_FALSE(refused("explore pct 5 bound 64"));
  CHECK(refused("explore pct 5 bound 65"));
  CHECK(refused("explore pct 5 bound 0"));
  CHECK(refused("explore pct 0"));
  CHECK(refused("explore all bound 2"));
  CHECK(refused("explore random 5 bound 2"));
}

TEST_CASE("what the command line wants to explore wins over the file and over its times") {
  const language::Choices choices{
      .params = {},
      .policy = "",
      .kernel = "",
      .explore = language::HowToRun{.mode = RunMode::pct, .runs = 7, .depth = 2}};
  for (const char* how : {"explore all", "explore random 3", ""}) {
    const auto loaded = load(how, choices);
    CHECK(loaded.cells[0].mode == RunMode::pct);
    CHECK(loaded.cells[0].runs == 7);
    CHECK(loaded.cells[0].depth == 2);
  }
}

TEST_CASE("the formatter keeps how a scenario is explored") {
  language::Sources sources =
      language_test::sources_of({{"t.sd", scenario("explore  pct   100 bound 3")}});
  const language::Formatted result = language::format_file(sources, "t.sd");
  CHECK(result.text.find("\nexplore pct 100 bound 3\n") != std::string::npos);
  language::Sources again = language_test::sources_of({{"t.sd", result.text}});
  CHECK(language::format_file(again, "t.sd").text == result.text);
}

TEST_CASE("a call that repeats has no label, counts no faults, and is none of init") {
  const auto repeating = load("thread A.kernel { reclaim(1) (repeats) }");
  CHECK(repeating.cells[0].setup->lines.back().repeats);
  CHECK(refused("thread A.kernel { reclaim(1) as R (repeats) }"));
  CHECK(refused("thread A.kernel { reclaim(1) (repeats, faults: 1) }"));
  CHECK(refused("init { A.kernel: reclaim(1) (repeats) }"));
}

TEST_CASE("a driver's buffer is mapped shared, and freed as a whole") {
  const auto with = [](const std::string& flags, const std::string& call) {
    return "file f on A: pfnmap 2 pages\nprocess q on A { region m: file f 2 pages rw " + flags +
           " }\nthread q.t0 { " + call + " }";
  };
  CHECK_FALSE(refused(with("shared", "munmap(m)")));
  CHECK_FALSE(refused(with("shared", "ftruncate(f, 0)")));
  CHECK_FALSE(refused(with("shared", "ttm_bo_evict(f)")));
  CHECK(refused("file f on A: memfd 1 page\nthread A.kernel { ttm_bo_evict(f) }"));
  CHECK_FALSE(refused(with("shared", "vfio_pci_dma_buf_move(f, on)")));
  CHECK(refused("file f on A: memfd 1 page\nthread A.kernel { vfio_pci_dma_buf_move(f, on) }"));
  CHECK_FALSE(refused(with("shared", "reg_dmabuf_mr(A.rnic0, m)")));
  CHECK(
      refused("process q on A { region m: anon 1 page rw }\n"
              "thread q.t0 { reg_dmabuf_mr(A.rnic0, m) }"));
  CHECK(refused(with("", "munmap(m)")));
  CHECK(refused(with("shared locked", "munmap(m)")));
  CHECK(refused(with("shared", "ftruncate(f, 1)")));
  CHECK(refused(with("shared", "pread(f, 0)")));
  CHECK(refused(with("shared", "madvise(m, MADV_DONTNEED)")));
}

TEST_CASE("more allocations than can be counted are not waited for") {
  CHECK_FALSE(refused("thread app.t1 { munmap(buf) (fail_nth: 1000) }"));
  CHECK(refused("thread app.t1 { munmap(buf) (fail_nth: 1001) }"));
}

TEST_CASE("an init that does not come to rest is a problem of its scenario") {
  const auto problems = [](const std::string& skip_missing) {
    language::Sources sources = language_test::sources_of({{"t.sd", R"(scenario "s"
host A { cpus 2; ram 64 pages; device rnic0: rnic { odp on } }
policy evict_restore { skip_missing )" + skip_missing +
                                                                        R"( }
process app on A { region buf: anon 2 pages rw }
init {
    app: mr := reg_mr(A.rnic0, buf, odp)
    A.rnic0: dma_write(mr, 1)
    app: munmap(buf[1])
}
thread app.t0 { READ_ONCE(buf[0]) = 1 }
)"}});
    const language::Loaded loaded = language::load(sources, "t.sd", {});
    CHECK(loaded.cells.empty() == language::has_errors(loaded.problems));
    return language::render(sources, loaded.problems);
  };
  CHECK(problems("yes") == "");
  CHECK(problems("no").starts_with("t.sd:5:6: error: init does not come to rest"));
}
