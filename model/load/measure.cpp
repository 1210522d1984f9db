// SPDX-License-Identifier: Apache-2.0
#include "model/load/measure.hpp"

#include <algorithm>
#include <charconv>

namespace model {
namespace {

template <class Word, class Rows>
std::optional<Word> named(const Rows& rows, std::string_view name) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].name == name) return static_cast<Word>(i);
  }
  return std::nullopt;
}

}  // namespace

std::optional<Statistic> statistic_named(std::string_view name) {
  Statistic statistic{.name = std::string(name)};
  if (name == "mean") return statistic;
  if (name == "min" || name == "max") {
    statistic.kind = name == "min" ? Statistic::Kind::min : Statistic::Kind::max;
    return statistic;
  }
  if (!name.starts_with("p")) return std::nullopt;
  statistic.kind = Statistic::Kind::percentile;
  const auto [end, error] =
      std::from_chars(name.data() + 1, name.data() + name.size(), statistic.percent);
  if (error != std::errc{} || end != name.data() + name.size()) return std::nullopt;
  return statistic;
}

std::optional<MeasureSetup> measure_named(const LoadSetup& load, std::string_view what,
                                          std::string_view subject) {
  using What = MeasureSetup::Kind;
  MeasureSetup measure{.subject = std::string(subject)};
  if (what == "count") {
    measure.event = named<EventKind>(event_table, subject);
    if (!measure.event) measure.cost = named<Cost>(cost_table, subject);
    if (!measure.event && !measure.cost) measure.gauge = named<Gauge>(gauges, subject);
    if (!measure.event && !measure.cost && !measure.gauge) return std::nullopt;
    return measure;
  }
  if (what == "time_in") {
    measure.kind = What::time_in;
    measure.spell = named<Spell>(spells, subject);
    if (!measure.spell) measure.cost = named<Cost>(cost_table, subject);
    if (!measure.spell && !measure.cost) return std::nullopt;
    return measure;
  }
  const auto workload = named<std::uint32_t>(load.workloads, subject);
  if (workload) measure.workload = WorkloadId{*workload};
  if (what == "throughput" || what == "latency") {
    measure.kind = what == "throughput" ? What::throughput : What::latency;
    return workload ? std::optional(measure) : std::nullopt;
  }
  const std::optional<Statistic> statistic = statistic_named(what);
  if (!statistic) return std::nullopt;
  measure.statistics = {*statistic};
  measure.kind = workload ? What::latency : What::time_in;
  if (!workload) measure.spell = named<Spell>(spells, subject);
  return workload || measure.spell ? std::optional(measure) : std::nullopt;
}

}  // namespace model
