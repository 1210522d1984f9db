// SPDX-License-Identifier: Apache-2.0
// Traces that are replayed: what becomes of their calls, and what is said of those that are broken.
#include <doctest/doctest.h>

#include "model/world.hpp"
#include "scenarios/language/lower.hpp"
#include "tests/language/support.hpp"

namespace {

constexpr std::string_view machine =
    "host A { cpus 2; ram 256M; device rnic0: rnic { odp on } }\n"
    "process app on A { region named: anon 4 pages rw lazy at 0x7ffff7fc0000 }\n";

struct Replayed {
  language::Sources sources;
  language::Loaded loaded;

  const model::Setup& setup() const { return *loaded.cells.front().setup; }
  std::string said() const { return language::render(sources, loaded.problems); }
};

Replayed replay(const std::string& trace, const std::string& settings = "",
                const std::string& more = "") {
  const std::string text =
      std::string(machine) + "trace \"t.strace\" by app" + settings + "\n" + more;
  Replayed result{.sources = language_test::sources_of({{"t.sd", text}, {"t.strace", trace}}),
                  .loaded = {}};
  result.loaded = language::load(result.sources, "t.sd", {});
  return result;
}

// Runs it by time; whether all claims hold.
bool holds(const Replayed& what) {
  REQUIRE_MESSAGE(!what.loaded.cells.empty(), what.said());
  model::World world(what.setup(), sim::Order::by_time);
  sim::FirstChooser first;
  sim::NoTrace silent;
  std::uint32_t steps = 0;
  while (world.step({.chooser = first, .trace = silent})) REQUIRE(++steps < 1'000'000);
  world.rest();
  return world.broken() == 0;
}

std::string summary(const Replayed& what) {
  std::string all;
  for (const std::string& line : what.loaded.cells.front().traces.front().lines) all += line + "\n";
  return all;
}

const std::string map_two =
    "1 1.000001 mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = "
    "0x7ffff7fc0000\n";

}  // namespace

TEST_CASE("each broken trace is answered as expected") {
  const std::vector<std::string> paths =
      language_test::scenarios_in("tests/language/broken_traces");
  CHECK(paths.size() == 6);
  for (const std::string& path : paths) {
    CAPTURE(path);
    language::Sources sources(language_test::read_file);
    const std::string actual =
        language::render(sources, language::load(sources, path, {}).problems);
    CHECK(actual.find("error: ") != std::string::npos);
    const std::string expect = path.substr(0, path.size() - 3) + ".expect";
    CHECK(language_test::expected(expect, actual) == actual);
  }
}

TEST_CASE("calls that end as they did hold, and others break the claim of the trace") {
  CHECK(holds(replay(map_two + "1 1.000002 madvise(0x7ffff7fc0000, 4096, MADV_DONTNEED) = 0\n" +
                     "1 1.000003 munmap(0x7ffff7fc0000, 8192) = 0\n"
                     "1 1.000004 madvise(0x7ffff7fc0000, 4096, MADV_DONTNEED) = -1 ENOMEM (x)\n")));
  CHECK(!holds(replay(map_two + "1 1.000002 madvise(0x7ffff7fc0000, 4096, MADV_REMOVE) = 0\n")));
  CHECK(!holds(
      replay(map_two + "1 1.000002 mprotect(0x7ffff7fc0000, 4096, PROT_READ) = -1 EINVAL (x)\n")));
}

TEST_CASE("a claim of a region that the scenario names is about memory of the trace") {
  CHECK(holds(replay(map_two, " { touch all }", "eventually value(app, named[1]) == 1\n")));
  CHECK(holds(replay(map_two, " { touch 50% }",
                     "eventually value(app, named[0]) == 1 && frame(named[1]) == none\n")));
  CHECK(holds(replay(map_two, " { touch none }", "eventually frame(named[0]) == none\n")));
}

TEST_CASE("the device writes what was touched, and never what is gone") {
  const std::string rest = "1 1.010000 munmap(0x7ffff7fc0000, 8192) = 0\n";
  const std::string never = "never use_after_free, stale_translation\n";
  CHECK(holds(replay(map_two, " { device A.rnic0 }", "eventually value(app, named[1]) == 2\n")));
  CHECK(holds(replay(map_two, " { device A.rnic0; register implicit; use 1 page }",
                     "eventually value(app, named[0]) == 2 && value(app, named[1]) == 1\n")));
  CHECK(holds(replay(map_two + rest, " { device A.rnic0 }", never)));
}

TEST_CASE("memory that no line maps was there before") {
  const Replayed one = replay("1 1.000001 mprotect(0x555555558000, 4096, PROT_READ) = 0\n");
  CHECK(holds(one));
  CHECK(summary(one).find("1 ranges (1 pages) that were there before") != std::string::npos);
}

TEST_CASE("a child has memory of its own, a thread that of its process") {
  CHECK(holds(replay(map_two +
                     "1 1.000002 clone(child_stack=NULL, flags=CLONE_CHILD_SETTID|SIGCHLD) = 2\n"
                     "2 1.000003 munmap(0x7ffff7fc0000, 8192) = 0\n"
                     "2 1.000004 exit_group(0) = ?\n"
                     "2 1.000005 +++ exited with 0 +++\n"
                     "1 1.000006 madvise(0x7ffff7fc0000, 8192, MADV_DONTNEED) = 0\n")));
  const Replayed two =
      replay(map_two +
             "1 1.000002 clone3({flags=CLONE_VM|CLONE_THREAD, stack=0x1}, 88) = 2\n"
             "2 1.000003 munmap(0x7ffff7fc0000, 8192) = 0\n"
             "1 1.000004 madvise(0x7ffff7fc0000, 8192, MADV_DONTNEED) = -1 ENOMEM (x)\n");
  CHECK(holds(two));
  CHECK(summary(two).find("1 processes, 2 threads") != std::string::npos);
}

TEST_CASE("a child of vfork() uses its parent's memory until it has its own") {
  CHECK(
      holds(replay(map_two + "1 1.000002 vfork( <unfinished ...>\n"
                             "2 1.000003 munmap(0x7ffff7fc0000, 4096) = 0\n"
                             "2 1.000004 execve(\"/bin/true\", [\"true\"], 0x1 /* 2 vars */) = 0\n"
                             "1 1.000005 <... vfork resumed>) = 2\n"
                             "2 1.000006 brk(NULL) = 0x555555559000\n"
                             "2 1.000007 brk(0x55555557a000) = 0x55555557a000\n"
                             "2 1.000008 exit_group(0) = ?\n"
                             "1 1.000009 madvise(0x7ffff7fc0000, 4096, MADV_DONTNEED) = -1 "
                             "ENOMEM (x)\n")));
}

TEST_CASE("a reservation of many GiB costs nothing") {
  const Replayed big = replay(
      "1 1.000001 mmap(NULL, 1099511627776, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_NORESERVE, "
      "-1, "
      "0) = 0x7e0000000000\n"
      "1 1.000002 mprotect(0x7e0000000000, 65536, PROT_READ|PROT_WRITE) = 0\n"
      "1 1.000003 munmap(0x7e0000000000, 1099511627776) = 0\n");
  CHECK(holds(big));
  CHECK(summary(big).find("16 pages touched") != std::string::npos);
}

TEST_CASE("every line is counted") {
  const Replayed all =
      replay(map_two +
             "1 1.000002 wait4(-1, NULL, 0, NULL) = -1 ECHILD (No child)\n"
             "1 1.000003 mmap(NULL, 1, PROT_READ, MAP_PRIVATE, 3, 0) = -1 ENODEV (x)\n"
             "1 1.000004 --- SIGCHLD {si_signo=SIGCHLD} ---\n"
             "1 1.000005 +++ exited with 0 +++\n");
  CHECK(summary(all) ==
        "5 lines: 3 calls (0 of two lines), 1 signals, 1 ends, 0 of strace, 0 cut off\n"
        "1 processes, 1 threads\n"
        "1 calls replayed, 1 of them compared: mmap 1\n"
        "1 calls skipped about no memory: wait4 1\n"
        "1 calls skipped that failed for a reason that is not modelled: mmap 1\n"
        "2 pages touched, 0 uses by the device, 0 ranges (0 pages) that were there before\n");
}
