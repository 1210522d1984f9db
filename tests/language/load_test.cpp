// SPDX-License-Identifier: Apache-2.0
// Loads that run: what is said of those that cannot, and that what runs ahead of the queue comes to
// the same as what does not.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "model/world.hpp"
#include "scenarios/language/lower.hpp"
#include "tests/language/support.hpp"

namespace {

// A process, its device and a peer at the same memory, which is short.
constexpr std::string_view load = R"(
host A { cpus 3; ram 200k; swap 4M; device rnic0: rnic { tlb 16 entries; odp on } }
host B { device rnic0: rnic { odp on } }
link A.rnic0 <-> B.rnic0 { latency 1us; bandwidth 100Gbps }
process app  on A { region heap: anon 64 pages rw }
process peer on B
init {
    app:  mr := reg_mr(A.rnic0, heap, odp) = ok
    peer: qp := connect(A.rnic0)           = ok
}
workload local by app {
    op load 50%, store 40%, madvise_dontneed 3%, munmap 2%, mprotect 5%
    target heap; numjobs 2; thinktime 20ns
    random_distribution zipf:0.9
}
workload device by A.rnic0 { op dma_read 60%, dma_write; target mr; random_distribution normal }
workload alike by A.rnic0 { op dma_write; target mr[0..7]; thinktime 1us }
workload remote by peer { op rdma_read, rdma_write; target mr; iodepth 4; rate 50k/s poisson }
run { ramp_time 100us; runtime 3ms }
measure {
    latency(local) p50 p99 max mean, latency(device) p50 max mean, latency(alike) p50 mean
    latency(remote) p50 p99 max mean, throughput(local), throughput(device), throughput(alike)
    count(cpu_read), count(cpu_write), count(dma_read), count(dma_write), count(dma_start)
    count(call), count(returned), count(half), count(memory_access), count(device_tlb)
    count(dma_page), count(range_start), count(swap_in), count(failed)
    time_in(dma_page), time_in(memory_access), time_in(invalidate) mean max
}
never use_after_free
)";
// Claims that are looked at behind each step: nothing runs ahead then.
constexpr std::string_view looked_at = "always frames_free < 100000\n";
// A claim that each transfer is judged by: none is made by the thousand.
constexpr std::string_view judged = "never stale_translation\n";

struct Ran {
  std::vector<std::string> measured;
  std::vector<sim::Record> records;
  std::uint64_t steps = 0;
  std::uint64_t broken = 0;
};

Ran run(const std::string& text, bool traced = false) {
  language::Sources sources = language_test::sources_of({{"t.sd", text}});
  const language::Loaded loaded = language::load(sources, "t.sd", {});
  REQUIRE_MESSAGE(!loaded.cells.empty(), language::render(sources, loaded.problems));
  const model::Setup& setup = *loaded.cells.front().setup;
  model::World world(setup, sim::Order::by_time);
  model::Meter meter(setup);
  world.set_meter(&meter);
  sim::SeededChooser chooser(5);
  sim::NoTrace silent;
  sim::VectorTrace trace;
  sim::TraceSink& sink = traced ? static_cast<sim::TraceSink&>(trace) : silent;
  Ran ran;
  while (world.step({.chooser = chooser, .trace = sink})) REQUIRE(++ran.steps < 10'000'000);
  world.rest();
  ran.broken = world.broken();
  for (const model::Measured& each : meter.report(world.now())) {
    ran.measured.push_back(fmt::format("{} {} {}", each.name, each.value, each.unit));
  }
  ran.measured.push_back(fmt::format("time {}", world.now()));
  ran.records = trace.records();
  return ran;
}

std::string with(std::string_view claim) { return std::string(load) + std::string(claim); }

}  // namespace

TEST_CASE("each broken load is answered as expected") {
  const std::vector<std::string> paths = language_test::scenarios_in("tests/language/broken_loads");
  CHECK(paths.size() == 5);
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

TEST_CASE("what runs ahead of the queue comes to the same as what does not") {
  const Ran ahead = run(with(""));
  const Ran behind = run(with(looked_at));
  CHECK(ahead.broken == 0);
  CHECK(ahead.measured == behind.measured);
  CHECK(ahead.steps < behind.steps);
  CHECK(run(with(judged)).measured == behind.measured);
}

TEST_CASE("a device that is alone needs no step for a transfer") {
  const std::string alone = R"(
host A { ram 64M; device rnic0: rnic { tlb 16 entries; odp on } }
process app on A { region heap: anon 64 pages rw }
init {
    app: memset(heap, 1)
    app: mr := reg_mr(A.rnic0, heap, odp) = ok
    app: prefetch(mr)                     = 0
}
workload device by A.rnic0 { op dma_write; target mr; random_distribution zipf:0.9 }
run { ramp_time 1us; ops 5000 }
measure { latency(device) p50 max mean, throughput(device), count(dma_write), time_in(dma_page) }
)";
  const Ran ahead = run(alone);
  const Ran behind = run(alone + std::string(looked_at));
  CHECK(ahead.measured == behind.measured);
  CHECK(run(alone + std::string(judged)).measured == behind.measured);
  CHECK(ahead.steps < 10);
  CHECK(behind.steps >= 10'000);
}

TEST_CASE("a reader sees the same events, whether they ran ahead or not") {
  const auto events = [](const Ran& ran) {
    std::vector<std::string> texts;
    for (const sim::Record& record : ran.records) {
      const model::Event event = model::from_record(record);
      if (event.kind == model::EventKind::step) continue;
      texts.push_back(fmt::format("{} {} {} {} {} {}", record.at, record.actor, record.kind,
                                  event.pages.first.value, event.value, event.detail));
    }
    std::ranges::stable_sort(texts);
    return texts;
  };
  const Ran ahead = run(with(""), true);
  CHECK(events(ahead) == events(run(with(looked_at), true)));
  CHECK(ahead.measured == run(with("")).measured);
}

TEST_CASE("what an adapter never drops is stale until the end") {
  const std::string given_back = R"(
host A { ram 64M; device rnic0: rnic { odp on } }
process app on A { region heap: anon 4 pages rw }
init {
    app:     memset(heap, 1)
    app:     mr := reg_mr(A.rnic0, heap, odp) = ok
    A.rnic0: dma_read(mr[0])                  = 1
}
timeline {
    +1us  app: madvise(heap, MADV_DONTNEED) = 0
    +5us  app: READ_ONCE(heap[1])           = 0
}
measure { time_in(stale) max }
)";
  CHECK(run(given_back).measured[0] == "max(stale) 0 ns");
  const std::string kept = run(given_back + "policy none\n").measured[0];
  CHECK(kept.starts_with("max(stale) "));
  CHECK(std::stoul(kept.substr(11)) > 5000);
}

TEST_CASE("accesses that cost nothing do not keep a step from ending") {
  const std::string free = R"(
host A { ram 64M }
process app on A { region heap: anon 1 page rw }
cost { memory_access 0ns }
workload local by app { op load; target heap }
run { ops 600000 }
measure { count(cpu_read) }
)";
  const Ran ran = run(free);
  CHECK(ran.measured[0] == "count(cpu_read) 600000 ");
  CHECK(ran.steps >= 3);
}

TEST_CASE("shares of any size are shares") {
  const Ran ran = run(R"(
host A { ram 64M }
process app on A { region heap: anon 8 pages rw }
workload local by app { op load 4000, store 1000; target heap }
run { ops 10000 }
measure { count(cpu_write), latency(local) p50 }
)");
  const double writes = std::stod(ran.measured[0].substr(17));
  CHECK(writes == doctest::Approx(2000).epsilon(0.1));
}

TEST_CASE("two policies get the same operations of a workload with one job") {
  const std::string alone = R"(
host A { ram 64M; device rnic0: rnic { odp on } }
process app on A { region heap: anon 64 pages rw }
init { app: mr := reg_mr(A.rnic0, heap, odp) = any }
workload local by app { op load 50%, store 50%; target heap; random_distribution zipf:1.1 }
run { ops 2000 }
measure { count(cpu_read), count(cpu_write), count(minor_fault) }
)";
  CHECK(run(alone).measured[0] == run(alone + "policy pin_all\n").measured[0]);
  CHECK(run(alone).measured[0] == "count(cpu_read) 986 ");
}
