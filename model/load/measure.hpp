// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a scenario can ask to be measured of a load.

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "model/cost.hpp"
#include "model/event.hpp"
#include "model/load/workload.hpp"

namespace model {

// Something that has a beginning and an end, which are events.
enum class Spell : std::uint8_t { invalidate, range_start, dev_fault, stale, count };

struct SpellInfo {
  std::string_view name;
  std::string_view meaning;
};
inline constexpr std::array<SpellInfo, static_cast<std::size_t>(Spell::count)> spells{{
    {"invalidate", "from invalidate_range_start() to invalidate_range_end()"},
    {"range_start", "from invalidate_range_start() until all its callbacks have returned"},
    {"dev_fault", "from a fault of the adapter until its transfer starts, or is refused"},
    {"stale", "from when a page table entry is cleared until the adapter has dropped what it had"},
}};

// Added up without being an event, or a cost.
enum class Gauge : std::uint8_t {
  failed,
  oom,
  killed,
  pages_told,
  pages_over_invalidated,
  pinned_time,
  count
};

struct GaugeInfo {
  std::string_view name;
  std::string_view unit;
  std::string_view meaning;
};
inline constexpr std::array<GaugeInfo, static_cast<std::size_t>(Gauge::count)> gauges{{
    {"failed", "", "operations of workloads that failed"},
    {"oom", "", "operations of workloads that failed for want of memory"},
    {"killed", "", "operations of workloads that ended in a signal"},
    {"pages_told", "pages", "pages of all ranges that subscribers were told of"},
    {"pages_over_invalidated", "pages", "pages that an adapter lost outside of all such ranges"},
    {"pinned_time", "page ns", "how long each page was pinned, added up over all pages"},
}};

struct Statistic {
  enum class Kind : std::uint8_t { mean, min, max, percentile } kind = Kind::mean;
  double percent = 0;
  std::string name{};  // p99.9
};

struct MeasureSetup {
  enum class Kind : std::uint8_t { latency, throughput, count, time_in } kind = Kind::count;
  WorkloadId workload{};
  // Of count: one of these. Of time_in: `spell`, or `cost`.
  std::optional<EventKind> event{};
  std::optional<Cost> cost{};
  std::optional<Gauge> gauge{};
  std::optional<Spell> spell{};
  std::string subject{};  // Its name.
  std::vector<Statistic> statistics{};
};

// The load of a scenario, and what is asked about it.
struct LoadSetup {
  std::vector<WorkloadSetup> workloads{};
  RunSetup run{};
  std::vector<MeasureSetup> measures{};
};

// mean, min, max, p99.9
std::optional<Statistic> statistic_named(std::string_view name);
// count(range_start), p99(remote): none if there is no such word. Without statistics, where it may
// have several.
std::optional<MeasureSetup> measure_named(const LoadSetup& load, std::string_view what,
                                          std::string_view subject);

// A cost that a step was charged, so many times.
struct Spent {
  Cost cost{};
  std::uint64_t times = 0;
  sim::Nanoseconds duration = 0;
};

// A figure of a run, under the name by which a report or a check asks for it: p99(remote).
struct Measured {
  std::string name{};
  std::string unit{};  // ns, 1/s, or nothing.
  double value = 0;

  bool operator==(const Measured&) const = default;
};

}  // namespace model
