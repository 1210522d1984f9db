// SPDX-License-Identifier: Apache-2.0
#pragma once

// Small machines for tests: hosts with an adapter each, processes, regions and programs, built in
// a few lines and without the scenario language.

#include <string>
#include <utility>
#include <vector>

#include "model/explore.hpp"
#include "model/world.hpp"
#include "tests/model/calls.hpp"

namespace model::testing {

// What a scenario writes as `left == right`.
inline Expression equal(const Operation& left, std::int64_t right) {
  return {left, {.constant = right}, {.code = Operation::Code::equal}};
}

class Builder {
 public:
  static constexpr std::uint32_t cpus = 4;  // Of a host.

  Setup setup;

  explicit Builder(Policy policy = IntervalNotifierPolicy{}, std::uint32_t hosts = 2) {
    for (std::uint32_t i = 0; i < hosts; ++i) {
      const std::string name(1, static_cast<char>('A' + i));
      setup.hosts.push_back({.name = name, .cpus = cpus, .frames = 64, .slots = 16});
      setup.adapters.push_back(
          {.name = name + ".rnic0", .host = HostId{i}, .odp = true, .policy = policy});
    }
  }

  MmId process(HostId host = HostId{0}) {
    setup.processes.push_back({.name = "p", .host = host});
    return MmId{last(setup.processes)};
  }
  PageRange region(MmId mm, std::uint32_t count, RegionSetup extra = {}) {
    extra.mm = mm;
    extra.pages = {.first = Page{next_page_}, .count = count};
    next_page_ += count + 1;
    setup.regions.push_back(extra);
    return extra.pages;
  }
  VariableId variable() {
    setup.variables.push_back({});
    return VariableId{last(setup.variables)};
  }
  // A program for a process, an adapter or (neither) a kernel. Each has a CPU of its own.
  std::uint32_t program(HostId host, MmId mm = {}) {
    const auto cpu = CpuId{host.value * cpus + used_cpus_[host.index()]++ % cpus};
    setup.programs.push_back({.name = "t", .host = host, .mm = mm, .cpu = cpu});
    return last(setup.programs);
  }
  // A thread of a process, with all its calls.
  std::uint32_t thread(MmId mm, const std::vector<Call>& calls) {
    const std::uint32_t added = program(setup.processes[mm.index()].host, mm);
    for (const Call& call : calls) line(added, call);
    return added;
  }
  LineId line(std::uint32_t program, Call call, VariableId result = {}) {
    setup.lines.push_back({.call = call, .result = result});
    const LineId id{last(setup.lines)};
    setup.programs[program].lines.push_back(id);
    return id;
  }
  // A call that waits for another one to return.
  LineId after(LineId other, std::uint32_t program, Call call, VariableId result = {}) {
    const LineId id = line(program, call, result);
    setup.lines[id.index()].gate = {.kind = Gate::Kind::done, .line = other};
    return id;
  }
  // A call that waits for an event, or a step, of another one.
  LineId at(LineId other, EventKind event, std::uint32_t program, Call call) {
    setup.points.push_back({.line = other, .name = "", .steps = {}, .event = event});
    const LineId id = line(program, call);
    setup.lines[id.index()].gate = {.kind = Gate::Kind::point, .point = last(setup.points)};
    return id;
  }
  // A call of the init block, after all others of it.
  LineId init(std::uint32_t program, Call call, VariableId result = {}) {
    const LineId id = line(program, call, result);
    setup.lines[id.index()].init = true;
    if (last_init_.some()) {
      setup.lines[id.index()].gate = {.kind = Gate::Kind::done, .line = last_init_};
    }
    last_init_ = id;
    return id;
  }
  // The object that a call of the init block makes.
  VariableId made(std::uint32_t program, Call call) {
    const VariableId object = variable();
    init(program, call, object);
    return object;
  }
  void exists(const Expression& expression) {
    setup.claims.push_back({.kind = Claim::Kind::exists, .expression = expression});
  }
  void never(Property property) {
    setup.claims.push_back({.kind = Claim::Kind::never, .property = property});
  }
  void never_anything() {
    for (std::size_t i = 0; i < property_table.size(); ++i) never(static_cast<Property>(i));
  }

  sim::ExploreReport explore() const {
    return model::explore(World(setup, sim::Order::any), {.states_max = 2'000'000});
  }

 private:
  template <class T>
  static std::uint32_t last(const std::vector<T>& items) {
    return static_cast<std::uint32_t>(items.size() - 1);
  }

  std::uint32_t next_page_ = 16;
  std::uint32_t used_cpus_[8] = {};
  LineId last_init_;
};

inline constexpr HostId first_host{0};

// One process with one region, and one thread that calls whatever call() adds.
struct App : Builder {
  MmId mm = process();
  PageRange pages;
  std::uint32_t main = program(HostId{0}, mm);

  explicit App(std::uint32_t count, const RegionSetup& extra = {}, Policy policy = NonePolicy{})
      : Builder(policy, 1), pages(region(mm, count, extra)) {}
  Page page(std::uint32_t offset) const { return pages.at(offset); }
  LineId call(const Call& call) { return line(main, call); }
};

// Each page holds 7 and is in the TLB.
struct Written : App {
  explicit Written(std::uint32_t count, const RegionSetup& extra = {}, Policy policy = NonePolicy{})
      : App(count, extra, policy) {
    init(main, memset(mm, pages, 7));
  }
};

}  // namespace model::testing
