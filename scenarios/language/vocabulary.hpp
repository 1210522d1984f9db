// SPDX-License-Identifier: Apache-2.0
// Every word the language knows, as data: one table drives the checker, suggestions, `list`,
// `explain`, completion and the editor files. The language fills what is its own (calls, units,
// functions, settings of hosts); policies, properties, events, steps, kernels and costs are the
// model's and are added by whoever joins the two.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/language/kind.hpp"
#include "scenarios/language/rational.hpp"

namespace language {

struct Entry {  // A word that needs no more than an explanation.
  std::string name;
  std::string doc;
};

enum class ActorKind : std::uint8_t { process, device, kernel };
std::string_view description(ActorKind kind);  // "a process"

// What an argument may be. A whole region, mr, handle or attachment also stands for its pages.
enum class ParameterKind : std::uint8_t {
  region,
  pages,
  mr,
  mr_pages,
  qp,
  handle,
  handle_pages,
  attachment,
  attachment_pages,
  remote_pages,  // Of an mr or of an attachment.
  interval,
  mirror,
  bond,
  vm,
  segment,
  permit,
  file,
  process,
  host,
  device,
  fabric_switch,
  link_end,  // A device or a switch.
  number,
  flags,  // Words joined by '|'.
  word,   // One word.
  label,
  workload,
  truth,
  any,  // Checked for defined names only.
};
std::string_view description(ParameterKind kind);

// What an argument is for its call, where its kind does not say so.
enum class Role : std::uint8_t {
  by_kind,
  nothing,  // It is there for the reader.
  number,
  flags,
  offset,
  count,   // Of the pages.
  second,  // The other pages.
  third,
  owner,      // The address space that the call is about.
  same_host,  // A process that is acted upon, on the actor's host.
};

struct Parameter {
  std::string name;
  ParameterKind kind = ParameterKind::number;
  std::vector<std::string> words = {};  // flags, word: the closed list.
  bool optional = false;                // Only the last ones.
  bool local = false;                   // device, process: on the actor's host.
  bool foreign = false;                 // pages: also those of a process that does not act.
  bool registered = false;              // pages: of the process that has registered the mr.
  Role role = Role::by_kind;
};

struct Form {  // One way to call: rdma_read(qp, mr[1]) and rdma_read(a1[2]).
  std::vector<Parameter> parameters;
};

struct CallRow {
  std::string name;
  std::vector<ActorKind> actors;
  std::vector<Form> forms;      // At least one; told apart by count, then by kinds.
  Kind result = Kind::outcome;  // Of the variable it is assigned to.
  std::string doc;
  std::vector<Entry> steps = {};  // Break-points, in order, besides Vocabulary::common_steps.
};

enum class SettingKind : std::uint8_t {
  truth,   // yes no on off
  number,  // No unit.
  count,   // A number, or a number of `entries`.
  duration,
  size,  // Bytes or pages.
  bandwidth,
  share,  // 0..1, or a percentage.
  rate,
  word,     // From `choices`.
  cost,     // A duration or a distribution of durations.
  block,    // Has settings of its own.
  mix,      // Operations with their shares: load 60%, store 40%
  target,   // A region or an mr.
  portion,  // all, none, `16 pages` or 20%.
  device,   // A.rnic0
};
std::string_view description(SettingKind kind);

struct SettingRow {
  std::string name;
  SettingKind kind = SettingKind::truth;
  std::string default_text;
  std::string doc;
  std::vector<std::string> choices = {};  // word: the value. Others: an optional word after it.
  std::vector<SettingRow> nested = {};    // block
};

struct PolicyRow {
  std::string name;
  std::string doc;
  std::vector<SettingRow> settings = {};
  std::vector<std::string> promises = {};  // Properties.
  std::vector<std::string> breaks = {};
};

struct EventRow {
  std::string name;
  std::string doc;
  std::vector<Parameter> parameters = {};  // Empty: any arguments. The optional ones are named.
};

// A function of a state (pte, tlb), of an execution (retries) or of a whole run (p99).
struct FunctionRow {
  std::string name;
  std::vector<Form> forms;  // Empty: a bare word, as frames_pinned.
  Kind result = Kind::number;
  std::string doc;
  std::vector<std::string> words = {};    // What it can be besides a number: none.
  std::vector<std::string> fields = {};   // frame(buf[1]).refs
  bool statistic = false;                 // Of a whole run; the baseline has it too,
  Dimension dimension = Dimension::none;  // and then it is this.
};

struct UnitRow {
  std::string name;
  Dimension dimension = Dimension::none;
  Rational scale;  // In ns, bytes, pages, bits per second, 1 per second.
  std::string doc;
  bool apart = false;  // A word of its own: `4 pages`.
};

struct ConstantRow {  // A name of a header for a number.
  std::string name;
  std::uint32_t value = 0;
  std::string doc;
};

struct KernelRow {
  std::string version;
  std::string doc;
  std::vector<SettingRow> switches = {};
};

struct DeviceKindRow {
  std::string name;
  std::string doc;
  std::vector<SettingRow> settings = {};
};

struct Vocabulary {
  std::vector<CallRow> calls;
  std::vector<FunctionRow> functions;
  std::vector<UnitRow> units;
  std::vector<Entry> errors;           // EFAULT
  std::vector<Entry> signals;          // SIGBUS
  std::vector<ConstantRow> constants;  // HMM_DMIRROR_PROT_READ
  std::vector<Entry> common_steps;     // start, done: of every call.
  std::vector<Entry> step_properties;  // async, faults, and those of model/injection.hpp.
  std::vector<Entry> distributions;
  std::vector<Entry> region_kinds;
  std::vector<Entry> region_flags;
  std::vector<Entry> file_kinds;
  std::vector<Entry> file_flags;
  std::vector<Entry> statistics;  // mean, max; p<number> is built in.
  std::vector<Entry> operations;  // Of a workload: load, store, rdma_read.
  std::vector<SettingRow> host_settings;
  std::vector<SettingRow> switch_settings;
  std::vector<SettingRow> link_settings;
  std::vector<SettingRow> process_settings;
  std::vector<SettingRow> run_settings;
  std::vector<SettingRow> workload_settings;
  std::vector<SettingRow> trace_settings;
  std::vector<DeviceKindRow> device_kinds;

  // The model's.
  std::vector<PolicyRow> policies;
  std::vector<Entry> properties;  // never ...
  std::vector<EventRow> events;
  std::vector<SettingRow> costs;  // Kind cost.
  std::vector<KernelRow> kernels;
};

// All that belongs to the language; the model's tables are empty.
Vocabulary language_vocabulary();

std::vector<CallRow> call_table();
std::vector<FunctionRow> function_table();
std::vector<UnitRow> unit_table();

// The row of that name, or null.
template <class Row>
const Row* find(const std::vector<Row>& rows, std::string_view name) {
  for (const Row& row : rows) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

}  // namespace language
