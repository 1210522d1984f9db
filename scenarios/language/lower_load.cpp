// SPDX-License-Identifier: Apache-2.0
// Workloads become programs, one for each operation that they have in flight.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "scenarios/language/canonical.hpp"
#include "scenarios/language/lowering.hpp"

namespace language {
namespace {

using model::Call;
using model::Verb;

// Of all workloads: the tasks that a step can be due to (sim::ActorId, of which each has four
// lanes).
constexpr std::uint64_t slots_max = 15'000;
constexpr std::uint64_t longest = 1'000'000'000'000'000'000;  // Nanoseconds: 30 years.

double real(const Rational& number) {
  return static_cast<double>(number.numerator()) / static_cast<double>(number.denominator());
}

const WorkloadKey* find_key(const Workload& workload, std::string_view name) {
  const auto found = std::ranges::find_if(
      workload.keys, [&](const WorkloadKey& key) { return key.name.text == name; });
  return found == workload.keys.end() ? nullptr : &*found;
}

// Those that a program waits for by itself: more of them in flight are more threads.
bool is_synchronous(std::string_view operation) {
  return !operation.starts_with("rdma_") && !operation.starts_with("dma_");
}

}  // namespace

void Lowering::add_load() {
  bool any = false;
  std::size_t runs = 0;
  for (const File& file : checked_.script->files) {
    for (const Item& item : file.items) {
      if (const auto* run = std::get_if<Run>(&item.node)) {
        if (runs++ > 0) problem(item.span, "a scenario has one 'run'");
        add_run(*run);
      }
      if (const auto* workload = std::get_if<Workload>(&item.node)) {
        any = true;
        add_workload(*workload);
      }
    }
  }
  if (any) {
    timed_ = true;
    if (setup_.load.run.runtime == 0 && setup_.load.run.operations == 0)
      setup_.load.run.runtime = 100'000'000;
  }
  for (const File& file : checked_.script->files) {
    for (const Item& item : file.items) {
      const auto* measure = std::get_if<Measure>(&item.node);
      if (measure == nullptr) continue;
      for (const Measurement& row : measure->rows) add_measurement(row);
    }
  }
}

void Lowering::add_run(const Run& run) {
  for (const Setting& setting : run.settings) {
    const std::string& name = setting.name.text;
    const Expr& value = setting.values[0];
    if (name == "ramp_time") setup_.load.run.ramp = duration_of(value);
    if (name == "runtime") setup_.load.run.runtime = duration_of(value);
    if (name == "ops") setup_.load.run.operations = number_of(value);
  }
}

sim::Nanoseconds Lowering::duration_of(const Expr& expr) {
  const std::uint64_t time = number_of(expr, Dimension::time);
  if (time <= longest) return time;
  problem(expr.span, "longer than 30 years");
  return 0;
}

// At least one, and not more than there can be.
std::uint32_t Lowering::several(const Expr& expr) {
  const std::uint64_t count = number_of(expr);
  if (count > 0 && count <= slots_max) return static_cast<std::uint32_t>(count);
  problem(expr.span, fmt::format("between 1 and {} are wanted", slots_max));
  return 1;
}

std::optional<Symbol> Lowering::actor_of(const Path& path) const {
  const std::string text = path.text();
  for (std::uint32_t i = 0; i < setup_.processes.size(); ++i) {
    if (setup_.processes[i].name == text) return Symbol{SymbolKind::process, i};
  }
  for (std::uint32_t i = 0; i < setup_.adapters.size(); ++i) {
    if (setup_.adapters[i].name == text) return Symbol{SymbolKind::device, i};
  }
  return std::nullopt;
}

PagesMeant Lowering::target_of(const Workload& workload, Symbol) {
  const WorkloadKey* key = find_key(workload, "target");
  if (key == nullptr) {
    problem(workload.name.span, "a workload needs a target: a region, or a registration");
    return {};
  }
  return pages_meant(key->values[0].value);
}

// The queue pair of that process that leads to the adapter with the registration.
model::VariableId Lowering::queue_to(const PagesMeant& target, Symbol actor, Span span) {
  const VariableInfo& object = checked_.variables[target.target.variable.index()];
  for (std::uint32_t i = 0; i < checked_.variables.size(); ++i) {
    const VariableInfo& variable = checked_.variables[i];
    if (variable.kind == Kind::qp && variable.owner == actor && variable.device == object.device) {
      return model::VariableId{i};
    }
  }
  problem(span,
          "this process has no queue pair to the adapter with that registration: "
          "qp := connect(...) in init");
  return {};
}

std::vector<Call> Lowering::calls_of(std::string_view operation, Symbol actor,
                                     const PagesMeant& target, Span span) {
  const bool by_device = actor.kind == SymbolKind::device;
  const bool by_object = target.target.variable.some();
  Call call{.mm = mm_of(actor), .pages = target.pages};
  call.host = host_of(actor);
  const auto with = [&call](Verb verb, std::uint32_t number = 0) {
    call.verb = verb;
    call.number = number;
    return call;
  };
  if (operation.starts_with("rdma_") || operation.starts_with("dma_")) {
    if (!by_object || by_device != operation.starts_with("dma_")) {
      problem(span, by_device ? "a device does dma_read and dma_write, to a registration"
                              : "a process does rdma_read and rdma_write, to a registration");
      return {};
    }
    call.target = target.target;
    call.pages = {};
    if (by_device) {
      call.adapter = model::AdapterId{actor.index};
      call.mm = target.mm;
      return {with(operation == "dma_read" ? Verb::dma_read : Verb::dma_write, 1)};
    }
    if (!target.attachment) call.queue = queue_to(target, actor, span);
    return {with(operation == "rdma_read" ? Verb::rdma_read : Verb::rdma_write, 1)};
  }
  if (by_object || by_device || target.mm != call.mm) {
    problem(span, "this is done by a process, to a region of its own");
    return {};
  }
  using model::Advice;
  namespace protection = model::protection;
  if (operation == "load") return {with(Verb::read_once)};
  if (operation == "store") return {with(Verb::write_once, 1)};
  if (operation == "munmap") {
    const Call gone = with(Verb::munmap);
    return {gone, with(Verb::mmap, protection::as_declared)};
  }
  if (operation == "mprotect") {
    const Call closed = with(Verb::mprotect, protection::read);
    return {closed, with(Verb::mprotect, protection::read | protection::write)};
  }
  const Advice advice = operation == "madvise_pageout" ? Advice::pageout : Advice::dontneed;
  return {with(Verb::madvise, static_cast<std::uint32_t>(advice))};
}

model::AccessPattern Lowering::pattern_of(const WorkloadKey* key, std::uint32_t blocks) {
  using Pattern = model::AccessPattern;
  if (key == nullptr) return {Pattern::Kind::uniform, 0, blocks};
  const WorkloadKey::Value& value = key->values[0];
  const Pattern::Kind kind = model::pattern_named(single_name(value.value)->text);
  const model::PatternParameter parameter = model::parameter_of(kind);
  if (!value.detail) return {kind, parameter.usual, blocks};
  if (parameter.name.empty()) {
    problem(value.detail->span, "this distribution has no parameter");
    return {kind, 0, blocks};
  }
  const std::optional<Rational> given = amount_in(value_of(*value.detail), Dimension::none);
  const double number = given ? real(*given) : 0;
  if (number <= parameter.above || number >= parameter.below) {
    problem(value.detail->span, fmt::format("{} lies between {} and {}, both excluded",
                                            parameter.name, parameter.above, parameter.below));
    return {kind, parameter.usual, blocks};
  }
  return {kind, number, blocks};
}

void Lowering::set_workload(model::WorkloadSetup& setup, const WorkloadKey& key) {
  const std::string& name = key.name.text;
  const Expr& value = key.values[0].value;
  if (name == "iodepth") setup.depth = several(value);
  if (name == "numjobs") setup.jobs = several(value);
  if (name == "thinktime") setup.interval = duration_of(value);
  if (name != "rate") return;
  const std::uint64_t rate = number_of(value, Dimension::rate);
  constexpr std::uint64_t second = 1'000'000'000;
  if (rate == 0 || rate > second) {
    problem(value.span, "a rate lies between 1/s and 1000000k/s");
    return;
  }
  setup.has_rate = true;
  setup.interval = second / rate;
  setup.poisson = key.values.size() > 1 && single_name(key.values[1].value)->text == "poisson";
}

void Lowering::add_workload(const Workload& workload) {
  const std::optional<Symbol> actor = actor_of(workload.actor);
  if (!actor) return problem(workload.actor.span, "a workload is done by a process or a device");
  model::WorkloadSetup setup{.name = workload.name.text};
  const PagesMeant target = target_of(workload, *actor);
  const std::size_t before = problems_.size();
  if (const WorkloadKey* size = find_key(workload, "bs")) {
    const std::uint64_t bytes = number_of(size->values[0].value, Dimension::size);
    const std::uint64_t pages = bytes / page_bytes + (bytes % page_bytes != 0 ? 1 : 0);
    setup.block_pages =
        static_cast<std::uint32_t>(std::clamp<std::uint64_t>(pages, 1, model::Page::none));
  }
  const std::uint32_t blocks = target.pages.count / setup.block_pages;
  if (blocks == 0) {
    if (target.pages.count > 0) problem(workload.name.span, "its target is smaller than a block");
    return;
  }
  PagesMeant block = target;
  block.pages.count = setup.block_pages;
  block.target.offset.count = setup.block_pages;
  setup.pattern = pattern_of(find_key(workload, "random_distribution"), blocks);
  const WorkloadKey* mix = find_key(workload, "op");
  if (mix == nullptr) return problem(workload.name.span, "a workload needs operations: op load");
  bool synchronous = false;
  std::vector<double> shares;
  for (const WorkloadKey::Value& value : mix->values) {
    const Name* name = single_name(value.value);
    const std::optional<Rational> share =
        value.detail ? amount_in(value_of(*value.detail), Dimension::none) : Rational(1);
    shares.push_back(share ? real(*share) : 0);
    if (shares.back() <= 0) problem(value.detail->span, "a share of nothing");
    setup.operations.push_back(
        {.name = name->text, .calls = calls_of(name->text, *actor, block, name->span)});
    synchronous = synchronous || is_synchronous(name->text);
  }
  const double all = std::accumulate(shares.begin(), shares.end(), 0.0);
  for (std::size_t i = 0; i < shares.size(); ++i) {  // In millionths of all.
    setup.operations[i].share = static_cast<std::uint32_t>(std::ceil(shares[i] / all * 1'000'000));
  }
  for (const WorkloadKey& key : workload.keys) set_workload(setup, key);
  if (synchronous) setup.depth = 1;
  const std::uint64_t slots = std::uint64_t{setup.jobs} * setup.depth + setup_.programs.size();
  if (slots > slots_max) {
    problem(workload.name.span,
            fmt::format("more than {} programs and operations in flight", slots_max));
  }
  if (std::ranges::find(model::spells, setup.name, &model::SpellInfo::name) !=
      model::spells.end()) {
    problem(workload.name.span, "a spell that can be measured is called so");
  }
  if (problems_.size() != before) return;
  model::Line line{.call = setup.operations[0].calls[0]};
  line.text = "workload " + setup.name;
  line.source = place(workload.name.span);
  add_slots(setup, *actor, std::move(line));
}

void Lowering::add_slots(const model::WorkloadSetup& setup, Symbol actor, model::Line line) {
  const model::WorkloadId id{static_cast<std::uint32_t>(setup_.load.workloads.size())};
  const model::LineId own{static_cast<std::uint32_t>(setup_.lines.size())};
  setup_.lines.push_back(std::move(line));
  const model::HostId host = host_of(actor);
  for (std::uint32_t job = 0; job < setup.jobs; ++job) {
    std::uint32_t cpu = used_cpus_[host.index()]++ % setup_.hosts[host.index()].cpus;
    for (std::uint32_t i = 0; i < host.value; ++i) cpu += setup_.hosts[i].cpus;
    for (std::uint32_t i = 0; i < setup.depth; ++i) {
      model::Program program{.name = fmt::format("{}.{}", setup.name, job),
                             .host = host,
                             .mm = mm_of(actor),
                             .cpu = model::CpuId{cpu},
                             .lines = {own},
                             .workload = id};
      if (actor.kind == SymbolKind::device) program.adapter = model::AdapterId{actor.index};
      setup_.programs.push_back(std::move(program));
    }
  }
  setup_.load.workloads.push_back(setup);
}

void Lowering::add_measurement(const Measurement& row) {
  using What = model::MeasureSetup::Kind;
  auto measure = model::measure_named(setup_.load, row.what.text, row.subject.text);
  if (!measure) return;
  for (const Name& name : row.statistics) {
    auto statistic = model::statistic_named(name.text);
    const bool percentile = statistic && statistic->kind == model::Statistic::Kind::percentile;
    if (!statistic || (percentile && (statistic->percent <= 0 || statistic->percent > 100))) {
      problem(name.span, "a percentile lies above 0 and is 100 at most: p99.9");
    } else if (measure->kind != What::latency && !measure->spell) {
      problem(name.span, "this is one figure, and has no statistics");
    } else {
      measure->statistics.push_back(std::move(*statistic));
    }
  }
  if (measure->kind == What::latency && row.statistics.empty()) {
    problem(row.span, "a latency needs statistics: mean, min, max, p99");
  }
  setup_.load.measures.push_back(std::move(*measure));
}

}  // namespace language
