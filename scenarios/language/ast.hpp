// SPDX-License-Identifier: Apache-2.0
// The syntax tree of a scenario: plain values, one struct for each statement of grammar.ebnf,
// every one with its Span. Parsing always gives a tree; what was wrong is in the problems.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "scenarios/language/event.hpp"
#include "scenarios/language/expr.hpp"

namespace language {

struct Setting {  // cpus 4   tlb 64 entries lru   iommu { ats off; pri off }
  Name name;
  std::vector<Expr> values;
  std::vector<Setting> nested;
  std::optional<Span> block;  // With its braces, if there is one.
  Span span;
};

struct LanguageVersion {
  Expr version;
};
struct ScenarioName {
  Name title;  // Unquoted.
};
struct Import {
  Name path;  // As written, unquoted.
};
struct Kernel {  // kernel 7.3 { shadow_swap yes }
  Name version;
  std::vector<Setting> switches;
  std::optional<Span> block;
};
struct ParamRange {  // in 1..5 step 2
  Expr first;
  Expr last;
  std::optional<Expr> step;
};
struct Param {
  Name name;
  std::optional<Expr> value;  // = 3
  std::variant<std::monostate, ListExpr, ParamRange> choices;
};
struct Let {
  Name name;
  Expr value;
};
struct Policy {
  Name name;
  std::vector<Setting> settings;
  std::optional<Span> block;
  Span span;
};
struct Device {
  Name name;
  Name kind;
  std::vector<std::variant<Setting, Policy>> entries;
  std::optional<Span> block;
  Span span;
};
struct Host {
  Name name;
  std::vector<std::variant<Setting, Device>> entries;
  Span block;
};
struct Switch {
  Name name;
  std::vector<Setting> settings;
  std::optional<Span> block;
};
struct Link {  // A.rnic0 <-> B.rnic0, A.rnic0 <-> S1, S1 <-> S2
  Path left;
  Path right;
  std::vector<Setting> settings;
  std::optional<Span> block;
};
struct Mesh {  // mesh A.rnic0, B.rnic0, C.rnic0
  std::vector<Path> ends;
  std::vector<Setting> settings;
  std::optional<Span> block;
};
struct Cost {
  std::vector<Setting> settings;
  Span block;
};
struct MappedFile {  // file f on A: memfd 8 pages hole
  Name name;
  Name host;
  Name kind;  // memfd, disk, hugetlbfs
  Expr size;
  std::vector<Name> flags;
};
struct Region {  // region buf: anon 4 pages rw lazy at 0x40000000
  Name name;
  Name kind;                 // anon, shmem, hugetlb, file
  std::optional<Name> file;  // region m: file f 4 pages rw offset 2 pages
  Expr size;
  std::vector<Name> flags;
  std::optional<Expr> offset;
  std::optional<Expr> address;
  Span span;
};
struct Process {
  Name name;
  Name host;
  std::vector<std::variant<Region, Setting>> entries;
  std::optional<Span> block;
};
struct Init {
  std::vector<Event> events;
  Span block;
};
struct StepBlock {           // step "munmap [0,2)" { app: munmap(m[0..1]) }
  std::optional<Name> text;  // Unquoted.
  std::size_t first = 0;     // Which events of the timeline are in it.
  std::size_t count = 0;
  Span span;
  Span block;
};
struct Timeline {
  std::vector<Event> events;
  std::vector<StepBlock> steps;  // In the order of the text.
  Span block;
};
struct Thread {
  Path path;                // app.t0   A.rnic0   A.kernel
  std::optional<Name> cpu;  // on cpu1
  std::vector<Event> events;
  Span block;
};
struct WorkloadKey {  // op rdma_read 70%, rdma_write 30%   random_distribution zipf:theta
  struct Value {
    Expr value;
    std::optional<Expr> detail;  // The share of an op, or what follows the ':'.
    bool colon = false;
  };
  Name name;
  std::vector<Value> values;  // Separated by commas in `op`, by spaces elsewhere.
  Span span;
};
struct Workload {
  Name name;
  Path actor;
  std::vector<WorkloadKey> keys;
  Span block;
};
struct Trace {  // trace "app.strace" by app { touch 16 pages }
  Name path;    // As written, unquoted.
  std::optional<Path> actor;
  std::vector<Setting> settings;
  std::optional<Span> block;
};
struct Run {
  std::vector<Setting> settings;
  Span block;
};
enum class ExploreKind : std::uint8_t { all, dpor, random, pct };
struct Explore {
  ExploreKind kind = ExploreKind::all;
  std::optional<Expr> count;
  std::optional<Expr> bound;
};
enum class AssertionKind : std::uint8_t { never, always, eventually, exists, not_exists, forall };
struct Assertion {
  bool expect_fail = false;
  AssertionKind kind = AssertionKind::never;
  std::vector<Name> properties;  // never
  Expr condition;                // All others.
  std::optional<Expr> when;      // if ...: a condition over params.
};
struct Check {
  Expr condition;
  std::optional<Expr> when;
};
struct Measurement {  // latency(remote)  p50 p99.9 max
  Name what;
  Name subject;
  std::vector<Name> statistics;
  bool same_line = false;  // Follows a ','.
  Span span;
};
struct Measure {
  std::vector<Measurement> rows;
  Span block;
};
struct Baseline {
  Expr condition;
};
struct ReportClause {  // by policy, memory   of p99(remote)   x memory   lines policy
  Name key;
  std::vector<Expr> values;
};
enum class ReportKind : std::uint8_t { table, plot };
struct Report {
  ReportKind kind = ReportKind::table;
  std::vector<ReportClause> clauses;
};
struct Window {  // window m[0..511] every 64, t[0..7] with child
  struct Part {
    Expr pages;
    std::optional<Expr> every;
  };
  std::vector<Part> parts;
  std::vector<Name> others;  // Processes whose notifications are seen as well.
};
struct Watch {
  std::vector<Expr> columns;
};
enum class AskKind : std::uint8_t { exists, not_exists, forall, value };
struct Ask {
  Name question;  // Unquoted.
  AskKind kind = AskKind::exists;
  Expr answer;
  std::optional<Expr> when;
};

struct Item {
  Span span;
  std::variant<LanguageVersion, ScenarioName, Import, Kernel, Param, Let, Host, Switch, Link, Mesh,
               Policy, Cost, MappedFile, Process, Init, Timeline, Thread, Workload, Trace, Run,
               Explore, Assertion, Check, Measure, Baseline, Report, Watch, Window, Ask>
      node;
};

struct Comment {  // With its slashes and stars.
  Span span;
};

struct File {
  SourceId source;
  std::vector<Item> items;
  std::vector<Comment> comments;
};

struct Script {
  std::vector<File> files;  // In the order in which they take effect: imports before importers.
  std::uint32_t exprs = 0;  // Every Expr::id is below this.
  bool broken = false;      // There were problems of syntax, so that names may be missing.
};

}  // namespace language
