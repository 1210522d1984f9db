// SPDX-License-Identifier: Apache-2.0
// What conditions, watch columns and statistics may ask.
#include "model/load/measure.hpp"
#include "scenarios/language/vocabulary.hpp"

namespace language {
namespace {

Form form(std::vector<Parameter> parameters) { return {std::move(parameters)}; }
Parameter of(ParameterKind kind, std::string name) {
  return {.name = std::move(name), .kind = kind};
}

std::vector<FunctionRow> state_functions() {
  const Parameter process = of(ParameterKind::process, "process");
  const Parameter device = of(ParameterKind::device, "device");
  const Parameter pages = of(ParameterKind::pages, "page");
  const Parameter remote = of(ParameterKind::remote_pages, "mr page");
  const Parameter mr = of(ParameterKind::mr, "mr");
  const Parameter handle = of(ParameterKind::handle, "handle");
  return {
      {"pte",
       {form({process, pages})},
       Kind::number,
       "The frame that the process's page table names, or none.",
       {"none"}},
      {"tlb",
       {form({device, remote})},
       Kind::number,
       "The frame that the device's TLB names, or none.",
       {"none"}},
      {"frame",
       {form({pages})},
       Kind::number,
       "The frame that holds the page, or none.",
       {"none"},
       {"refs", "pins"}},
      {"seq",
       {form({device, mr})},
       Kind::number,
       "The sequence number of the mr's interval notifier."},
      {"value", {form({process, pages})}, Kind::number, "What the process would read."},
      {"tlb_entries",
       {form({handle}), form({device}), form({mr})},
       Kind::number,
       "How many translations device TLBs hold."},
      {"rcache_regions",
       {form({process})},
       Kind::number,
       "How many regions a look-up in the process's registration cache can find."},
      {"rcache_queue",
       {form({process})},
       Kind::number,
       "How many unmappings the registration cache has still to act upon."},
      {"frames_pinned", {}, Kind::number, "Frames that are pinned."},
      {"frames_free", {}, Kind::number, "Frames on the free list."},
  };
}

std::vector<FunctionRow> execution_functions() {
  const Parameter label = of(ParameterKind::label, "label");
  return {
      {"starts_after",
       {form({label, of(ParameterKind::label, "other label")})},
       Kind::truth,
       "The first operation began after the second had returned."},
      {"finished", {form({label})}, Kind::truth, "The operation returned."},
      {"retries", {form({label})}, Kind::number, "How often the operation started again."},
      {"faults", {form({label})}, Kind::number, "How many device faults the operation took."},
      {"hit", {form({label})}, Kind::number, "1 if the registration cache had what was asked for."},
      {"cpages", {form({label})}, Kind::number, "How many pages the device has read or written."},
      {"entry_num",
       {form({label})},
       Kind::number,
       "How many entries of an array of invalidations the kernel says it has handled."},
      {"sequence",
       {form({label})},
       Kind::number,
       "The number of the last event that a read of a vIOMMU's queue has given."},
      {"lost_events",
       {form({label})},
       Kind::number,
       "1 if it has given the word that events were lost."},
      {"max",
       {form({of(ParameterKind::number, "number")})},
       Kind::number,
       "The largest over all executions."},
      {"min",
       {form({of(ParameterKind::number, "number")})},
       Kind::number,
       "The smallest over all executions."},
  };
}

template <class Table>
void add_names(std::vector<std::string>& names, const Table& table) {
  for (const auto& info : table) names.emplace_back(info.name);
}

std::vector<FunctionRow> statistics() {
  const Parameter workload = of(ParameterKind::workload, "workload");
  Parameter counted{.name = "event, cost or sum that is counted", .kind = ParameterKind::word};
  add_names(counted.words, model::event_table);
  add_names(counted.words, model::cost_table);
  add_names(counted.words, model::gauges);
  Parameter spent{.name = "spell or cost that takes time", .kind = ParameterKind::word};
  add_names(spent.words, model::spells);
  Parameter timed = of(ParameterKind::workload, "workload or spell");
  add_names(timed.words, model::spells);
  add_names(spent.words, model::cost_table);
  const auto row = [](std::string name, std::vector<Form> forms, Dimension dimension,
                      std::string doc) {
    FunctionRow result{std::move(name), std::move(forms), Kind::number, std::move(doc)};
    result.statistic = true;
    result.dimension = dimension;
    return result;
  };
  return {
      row("time", {}, Dimension::time, "When the run has come to rest."),
      row("steps", {}, Dimension::none, "How many steps the run has."),
      row("count", {form({counted})}, Dimension::none,
          "How often the event happened, or the cost was due."),
      row("time_in", {form({spent})}, Dimension::time,
          "Time between its start and its end, or spent on the cost."),
      row("latency", {form({workload})}, Dimension::time,
          "Time from an operation's start to its end."),
      row("throughput", {form({workload})}, Dimension::rate, "Operations a second."),
      row("mean", {form({timed})}, Dimension::time, "The mean latency."),
      row("p", {form({timed})}, Dimension::time, "A percentile of the latency: p50, p99, p99.9."),
  };
}

}  // namespace

std::vector<FunctionRow> function_table() {
  std::vector<FunctionRow> table;
  for (auto* part : {state_functions, execution_functions, statistics}) {
    for (FunctionRow& row : part()) table.push_back(std::move(row));
  }
  return table;
}

}  // namespace language
