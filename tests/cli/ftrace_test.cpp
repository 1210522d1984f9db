// SPDX-License-Identifier: Apache-2.0
// That --format ftrace explains the time of a run: what a call took is the sum of its steps and
// waits, and the time until its thread's next call starts.
#include <doctest/doctest.h>

#include <map>
#include <optional>
#include <sstream>

#include "tests/cli/support.hpp"

namespace {

using Time = std::uint64_t;  // ns

struct Line {
  std::string task{};
  Time at = 0;
  std::string name{};
  std::string text{};  // Behind the name.
};

std::optional<Line> parse(const std::string& text) {
  const std::size_t cpu = text.find(" [");
  const std::size_t name = text.find(": ");
  if (cpu == std::string::npos || name == std::string::npos) return std::nullopt;
  const std::size_t second = text.find_first_not_of(' ', text.find(']') + 1);
  const std::size_t dot = text.find('.', second);
  const std::size_t end = text.find(':', name + 2);
  Line line{.task = text.substr(0, cpu), .name = text.substr(name + 2, end - name - 2)};
  line.at = std::stoull(text.substr(second, dot - second)) * 1'000'000'000 +
            std::stoull(text.substr(dot + 1, 9));
  if (end + 1 < text.size()) line.text = text.substr(end + 1);
  return line;
}

// "1.250 us |  ..."
Time duration_of(const Line& line) {
  const std::size_t first = line.text.find_first_not_of(' ');
  const std::size_t dot = line.text.find('.', first);
  return std::stoull(line.text.substr(first, dot - first)) * 1000 +
         std::stoull(line.text.substr(dot + 1, 3));
}

struct Call {
  std::string function{};
  Time begun = 0;
  Time ended = 0;
  Time said = 0;   // Behind the closing brace.
  Time parts = 0;  // Of its steps and waits.
};

std::vector<Call> calls_of(const std::string& trace) {
  std::vector<Call> calls;
  std::map<std::string, Call> open;
  std::istringstream lines(trace);
  for (std::string text; std::getline(lines, text);) {
    const std::optional<Line> line = parse(text);
    if (!line) continue;
    Call& call = open[line->task];
    if (line->name == "funcgraph_exit") {
      call.said = duration_of(*line);
      call.ended = line->at;
      calls.push_back(std::exchange(call, {}));
    } else if (line->name == "funcgraph_entry" && line->text.ends_with('{')) {
      call = {
          .function = line->text.substr(line->text.find_last_of(' ', line->text.size() - 3) + 1),
          .begun = line->at};
    } else if (line->name == "funcgraph_entry") {
      call.parts += duration_of(*line);
    }
  }
  return calls;
}

constexpr const char* machine = R"(// SPDX-License-Identifier: Apache-2.0
scenario "ftrace"
host A { cpus 2; numa 2; ram 64M; swap 16M; device rnic0: rnic { tlb 4 entries; odp on } }
file d on A: disk 8 pages
process p on A {
    region m: anon 8 pages rw at 0x10000000000
    region t: anon 512 pages rw thp at 0x20000000000
    region e: file d 8 pages shared rw at 0x30000000000
}
process child on A
)";

std::string trace_of(const std::string& program) {
  const cli::testing::Folder folder;
  const std::string path = folder.write("t.sd", machine + program);
  const cli::testing::Said said = cli::testing::program({"run", path, "--format", "ftrace"});
  CAPTURE(said.err);
  CHECK(said.status == 0);
  return said.out;
}

}  // namespace

TEST_CASE("the steps and waits of a call are its time, and then comes the next call") {
  const std::vector<Call> calls = calls_of(trace_of(R"(thread p.t0 {
    +0us memset(m, 1)                      = 0
    memset(t[0..1], 2)                     = 0
    mprotect(m[0..3], PROT_READ)           = 0
    fork(child)                            = 0
    WRITE_ONCE(t[0], 3)                    = 0
    madvise(m[4..7], MADV_PAGEOUT)         = 0
    READ_ONCE(m[4])                        = 1
    READ_ONCE(e[0])                        = 0
    WRITE_ONCE(e[0], 4)                    = 0
    fdatasync(d)                           = 0
    move_pages(m[4..5], 1)                 = 0
    mremap(m[6..7], m[6])                  = 0
    munmap(m)                              = 0
    munmap(t)                              = 0
    exit()                                 = 0
}
never deadlock
)"));
  REQUIRE(calls.size() == 15);
  for (std::size_t i = 0; i < calls.size(); ++i) {
    CAPTURE(calls[i].function);
    CHECK(calls[i].parts == calls[i].said);
    CHECK(calls[i].begun + calls[i].said == calls[i].ended);
    CHECK(calls[i].said > 0);
    if (i + 1 < calls.size()) CHECK(calls[i].ended == calls[i + 1].begun);
  }
}

TEST_CASE("waits for locks and other CPUs are part of a call's time") {
  const std::string trace = trace_of(R"(init { p: memset(m, 1) }
thread p.t0 {
    +0us READ_ONCE(m[0])           = 1
    madvise(m[0..3], MADV_PAGEOUT) = 0
}
thread p.t1 {
    +0us READ_ONCE(m[7])           = 1
    READ_ONCE(m[1])                = 1
    munmap(m[6..7])                = 0
}
never deadlock
)");
  CHECK(trace.find("wait(); /* the ") != std::string::npos);
  CHECK(trace.find("wait(); /* other CPUs to flush their TLBs */") != std::string::npos);
  for (const Call& call : calls_of(trace)) {
    CAPTURE(call.function);
    CHECK(call.parts == call.said);
    CHECK(call.begun + call.said == call.ended);
  }
}

TEST_CASE("a huge page costs more than its 512 small ones are cleared for") {
  const auto time_of = [](const std::string& pages) {
    return calls_of(
               trace_of("thread p.t0 { +0us WRITE_ONCE(" + pages + ", 1) = 0 }\nnever deadlock\n"))
        .at(0)
        .said;
  };
  constexpr Time cleared = 512 * 300;
  CHECK(time_of("t[0]") > time_of("m[0]") + cleared);
  CHECK(time_of("t[0]") < time_of("m[0]") + cleared + 1000);
}

TEST_CASE("what has a tracepoint has its name and its fields") {
  const std::string trace = trace_of(R"(thread p.t0 {
    +0us WRITE_ONCE(m[1], 1)         = 0
    READ_ONCE(m[2])                  = 0
    WRITE_ONCE(m[2], 1)              = 0
    move_pages(m[1], 1)              = 0
    memset(t[0..1], 2)               = 0
    madvise(t[9], MADV_DONTNEED)     = 0
    madvise(t, MADV_COLLAPSE)        = 0
    madvise(m[1], MADV_PAGEOUT)      = 0
}
never deadlock
)");
  for (const char* wanted :
       {"page_fault_user:      address=0x10000001000 error_code=0x6",
        "page_fault_user:      address=0x10000002000 error_code=0x4",
        "page_fault_user:      address=0x10000002000 error_code=0x7", "mm_page_alloc:        pfn=",
        "order=9", "tlb_flush:            pages:1 reason:local shootdown (2)",
        "mm_migrate_pages:     nr_succeeded=1 nr_failed=0 mode=MIGRATE_SYNC "
        "reason=syscall_or_cpuset",
        "mm_collapse_huge_page: isolated=1, status=succeeded", "mm_vmscan_write_folio: pfn=",
        "sys_enter_madvise:    addr: 0x20000009000, len: 0x1000", "sys_exit_madvise:     0x0"}) {
    CAPTURE(wanted);
    CHECK(trace.find(wanted) != std::string::npos);
  }
}
