// SPDX-License-Identifier: Apache-2.0
// matrix FILE...: every policy in every scenario, whatever policy that asks for, and of each rule
// whether it held there, beside what the policy declares. A promise that is broken or never put to
// the test, and a weakness that never shows, are mistakes.
#include <array>

#include "cli/command.hpp"
#include "cli/commands/all.hpp"
#include "cli/interrupt.hpp"
#include "cli/json.hpp"
#include "cli/layout.hpp"
#include "cli/report.hpp"
#include "model/policy/registry.hpp"

namespace cli {
namespace {

constexpr auto rules = static_cast<std::size_t>(model::Property::count);

enum class Mark : std::uint8_t {
  held,          // Promised, put to the test, and kept.
  as_declared,   // Declared as a weakness, and shown.
  not_promised,  // Neither, and held.
  broke,         // Neither, and broken.
  idle,          // Neither, and nothing was there to be judged.
  undecided,     // Held as far as the search came.
  unproved,      // Promised, and nothing was there to be judged.
  not_shown,     // Declared as a weakness, and held.
  contradicted,  // Promised, and broken.
};
struct MarkInfo {
  char sign;
  std::string_view name;
  bool good = true;
};
constexpr std::array<MarkInfo, 9> marks{{{'+', "held"},
                                         {'x', "broken as declared"},
                                         {'-', "not promised, held"},
                                         {'~', "not promised, broken"},
                                         {'.', "not exercised"},
                                         {'u', "undecided"},
                                         {'?', "promised, not exercised", false},
                                         {'o', "declared broken, held", false},
                                         {'!', "promised, broken", false}}};
const MarkInfo& info_of(Mark mark) { return marks[static_cast<std::size_t>(mark)]; }

struct Row {
  model::PolicyInfo policy{};
  model::PropertySet exercised = 0;
  model::PropertySet broken = 0;
  model::PropertySet undecided = 0;           // A search has not come to its end.
  std::array<std::string, rules> shown_by{};  // The scenario that broke it first.

  Mark mark(std::size_t rule) const {
    const model::PropertySet one = model::PropertySet{1} << rule;
    const bool breaks = (broken & one) != 0;
    const bool judged = breaks || (exercised & one) != 0;
    if (!breaks && (undecided & one) != 0) return Mark::undecided;
    if ((policy.guarantees.promises & one) != 0) {
      return breaks ? Mark::contradicted : judged ? Mark::held : Mark::unproved;
    }
    if ((policy.guarantees.breaks & one) != 0) return breaks ? Mark::as_declared : Mark::not_shown;
    return breaks ? Mark::broke : judged ? Mark::not_promised : Mark::idle;
  }
};

// The scenario has a device of the kind that the policy is for, and handles if it is about them.
// One with a driver's buffer is for policies that can take its pages, and they for nothing else.
bool concerns(const model::PolicyInfo& policy, const language::Cell& cell) {
  if (!cell.setup->load.workloads.empty()) return false;  // It is not explored.
  const bool handles = std::ranges::any_of(cell.setup->lines, [](const model::Line& line) {
    return line.call.verb == model::Verb::export_handle;
  });
  if (policy.gated && !handles) return false;
  const bool buffers = std::ranges::any_of(cell.setup->files, [](const model::FileSetup& file) {
    return file.kind == model::FileSetup::Kind::pfnmap;
  });
  if (policy.imports != buffers) return false;
  return std::ranges::any_of(cell.setup->adapters, [&](const model::AdapterSetup& adapter) {
    return info_of(adapter.kind).name == policy.device;
  });
}

// The scenario has the policy as it is: a promise is made for the defaults of its settings.
bool unchanged(const model::PolicyInfo& policy, const language::Cell& cell) {
  const std::string_view name = model::name_of(*model::policy_named(policy.name));
  return std::ranges::any_of(cell.setup->adapters, [&](const model::AdapterSetup& adapter) {
    return model::name_of(adapter.policy) == name &&
           std::ranges::all_of(policy.settings, [&](const model::SettingInfo& setting) {
             return model::get(adapter.policy, setting.name) == setting.default_value;
           });
  });
}

// The scenario's own claims make room for one on each rule.
void claim_all_rules(language::Cell& cell) {
  model::Setup& setup = *cell.setup;
  cell.mode = language::RunMode::explore;
  cell.questions.clear();
  cell.watch.clear();
  setup.claims.clear();
  setup.monitors.clear();
  for (model::Line& line : setup.lines) line.claim = model::no_claim;
  for (std::size_t rule = 0; rule < rules; ++rule) {
    setup.claims.push_back({.kind = model::Claim::Kind::never,
                            .property = static_cast<model::Property>(rule),
                            .text = std::string(model::property_table[rule].name)});
  }
}

class Matrix {
 public:
  Matrix(Session& session, std::vector<std::string> files)
      : session_(session), options_(session.options), files_(std::move(files)) {
    options_.coverage = true;
  }

  // False if a scenario cannot be run, or if there is no such policy.
  bool run() {
    const std::string& wanted = options_.choices.policy;
    if (!wanted.empty() && !model::policy_named(wanted)) {
      return report_problems(session_, load_scenarios(files_, options_.choices));
    }
    language::Choices plain = options_.choices;
    plain.policy.clear();
    const std::vector<Scenario> scenarios = load_scenarios(files_, plain);
    if (!report_problems(session_, scenarios)) return false;
    for (const model::PolicyInfo& policy : model::policy_list()) {
      if (!wanted.empty() && wanted != policy.name) continue;
      rows_.push_back({.policy = policy});
      if (!fill(rows_.back(), scenarios)) return false;
      if (interrupted()) return true;
    }
    return true;
  }

  void write_text() const {
    Output& out = session_.out;
    write_codes(out);
    for (const Row& row : rows_) {
      std::string line = padded(row.policy.name, 24);
      for (std::size_t rule = 0; rule < rules; ++rule) {
        line += ' ';
        line += info_of(row.mark(rule)).sign;
      }
      out.write(line + "\n");
    }
    out.write("\n");
    for (const MarkInfo& mark : marks) out.print("{}  {}\n", mark.sign, mark.name);
    for (const Row& row : rows_) write_mistakes(out, row);
  }

  Json json() const {
    Json list = Json::array();
    for (const Row& row : rows_) {
      Json cells = Json::object();
      for (std::size_t rule = 0; rule < rules; ++rule) {
        cells[std::string(model::property_table[rule].name)] = info_of(row.mark(rule)).name;
      }
      list.push_back({{"policy", row.policy.name}, {"rules", std::move(cells)}});
    }
    return {{"matrix", std::move(list)}};
  }

  bool good() const {
    for (const Row& row : rows_) {
      for (std::size_t rule = 0; rule < rules; ++rule) {
        if (!info_of(row.mark(rule)).good) return false;
      }
    }
    return true;
  }
  bool undecided() const {
    return std::ranges::any_of(rows_, [](const Row& row) { return row.undecided != 0; });
  }

 private:
  bool fill(Row& row, const std::vector<Scenario>& all) {
    std::vector<std::string> files;
    for (const Scenario& scenario : all) {
      const auto fits = [&](const language::Cell& cell) { return concerns(row.policy, cell); };
      if (std::ranges::any_of(scenario.loaded.cells, fits)) files.push_back(scenario.path);
    }
    language::Choices choices = options_.choices;
    choices.policy = row.policy.name;
    std::vector<Scenario> scenarios = load_scenarios(files, choices);
    if (!report_problems(session_, scenarios)) return false;
    for (Scenario& scenario : scenarios) {
      for (language::Cell& cell : scenario.loaded.cells) {
        if (choices.set.empty() && !unchanged(row.policy, cell)) continue;
        claim_all_rules(cell);
        note(row, {.scenario = &scenario, .cell = &cell});
        if (interrupted()) return true;
      }
    }
    return true;
  }

  void note(Row& row, const Case& what) {
    Progress progress(options_.progress);
    const Outcome outcome = cli::run(what, options_, progress, nullptr);
    for (std::size_t rule = 0; rule < rules; ++rule) {
      const model::PropertySet one = model::PropertySet{1} << rule;
      if (outcome.coverage && outcome.coverage->rules[rule] > 0) row.exercised |= one;
      if (!outcome.verdict.claims[rule].decided) row.undecided |= one;
      if (outcome.verdict.claims[rule].holds) continue;
      if (row.shown_by[rule].empty()) row.shown_by[rule] = what.scenario->path;
      row.broken |= one;
    }
  }

  // The codes of the rules, top down.
  static void write_codes(Output& out) {
    std::size_t height = 0;
    for (const model::PropertyInfo& rule : model::property_table) {
      height = std::max(height, rule.code.size());
    }
    for (std::size_t at = 0; at < height; ++at) {
      std::string line = padded("", 24);
      for (const model::PropertyInfo& rule : model::property_table) {
        line += ' ';
        line += at < rule.code.size() ? rule.code[at] : ' ';
      }
      out.write(line + "\n");
    }
  }

  void write_mistakes(Output& out, const Row& row) const {
    language::Choices choices = options_.choices;
    choices.policy = row.policy.name;
    for (std::size_t rule = 0; rule < rules; ++rule) {
      const MarkInfo& mark = info_of(row.mark(rule));
      if (mark.good) continue;
      out.print("{}: {}: {} ({})\n", row.policy.name, model::property_table[rule].name, mark.name,
                model::property_table[rule].code);
      if (!row.shown_by[rule].empty()) {
        out.write(command_again("matrix", row.shown_by[rule], choices));
      }
    }
  }

  Session& session_;
  Options options_;
  std::vector<std::string> files_;
  std::vector<Row> rows_;
};

}  // namespace

ExitStatus show_matrix(Session& session) {
  FoundFiles found = find_scenarios(session.options.files);
  for (const std::string& missing : found.missing) {
    session.err.print("shootdown: there is no file or folder '{}'\n", missing);
  }
  if (!found.missing.empty()) return ExitStatus::misuse;
  Matrix matrix(session, std::move(found.scenarios));
  if (!matrix.run()) return ExitStatus::misuse;
  if (session.options.json) {
    session.out.print("{}\n", to_text(matrix.json()));
  } else {
    matrix.write_text();
  }
  if (interrupted()) return ExitStatus::interrupted;
  if (!matrix.good()) return ExitStatus::failed;
  return matrix.undecided() ? ExitStatus::undecided : ExitStatus::ok;
}

}  // namespace cli
