// SPDX-License-Identifier: Apache-2.0
// The TLBs of the CPUs: what they may still use, and when they must not any more.
#include <doctest/doctest.h>

#include "model/memory/cpu.hpp"
#include "tests/model/builder.hpp"
#include "tests/model/calls.hpp"
#include "tests/model/run.hpp"

namespace model::testing {
namespace {

constexpr auto phases_of_shootdown = {
    EventKind::range_start, EventKind::pte_cleared, EventKind::pte_protected, EventKind::range_end,
    EventKind::cpu_flush,   EventKind::frame_freed, EventKind::swap_out};

// A page that a second thread, on a CPU of its own, has in its TLB.
struct TwoCpus : App {
  std::uint32_t second = program(HostId{0}, mm);

  TwoCpus() : App(1) { init(second, write(mm, page(0), 7)); }
};

TlbEntry entry(std::uint32_t page, std::uint32_t frame) {
  return {.mm = MmId{0}, .page = Page{page}, .frame = FrameId{frame}};
}

TEST_CASE("a CPU's TLB holds one entry for a page and forgets the oldest when it is full") {
  Cpu cpu;
  for (std::uint32_t i = 0; i <= Cpu::tlb_entries; ++i) cpu.fill(entry(i, i), Page{i});
  CHECK(cpu.tlb.size() == Cpu::tlb_entries);
  CHECK(cpu.find(MmId{0}, Page{0}) == nullptr);
  cpu.fill(entry(1, 99), Page{1});
  CHECK(cpu.tlb.size() == Cpu::tlb_entries);
  CHECK(cpu.find(MmId{0}, Page{1})->frame == FrameId{99});
}

TEST_CASE("a flush drops the pages of one address space and no others") {
  Cpu cpu;
  for (std::uint32_t i = 0; i < 4; ++i) cpu.fill(entry(i, i), Page{i});
  cpu.fill({.mm = MmId{1}, .page = Page{1}, .frame = FrameId{9}}, Page{1});
  cpu.flush(MmId{0}, {.first = Page{1}, .count = 2});
  CHECK(cpu.find(MmId{0}, Page{0}) != nullptr);
  CHECK_FALSE(cpu.caches(MmId{0}, {.first = Page{1}, .count = 2}));
  CHECK(cpu.find(MmId{0}, Page{3}) != nullptr);
  CHECK(cpu.find(MmId{1}, Page{1}) != nullptr);
}

TEST_CASE("a huge page has one entry, which goes whichever of its pages is named") {
  Cpu cpu;
  const TlbEntry huge{.mm = MmId{0}, .page = Page{512}, .frame = FrameId{512}, .order = 9};
  cpu.fill(huge, Page{600});
  cpu.fill(entry(1024, 7), Page{1024});
  REQUIRE(cpu.find(MmId{0}, Page{513}) != nullptr);
  CHECK(cpu.find(MmId{0}, Page{513})->frame_of(Page{513}) == FrameId{513});
  CHECK(cpu.caches(MmId{0}, one_page(Page{1023})));
  cpu.flush(MmId{0}, one_page(Page{512}));
  CHECK(cpu.find(MmId{0}, Page{600}) == nullptr);
  CHECK(cpu.find(MmId{0}, Page{1024}) != nullptr);
}

TEST_CASE("a CPU that has the page is interrupted before the frame is freed") {
  for (const bool advise : {true, false}) {
    TwoCpus app;
    const LineId zap = app.call(advise ? dontneed(app.mm, app.pages) : munmap(app.mm, app.pages));
    CHECK(Run(app.setup).order(zap, phases_of_shootdown) ==
          "range_start pte_cleared range_end cpu_flush frame_freed");
  }
}

constexpr auto advised = static_cast<std::uint32_t>(Advice::dontneed);

TEST_CASE("a CPU that has the page is interrupted before reclaim writes it to swap") {
  TwoCpus app;
  const LineId out = app.call(swap_out(app.mm, app.pages));
  CHECK(Run(app.setup).order(out, phases_of_shootdown) ==
        "range_start pte_cleared range_end cpu_flush swap_out frame_freed");
}

TEST_CASE("a CPU that does not have the page is not interrupted") {
  App app(1);
  app.program(HostId{0}, app.mm);
  const LineId zap = app.call(munmap(app.mm, app.pages));
  CHECK(Run(app.setup).count(EventKind::cpu_flush, zap) == 0);
}

TEST_CASE("until it is interrupted, a CPU reads what was there, and never afterwards") {
  TwoCpus app;
  app.call(dontneed(app.mm, app.pages));
  const VariableId seen = app.variable();
  app.line(app.second, read(app.mm, app.page(0)), seen);
  app.exists(equal({.code = Operation::Code::variable, .variable = seen}, 7));
  app.exists(equal({.code = Operation::Code::variable, .variable = seen}, 0));
  const sim::ExploreReport report = app.explore();
  REQUIRE(report.complete());
  CHECK(report.finals_by_class.size() == 2);
  CHECK(all_broken(app.setup) == "");
}

TEST_CASE("a read that starts after madvise has returned never sees the old content") {
  TwoCpus app;
  const LineId zap = app.call(dontneed(app.mm, app.pages));
  const VariableId seen = app.variable();
  app.after(zap, app.second, read(app.mm, app.page(0)), seen);
  app.exists(equal({.code = Operation::Code::variable, .variable = seen}, 0));
  const sim::ExploreReport report = app.explore();
  REQUIRE(report.complete());
  REQUIRE(report.finals_by_class.size() == 1);
  CHECK(report.finals_by_class[0].witnessed == 1);
}

TEST_CASE("no interleaving of accesses with munmap, madvise or swap-out uses a freed frame") {
  for (const Verb verb : {Verb::munmap, Verb::madvise, Verb::swap_out}) {
    TwoCpus app;
    app.call({.verb = verb, .mm = app.mm, .pages = app.pages, .number = advised});
    app.line(app.second, write(app.mm, app.page(0), 8));
    app.line(app.second, read(app.mm, app.page(0)));
    CHECK(all_broken(app.setup) == "");
  }
}

TEST_CASE("frames that are freed before the flush are used after free, by the CPU itself") {
  for (const Verb verb : {Verb::munmap, Verb::madvise}) {
    TwoCpus app;
    app.setup.switches.flush_before_free = false;
    app.call({.verb = verb, .mm = app.mm, .pages = app.pages, .number = advised});
    app.line(app.second, read(app.mm, app.page(0)));
    CHECK(all_broken(app.setup) == "use_after_free");
  }
}

TEST_CASE("a write that races with swap-out is in what comes back") {
  TwoCpus app;
  const LineId out = app.call(swap_out(app.mm, app.pages));
  const LineId wrote = app.line(app.second, write(app.mm, app.page(0), 8));
  const VariableId seen = app.variable();
  const std::uint32_t third = app.program(HostId{0}, app.mm);
  app.after(out, third, read(app.mm, app.page(0)));
  app.after(wrote, third, read(app.mm, app.page(0)), seen);
  app.exists(equal({.code = Operation::Code::variable, .variable = seen}, 8));
  const sim::ExploreReport report = app.explore();
  REQUIRE(report.complete());
  REQUIRE(report.finals_by_class.size() == 1);
  CHECK(report.finals_by_class[0].witnessed == 1);
  CHECK(all_broken(app.setup) == "");
}

TEST_CASE("after mprotect has returned no CPU writes the page") {
  TwoCpus app;
  const LineId protect = app.call(mprotect(app.mm, app.pages, prot_read));
  const VariableId result = app.variable();
  app.after(protect, app.second, write(app.mm, app.page(0), 8), result);
  app.exists(equal({.code = Operation::Code::value, .mm = app.mm, .pages = app.pages}, 7));
  const sim::ExploreReport report = app.explore();
  REQUIRE(report.complete());
  REQUIRE(report.finals_by_class.size() == 1);
  CHECK(report.finals_by_class[0].witnessed == 1);
}

}  // namespace
}  // namespace model::testing
