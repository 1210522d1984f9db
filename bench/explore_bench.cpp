// SPDX-License-Identifier: Apache-2.0
// Explored states per second on the real model: the on-demand-paging race of two pages.

#include <benchmark/benchmark.h>

#include "model/explore.hpp"
#include "tests/model/builder.hpp"

namespace {

using namespace model;

Setup two_page_race() {
  testing::Builder build;
  const MmId app = build.process(HostId{0});
  const MmId peer = build.process(HostId{1});
  const PageRange buf = build.region(app, 2);
  const VariableId mr = build.variable();
  const VariableId qp = build.variable();
  const auto main = build.program(HostId{0}, app);
  const auto setup = build.program(HostId{1}, peer);
  build.init(main, {.verb = Verb::memset, .mm = app, .pages = buf, .number = 1});
  build.init(main, {.verb = Verb::reg_mr, .mm = app, .pages = buf, .adapter = AdapterId{0}}, mr);
  build.init(setup, {.verb = Verb::connect, .mm = peer, .adapter = AdapterId{0}}, qp);
  const auto unmapper = build.program(HostId{0}, app);
  const auto requester = build.program(HostId{1}, peer);
  const auto kernel = build.program(HostId{0});
  build.line(unmapper, {.verb = Verb::munmap, .mm = app, .pages = one_page(buf.at(1))});
  for (std::uint32_t page = 0; page < buf.count; ++page) {
    const Target target{.variable = mr, .offset = one_page(Page{page})};
    build.line(requester,
               {.verb = Verb::rdma_write, .mm = peer, .target = target, .queue = qp, .number = 7});
  }
  build.line(kernel, {.verb = Verb::swap_out, .mm = app, .pages = one_page(buf.first)});
  build.never_anything();
  return build.setup;
}

void explore_odp_race(benchmark::State& state) {
  const Setup setup = two_page_race();
  std::uint64_t states = 0;
  std::uint64_t transitions = 0;
  for (auto _ : state) {
    const sim::ExploreReport report = model::explore(World(setup, sim::Order::any), {});
    states += report.states;
    transitions += report.transitions;
    state.counters["states"] = static_cast<double>(report.states);
    state.counters["state_bytes"] = static_cast<double>(report.state_bytes);
  }
  state.counters["states/s"] =
      benchmark::Counter(static_cast<double>(states), benchmark::Counter::kIsRate);
  state.counters["steps/s"] =
      benchmark::Counter(static_cast<double>(transitions), benchmark::Counter::kIsRate);
}
BENCHMARK(explore_odp_race)->Unit(benchmark::kMillisecond);

}  // namespace
