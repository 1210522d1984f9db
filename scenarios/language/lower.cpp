// SPDX-License-Identifier: Apache-2.0
#include "scenarios/language/lower.hpp"

#include <algorithm>

#include "model/world.hpp"
#include "scenarios/language/check.hpp"
#include "scenarios/language/lowering.hpp"
#include "scenarios/language/mechanism.hpp"
#include "scenarios/language/model_words.hpp"
#include "scenarios/language/parse.hpp"

namespace language {
namespace {

constexpr std::size_t claims_max = 64;   // The bits of World::broken().
constexpr std::size_t cells_max = 1024;  // Of one `run`.

// The choices of the params: those without `in`, or with a default, have one value in a run.
std::vector<Assignment> cells_of(const Checked& checked) {
  std::vector<Assignment> cells{Assignment{}};
  for (const ParamInfo& param : checked.params) {
    std::vector<Value> values = param.values;
    if (param.default_value && !param.overridden) values = {*param.default_value};
    std::vector<Assignment> more;
    for (const Assignment& cell : cells) {
      for (const Value& value : values) {
        if (more.size() == cells_max) break;
        more.push_back(cell);
        more.back().values.push_back(value);
      }
    }
    cells = std::move(more);
  }
  return cells;
}

// --set names a setting of a policy that is in force, or a switch of the kernel.
void set_mechanisms(Sources& sources, const Choices& choices, Cell& cell, Problems& problems) {
  for (const auto& [name, value] : choices.set) {
    if (set_mechanism(*cell.setup, {.name = name, .value = value})) continue;
    const std::string text = name + "=" + value;
    const SourceId id = sources.add("--set", text);
    problems.push_back(
        {.span = {.source = id, .offset = 0, .length = static_cast<std::uint32_t>(text.size())},
         .message = "no policy in force has this setting with this value, nor has the kernel"});
  }
}

Cell lower_cell(const Sources& sources, const Checked& checked, const Assignment& assignment,
                const Choices& choices, const Recordings& recordings, Problems& problems,
                Problems& idle) {
  Cell cell;
  cell.setup = std::make_unique<model::Setup>();
  for (std::size_t i = 0; i < checked.params.size(); ++i) {
    cell.params.emplace_back(checked.params[i].name.text, assignment.values[i].text());
  }
  Lowering lowering(sources, checked, assignment, choices, recordings, cell, problems);
  lowering.run();
  idle = lowering.idle();
  return cell;
}

// --kernel names one that is known.
void add_kernel_problem(Sources& sources, const std::string& version, Problems& problems) {
  if (version.empty()) return;
  std::string known;
  for (const KernelRow& row : full_vocabulary().kernels) {
    if (row.version == version) return;
    known += (known.empty() ? "" : ", ") + row.version;
  }
  const SourceId id = sources.add("--kernel", version);
  problems.push_back(
      {.span = {.source = id, .offset = 0, .length = static_cast<std::uint32_t>(version.size())},
       .message = "'" + version + "' is not a kernel known here; expected " + known});
}

}  // namespace

void Lowering::run() {
  setup_.name = checked_.title;
  add_kernel();
  add_hosts();
  add_devices();
  add_processes();
  add_switches();
  add_links();
  add_costs();
  for (const VariableInfo& variable : checked_.variables) {
    const std::string owner =
        variable.thread ? checked_.threads[*variable.thread].path.text() + ":" : "";
    setup_.variables.push_back({owner + variable.name.text});
  }
  add_window();
  add_programs();
  add_traces();
  add_load();
  add_claims();
  cell_.statistics = statistics_of(checked_, assignment_, problems_);
  count_lines();
  resolve_points();
  choose_mode();
  find_idle();
}

void Lowering::choose_mode() {
  HowToRun how{.mode = timed_ ? RunMode::simulate : RunMode::explore};
  bool asked = choices_.explore.has_value();
  for (const File& file : checked_.script->files) {
    for (const Item& item : file.items) {
      const auto* explore = std::get_if<Explore>(&item.node);
      if (explore == nullptr) continue;
      how = how_to_run(*explore);
      asked = true;
      if (!setup_.load.workloads.empty()) problem(item.span, "a load is by time, and not explored");
    }
  }
  if (choices_.explore) how = *choices_.explore;
  if (!setup_.load.workloads.empty()) {
    if (choices_.explore) {
      problem(checked_.workloads.front().name.span, "a load is by time, and not explored");
    }
    how = {.mode = RunMode::simulate};
  }
  if (how.mode != RunMode::simulate && !asked) refuse_measures();
  cell_.mode = how.mode;
  cell_.runs = how.runs;
  cell_.depth = how.depth;
}

// In an exploration nothing is measured.
void Lowering::refuse_measures() {
  for (const File& file : checked_.script->files) {
    for (const Item& item : file.items) {
      const bool measures = std::holds_alternative<Measure>(item.node) ||
                            std::holds_alternative<Run>(item.node) ||
                            std::holds_alternative<Check>(item.node);
      if (measures) problem(item.span, "this is about a run by time, and no statement has a time");
    }
  }
}

HowToRun Lowering::how_to_run(const Explore& explore) {
  HowToRun how;
  if (explore.kind == ExploreKind::random) how.mode = RunMode::random;
  if (explore.kind == ExploreKind::pct) how.mode = RunMode::pct;
  if (explore.count) how.runs = number_of(*explore.count);
  if (!explore.bound) return how;
  const std::uint64_t depth = number_of(*explore.bound);
  if (depth > pct_depth_max) {
    problem(explore.bound->span,
            "a depth of at most " + std::to_string(pct_depth_max) + " is wanted");
  }
  how.depth = static_cast<std::uint32_t>(std::min<std::uint64_t>(depth, pct_depth_max));
  return how;
}

std::uint32_t Lowering::add_claim(model::Claim claim, Span span) {
  if (setup_.claims.size() == claims_max) {
    problem(span, "more than 64 claims and expected results in one scenario");
    return 0;
  }
  claim.source = place(span);
  setup_.claims.push_back(std::move(claim));
  return static_cast<std::uint32_t>(setup_.claims.size() - 1);
}

std::uint32_t Lowering::place(Span span) {
  cell_.places.push_back(span);
  return static_cast<std::uint32_t>(cell_.places.size() - 1);
}

void Lowering::problem(Span span, std::string message) {
  problems_.push_back({.span = span, .message = std::move(message)});
}

Value Lowering::value_of(const Expr& expr) {
  const Evaluated result = evaluate(checked_, assignment_, expr);
  if (!result.problem.empty()) problem(expr.span, result.problem);
  return result.value;
}

std::uint64_t Lowering::number_of(const Expr& expr, Dimension dimension) {
  const std::optional<Rational> amount = amount_in(value_of(expr), dimension);
  if (amount && *amount >= Rational(0)) {
    if (const auto whole = Rational(*amount).to_uint64()) return *whole;
    return static_cast<std::uint64_t>(amount->round_down());
  }
  problem(expr.span, "a constant is wanted here");
  return 0;
}

model::MmId Lowering::mm_of(Symbol actor) const {
  return actor.kind == SymbolKind::process ? model::MmId{actor.index} : model::MmId{};
}

model::HostId Lowering::host_of(Symbol symbol) const {
  switch (symbol.kind) {
    case SymbolKind::process:
      return model::HostId{checked_.processes[symbol.index].host};
    case SymbolKind::device:
      return model::HostId{checked_.devices[symbol.index].host};
    case SymbolKind::file:
      return model::HostId{checked_.files[symbol.index].host};
    default:
      return model::HostId{symbol.index};
  }
}

namespace {

// What is idle in all cells.
void keep_common(const Problems& here, bool first, Problems& idle) {
  if (first) {
    idle = here;
    return;
  }
  std::erase_if(idle, [&](const Problem& problem) {
    return std::ranges::none_of(here, [&](const Problem& other) {
      return other.span == problem.span && other.message == problem.message;
    });
  });
}

// Everything that follows starts where init has come to rest.
void need_end_of_init(const Checked& checked, Loaded& loaded) {
  if (checked.inits.empty()) return;
  const auto endless = [](const Cell& cell) {
    return !model::World(*cell.setup, sim::Order::by_time).init_ended();
  };
  const auto cell = std::ranges::find_if(loaded.cells, endless);
  if (cell == loaded.cells.end()) return;
  loaded.problems.push_back(
      {.span = checked.inits.back()->block,
       .message = "init does not come to rest: something goes round in it, or behind its calls, "
                  "for ever"});
}

}  // namespace

Loaded load(Sources& sources, const std::string& path, const Choices& choices) {
  Loaded loaded;
  Parsed parsed = parse(sources, path);
  std::vector<std::string> definitions;
  for (const auto& [name, value] : choices.params) definitions.push_back(name + "=" + value);
  const Overrides overrides = parse_overrides(sources, definitions, choices.policy);
  loaded.problems = parsed.problems;
  if (has_errors(loaded.problems)) return loaded;
  add_kernel_problem(sources, choices.kernel, loaded.problems);
  const Checked checked = check(std::move(parsed.script), full_vocabulary(), overrides);
  loaded.problems.insert(loaded.problems.end(), overrides.problems.begin(),
                         overrides.problems.end());
  loaded.problems.insert(loaded.problems.end(), checked.problems.begin(), checked.problems.end());
  if (has_errors(loaded.problems)) return loaded;
  const Recordings recordings = read_recordings(sources, checked, loaded.problems);
  if (has_errors(loaded.problems)) return loaded;
  Problems idle;
  for (const Assignment& assignment : cells_of(checked)) {
    Problems here;
    loaded.cells.push_back(
        lower_cell(sources, checked, assignment, choices, recordings, loaded.problems, here));
    keep_common(here, loaded.cells.size() == 1, idle);
    set_mechanisms(sources, choices, loaded.cells.back(), loaded.problems);
  }
  if (!has_errors(loaded.problems)) need_end_of_init(checked, loaded);
  loaded.problems.insert(loaded.problems.end(), idle.begin(), idle.end());
  sort_problems(loaded.problems);
  if (has_errors(loaded.problems)) loaded.cells.clear();
  return loaded;
}

}  // namespace language
