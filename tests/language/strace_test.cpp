// SPDX-License-Identifier: Apache-2.0
// The reader of strace's text, form by form.
#include "scenarios/language/strace.hpp"

#include <doctest/doctest.h>

#include "scenarios/language/strace_words.hpp"
#include "tests/language/support.hpp"

namespace {

using language::Strace;
using language::StraceItem;
using Outcome = StraceItem::Outcome;

struct Read {
  language::Sources sources;
  Strace strace;
};

Read read(const std::string& text) {
  Read result{.sources = language_test::sources_of({{"t.strace", text}}), .strace = {}};
  const auto id = result.sources.load("t.strace");
  result.strace = language::read_strace(result.sources, *id);
  return result;
}

std::string problems(const std::string& text) {
  const Read result = read(text);
  std::string all;
  for (const language::Problem& problem : result.strace.problems) {
    const auto at = result.sources.at(problem.span.source).position(problem.span.offset);
    all +=
        std::to_string(at.line) + ":" + std::to_string(at.column) + ": " + problem.message + "\n";
  }
  return all;
}

}  // namespace

TEST_CASE("a call has a task, a time, arguments and a result") {
  const Read result = read(
      "12 1700000000.000001 mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, "
      "0) = 0x7f0000001000\n"
      "12 1700000000.000004 munmap(0x7f0000001000, 4096) = 0 <0.000002>\n");
  REQUIRE(result.strace.problems.empty());
  REQUIRE(result.strace.items.size() == 2);
  const StraceItem& map = result.strace.items[0];
  CHECK(map.task == 12);
  CHECK(map.name == "mmap");
  CHECK(map.begin_ns == 0);
  REQUIRE(map.arguments.size() == 6);
  CHECK(map.arguments[2] == "PROT_READ|PROT_WRITE");
  CHECK(map.outcome == Outcome::value);
  CHECK(map.value == 0x7f0000001000);
  CHECK(result.strace.items[1].begin_ns == 3000);
  CHECK(result.strace.items[1].end_ns == 5000);
}

TEST_CASE("on a terminal strace writes [pid 12], and nothing while there is one task") {
  const Read result = read(
      "1700000000.1 brk(NULL)               = 0x5500\n"
      "strace: Process 13 attached\n"
      "[pid    13] 1700000000.2 brk(NULL)   = 0x5500\n"
      "[pid 12] 1700000000.3 exit_group(0) = ?\n");
  REQUIRE(result.strace.problems.empty());
  REQUIRE(result.strace.items.size() == 3);
  CHECK(result.strace.items[0].task == 0);
  CHECK(result.strace.items[1].task == 13);
  CHECK(result.strace.items[2].outcome == Outcome::none);
  CHECK(result.strace.remarks == 1);
  CHECK(result.strace.named == std::vector<std::uint32_t>{13});
}

TEST_CASE("an error has a name, and no value") {
  const Read result =
      read("1 1.0 mmap(NULL, 4096, 0, 0, -1, 0) = -1 ENOMEM (Cannot allocate memory)\n");
  REQUIRE(result.strace.items.size() == 1);
  CHECK(result.strace.items[0].outcome == Outcome::error);
  CHECK(result.strace.items[0].error == "ENOMEM");
}

TEST_CASE("a call that others interrupt is put together") {
  const Read result = read(
      "1 1.000001 wait4(2,  <unfinished ...>\n"
      "2 1.000002 munmap(0x1000, 4096) = 0\n"
      "1 1.000003 <... wait4 resumed>[{WIFEXITED(s) && WEXITSTATUS(s) == 0}], 0, NULL) = 2\n"
      "1 1.000004 clone3({flags=CLONE_VM|CLONE_THREAD, stack=0x1}, 88 <unfinished ...>\n"
      "1 1.000005 <... clone3 resumed> => {parent_tid=[3]}, 88) = 3\n");
  REQUIRE(result.strace.problems.empty());
  REQUIRE(result.strace.items.size() == 3);
  const StraceItem& wait = result.strace.items[0];
  REQUIRE(wait.arguments.size() == 4);
  CHECK(wait.arguments[1] == "[{WIFEXITED(s) && WEXITSTATUS(s) == 0}]");
  CHECK(wait.value == 2);
  CHECK(wait.begin_ns == 0);
  CHECK(wait.end_ns == 2000);
  CHECK(result.strace.items[2].value == 3);
  CHECK(result.strace.resumed == 2);
}

TEST_CASE("what does not end has no result") {
  const Read result = read("1 1.0 munmap(0x1000, 4096 <unfinished ...>\n");
  REQUIRE(result.strace.items.size() == 1);
  CHECK(result.strace.items[0].outcome == Outcome::none);
}

TEST_CASE("an end of a call from before the trace is counted") {
  CHECK(read("1 1.0 <... futex resumed>) = 0\n1 1.1 brk(NULL) = 0x1000\n").strace.cut == 1);
}

TEST_CASE("signals and ends are told apart") {
  const Read result = read(
      "1 1.0 --- SIGSEGV {si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=NULL} ---\n"
      "1 1.1 --- stopped by SIGSTOP ---\n"
      "2 1.2 +++ exited with 3 +++\n"
      "3 1.3 +++ killed by SIGKILL (core dumped) +++\n"
      "4 1.4 +++ superseded by execve in pid 5 +++\n");
  REQUIRE(result.strace.problems.empty());
  REQUIRE(result.strace.items.size() == 5);
  CHECK(result.strace.items[0].name == "SIGSEGV");
  CHECK(result.strace.items[1].name == "SIGSTOP");
  CHECK(result.strace.items[2].kind == StraceItem::Kind::exited);
  CHECK(result.strace.items[2].value == 3);
  CHECK(result.strace.items[3].kind == StraceItem::Kind::killed);
  CHECK(result.strace.items[4].value == 5);
}

TEST_CASE("an execve() that another thread begins ends under the first one's number") {
  const Read result = read(
      "5 1.0 execve(\"/bin/true\", [\"true\"], 0x1 /* 3 vars */ <unfinished ...>\n"
      "4 1.1 +++ superseded by execve in pid 5 +++\n"
      "4 1.2 <... execve resumed>) = 0\n");
  REQUIRE(result.strace.problems.empty());
  CHECK(result.strace.items[0].outcome == Outcome::value);
}

TEST_CASE("strings, files, structures and comments hide commas and brackets") {
  const Read result = read(
      "1 1.0 mmap(NULL, 8, 0x1 /* a, b */, MAP_PRIVATE, 3</usr/lib/a, b).so>, 0) = 0x1000\n"
      "1 1.1 execve(\"/bin/e\\\"(\", [\"a,b\", \"c\"...], 0x1 /* 2 vars */) = 0\n"
      "1 1.2 mmap(NULL, 8, 0, MAP_HUGETLB|21<<MAP_HUGE_SHIFT, -1, 0) = 0x1000\n");
  REQUIRE(result.strace.problems.empty());
  CHECK(language::strace_path(result.strace.items[0].arguments[4]) == "/usr/lib/a, b).so");
  CHECK(result.strace.items[1].arguments.size() == 3);
  CHECK(result.strace.items[2].arguments.size() == 6);
}

TEST_CASE("numbers are read as strace writes them") {
  CHECK(language::strace_number("0x10") == 16);
  CHECK(language::strace_number("NULL") == 0);
  CHECK(language::strace_number("020") == 16);
  CHECK(language::strace_number("16 /* bytes */") == 16);
  CHECK(language::strace_number("-1") == std::nullopt);
  CHECK(language::strace_number("0x1ffffffffffffffff") == std::nullopt);
  CHECK(language::strace_number("") == std::nullopt);
  CHECK(language::strace_path("3</memfd:x (deleted)>(deleted)") == "/memfd:x (deleted)");
}

TEST_CASE("flags are known by name and by number") {
  namespace map = model::map_flag;
  CHECK(language::mapping_flags("MAP_PRIVATE|MAP_ANONYMOUS|MAP_STACK").bits ==
        (map::private_ | map::anonymous));
  CHECK(language::mapping_flags("MAP_PRIVATE|MAP_STACK").stack);
  CHECK(language::mapping_flags("MAP_PRIVATE|MAP_ANONYMOUS|MAP_HUGETLB|21<<MAP_HUGE_SHIFT").bits ==
        (map::private_ | map::anonymous | map::hugetlb | map::huge_2mb));
  CHECK(language::mapping_flags("0x22").bits == (map::private_ | map::anonymous));
  CHECK(language::mapping_flags("MAP_PRIVAT").unknown == "MAP_PRIVAT");
  CHECK(language::mapping_flags("MAP_PRIVAT").suggestion == "MAP_PRIVATE");
  CHECK(language::protection_flags("PROT_NONE").bits == 0);
  CHECK(language::advice_of("0x66 /* MADV_??? */") == model::Advice::guard_install);
  CHECK(language::advice_of("MADV_DONTNEED") == model::Advice::dontneed);
  CHECK(language::advice_of("MADV_POPULATE") == std::nullopt);
  CHECK(language::clone_flags("{flags=CLONE_VM|CLONE_VFORK, exit_signal=SIGCHLD}").vfork);
  CHECK(!language::clone_flags("flags=CLONE_VMX").shares_memory);
}

TEST_CASE("each line that cannot be read is named") {
  CHECK(problems("1 mmap(NULL) = 0\n"
                 "1 1.0 hello world\n"
                 "1 1.1 brk(NULL = 0x1\n"
                 "1 1.2 brk(NULL)\n"
                 "1 1.3 brk(NULL) = what\n"
                 "1 1.4 brk(NULL) = -1 5\n"
                 "1 1.5 <... mmap resumed>) = 0\n"
                 "1 1.6 +++ left +++\n"
                 "1 1.7 --- SIGCHLD\n"
                 "1 1.2 brk(NULL) = 0x1\n"
                 "[pid x] 1.8 brk(NULL) = 0x1\n") ==
        "1:3: a time is wanted, in seconds since 1970: record with 'strace -f -ttt'\n"
        "2:7: this is no line of strace: expected a call, '<... CALL resumed>', '--- SIGNAL' or "
        "'+++ exited'\n"
        "3:21: the arguments of 'brk' do not end\n"
        "4:16: the result of 'brk' is missing\n"
        "5:19: a result is wanted: a number, '-1 ENOMEM (...)' or '?'\n"
        "6:19: the name of an error is wanted\n"
        "7:12: 'mmap' is resumed, but no call of this task is unfinished\n"
        "8:11: expected 'exited with', 'killed by' or 'superseded by execve'\n"
        "9:11: '---' is missing at the end\n"
        "10:7: time goes back: this is before an earlier line of the same task\n"
        "11:6: a number is wanted: [pid 123]\n");
}
