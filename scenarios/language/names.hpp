// SPDX-License-Identifier: Apache-2.0
// What the names of a script mean: the checker's result, and what lowering starts from. One table
// for each kind of thing; a Meaning says what an expression of the tree stands for.
// Pointers lead into the Script that Checked owns, or into the Vocabulary it was checked against.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "scenarios/language/ast.hpp"
#include "scenarios/language/kind.hpp"
#include "scenarios/language/problem.hpp"
#include "scenarios/language/value.hpp"
#include "scenarios/language/vocabulary.hpp"

namespace language {

enum class SymbolKind : std::uint8_t {
  none,
  host,
  device,
  fabric_switch,
  kernel,  // Of a host: A.kernel; index is the host's.
  process,
  region,
  file,
  thread,
  variable,  // Also registers: see VariableInfo::thread.
  label,
  param,
  let,
  workload,
  word,      // A word value of a param, a setting or a function; nothing more to look up.
  error,     // Row of Vocabulary::errors.
  signal,    // Row of Vocabulary::signals.
  constant,  // Row of Vocabulary::constants.
  function,  // Row of Vocabulary::functions.
};
std::string_view noun(SymbolKind kind);

struct Symbol {
  SymbolKind kind = SymbolKind::none;
  std::uint32_t index = 0;  // Into the table of that kind below.
  auto operator<=>(const Symbol&) const = default;
};

// Of a PathExpr, RegisterExpr or CallExpr (its function); `kind` is set for every expression.
struct Meaning {
  Symbol symbol{};
  Kind kind = Kind::unknown;
};

struct HostInfo {
  Name name{};
  std::vector<const Host*> blocks{};  // `host A {}` may be extended.
};
struct DeviceInfo {
  Name name{};
  std::uint32_t host = 0;
  const DeviceKindRow* kind = nullptr;
  std::vector<const Device*> blocks{};
  const Policy* policy = nullptr;  // Its own; otherwise the script's holds.
};
struct SwitchInfo {
  Name name{};
  const Switch* block = nullptr;
};
struct LinkInfo {  // Also each of a mesh.
  Symbol left{};   // Devices or switches.
  Symbol right{};
  Span span{};
  const std::vector<Setting>* settings = nullptr;
};
struct ProcessInfo {
  Name name{};
  std::uint32_t host = 0;
  const Process* process = nullptr;
};
struct FileInfo {
  Name name{};
  std::uint32_t host = 0;
  const MappedFile* file = nullptr;
};
struct RegionInfo {
  Name name{};
  std::uint32_t process = 0;
  const Region* region = nullptr;
  std::optional<std::uint32_t> file{};   // That it maps.
  std::optional<std::uint64_t> pages{};  // When no swept param decides it.
};
struct ThreadInfo {
  Path path{};
  Symbol actor{};  // A process, a device or a kernel.
  const Thread* thread = nullptr;
};
struct VariableInfo {
  Name name{};
  Kind kind = Kind::outcome;              // mr, qp, handle, attachment, interval or outcome.
  Symbol owner{};                         // The process, device or kernel that assigns it.
  std::optional<std::uint32_t> thread{};  // A register of that thread.
  const Step* step = nullptr;             // The first that assigns it.
  // mr, handle, attachment: the region whose pages it stands for.
  std::optional<std::uint32_t> region{};
  const Expr* first = nullptr;  // The slice of that region: first..last. Null: all of it.
  const Expr* last = nullptr;
  std::optional<std::uint64_t> first_page{};  // The same, when no swept param decides it.
  std::optional<std::uint64_t> pages{};
  std::optional<std::uint32_t> device{};  // mr: that it is registered with. qp: that it leads to.
};
struct LabelInfo {
  Name name{};
  const Step* step = nullptr;
  const CallRow* call = nullptr;
  Symbol actor{};
};
struct ParamInfo {
  Name name{};
  const Param* param = nullptr;
  std::vector<Value> values{};           // What a sweep tries; at least one if there is no problem.
  std::optional<Value> default_value{};  // `param p = 3 in 1..5`: what a single run takes.
  bool overridden = false;               // By -D; then there is one value.
};
struct LetInfo {
  Name name{};
  const Let* let = nullptr;
};
struct WorkloadInfo {
  Name name{};
  const Workload* workload = nullptr;
};

struct StepInfo {  // Of each Step, in the order of the text.
  const Step* step = nullptr;
  const CallRow* call = nullptr;
  const Form* form = nullptr;
  Symbol actor{};
  std::optional<std::uint32_t> thread{};    // Empty: init or timeline.
  std::optional<std::uint32_t> variable{};  // It assigns.
  std::optional<std::uint32_t> label{};
};

struct Checked {
  std::shared_ptr<const Script> script;
  const Vocabulary* vocabulary = nullptr;
  Problems problems;  // Of checking only; do not lower if they hold errors.

  std::vector<HostInfo> hosts{};
  std::vector<DeviceInfo> devices{};
  std::vector<SwitchInfo> switches{};
  std::vector<LinkInfo> links{};
  std::vector<ProcessInfo> processes{};
  std::vector<FileInfo> files{};
  std::vector<RegionInfo> regions{};
  std::vector<ThreadInfo> threads{};
  std::vector<VariableInfo> variables{};
  std::vector<LabelInfo> labels{};
  std::vector<ParamInfo> params{};
  std::vector<LetInfo> lets{};
  std::vector<WorkloadInfo> workloads{};
  std::vector<StepInfo> steps{};

  std::string title;
  const Kernel* kernel = nullptr;
  std::vector<const Policy*> policies{};  // Several only if a param chooses.
  std::optional<Name> policy_override{};  // --policy
  std::vector<const Init*> inits{};
  std::vector<const Timeline*> timelines{};
  const Window* window = nullptr;

  std::vector<Meaning> meanings{};  // By ExprId.
  const Meaning& meaning(const Expr& expr) const { return meanings[expr.id.value]; }
  const StepInfo* info(const Step& step) const;  // Null if the step had a problem.
};

}  // namespace language
