// SPDX-License-Identifier: Apache-2.0
#include "cli/sweep/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "cli/version.hpp"
#include "sim/encoding.hpp"

namespace cli {
namespace {

constexpr std::size_t cells_max = 1'000'000;

bool is_axis(const std::string& name) { return name != "seed" && name != "policy"; }

const language::GridParam* param_named(const language::Grid& grid, const std::string& name) {
  const auto found = std::ranges::find(grid.params, name, &language::GridParam::name);
  return found == grid.params.end() ? nullptr : &*found;
}

const language::GridValue* value_at(const language::Grid& grid, std::size_t point,
                                    const std::string& name) {
  const language::GridParam* param = param_named(grid, name);
  if (param == nullptr) return nullptr;
  const auto index = static_cast<std::size_t>(param - grid.params.data());
  return &param->values[grid.points[point].values[index]];
}

std::optional<std::string> text_at(const language::Grid& grid, std::size_t point,
                                   const std::string& name) {
  const language::GridValue* value = value_at(grid, point, name);
  return value == nullptr ? std::nullopt : std::optional(value->text);
}

// Lengths keep two texts from looking like one.
std::string hash_of(const language::Sources& sources) {
  std::string all;
  for (std::uint32_t i = 0; i < sources.size(); ++i) {
    const language::Source& source = sources.at(language::SourceId{i});
    if (source.path.starts_with('-')) continue;  // Of the command line.
    all += fmt::format("{}\n", source.text.size()) + source.text;
  }
  const sim::Fingerprint print = sim::fingerprint(std::as_bytes(std::span(all)));
  return fmt::format("{:016x}{:016x}", print.high, print.low);
}

class Planner {
 public:
  Planner(const std::string& path, const Options& options, language::Taken taken)
      : taken_(taken), plan_(std::make_unique<Plan>()) {
    plan_->path = path;
    plan_->options = options;
  }

  Planned make() {
    const std::vector<std::string> policies =
        plan_->options.policies.empty() ? std::vector<std::string>{""} : plan_->options.policies;
    for (const std::string& policy : policies) {
      if (!add_grid(policy)) return {.plan = nullptr, .problems = std::move(problems_)};
    }
    find_seeds();
    for (std::size_t grid = 0; grid < plan_->grids.size(); ++grid) add_cells(grid);
    if (plan_->cells.size() > cells_max) {
      problems_ += fmt::format("shootdown: {}: more than {} cells\n", plan_->path, cells_max);
    } else {
      collect_texts();
      try_out();
    }
    if (!problems_.empty() && broken_) return {.plan = nullptr, .problems = std::move(problems_)};
    find_baselines();
    return {.plan = std::move(plan_), .problems = std::move(problems_)};
  }

 private:
  bool add_grid(const std::string& policy) {
    language::Choices choices = plan_->options.choices;
    choices.policy = policy;
    language::Sources sources(read_file);
    language::Grid grid = language::load_grid(sources, plan_->path, choices, taken_);
    if (language::has_errors(grid.problems)) {
      problems_ = language::render(sources, grid.problems);
      return false;
    }
    plan_->grids.push_back(std::move(grid));
    return true;
  }

  // Of the scenario, and of all that it is made of: imports, traces, samples of costs.
  void collect_texts() {
    language::Sources sources(read_file);
    language::load(sources, plan_->path, plan_->choices(0));
    plan_->hash = hash_of(sources);
    for (std::uint32_t i = 0; i < sources.size(); ++i) {
      const language::Source& source = sources.at(language::SourceId{i});
      plan_->texts.emplace(source.path, source.text);
    }
  }

  void find_seeds() {
    const language::GridParam* param = param_named(plan_->grids.front(), "seed");
    plan_->seed_is_param = param != nullptr;
    const std::uint64_t count = plan_->options.seeds.value_or(1);
    if (param != nullptr && !plan_->options.seeds) {
      for (const language::GridValue& value : param->values) {
        plan_->seeds.push_back(static_cast<std::uint64_t>(value.number.value_or(1)));
      }
      return;
    }
    for (std::uint64_t i = 0; i < count; ++i) plan_->seeds.push_back(plan_->options.seed + i);
  }

  void add_cells(std::size_t number) {
    const language::Grid& grid = plan_->grids[number];
    const language::GridParam* seed = param_named(grid, "seed");
    const auto seed_index = static_cast<std::size_t>(seed - grid.params.data());
    for (std::size_t point = 0; point < grid.points.size(); ++point) {
      if (seed != nullptr && grid.points[point].values[seed_index] != 0) continue;
      const auto& policies = plan_->options.policies;
      const std::string policy =
          policies.empty() ? text_at(grid, point, "policy").value_or("") : policies[number];
      for (const std::uint64_t value : plan_->seeds) {
        if (plan_->cells.size() > cells_max) return;
        plan_->cells.push_back({.grid = number, .point = point, .policy = policy, .seed = value});
      }
    }
  }

  // Loads so many cells that each param takes each of its values: most mistakes show before
  // anything runs. Tells the policy, if nobody chooses one.
  void try_out() {
    std::map<std::pair<std::string, std::string>, bool> known;
    for (std::size_t cell = 0; cell < plan_->cells.size() && !broken_; ++cell) {
      if (plan_->cells[cell].seed != plan_->seeds.front()) continue;
      bool news = cell == 0;
      const auto note = [&](const std::string& name, const std::string& value) {
        if (known.try_emplace({name, value}, true).second) news = true;
      };
      note("policy", plan_->cells[cell].policy);
      for (const auto& [name, value] : plan_->params(cell)) note(name, value);
      if (news) load(cell);
    }
  }

  void load(std::size_t cell) {
    const Scenario scenario = plan_->load(cell);
    if (cell == 0 || scenario.broken()) problems_ = scenario.problems();
    broken_ = scenario.broken();
    if (broken_ || !plan_->cells[cell].policy.empty()) return;
    for (PlanCell& other : plan_->cells) other.policy = scenario.loaded.cells.front().policy;
  }

  // What a cell has in common with that which it is compared with.
  std::string common_key(std::size_t cell) const {
    const language::Grid& grid = plan_->grid_of(cell);
    std::string key = std::to_string(plan_->cells[cell].seed);
    for (const auto& [name, value] : plan_->params(cell)) {
      const bool free = grid.has_baseline && std::ranges::count(grid.baseline_params, name) > 0;
      if (!free) key += fmt::format("\n{}={}", name, value);
    }
    return key;
  }

  bool is_baseline(std::size_t cell) const {
    const PlanCell& what = plan_->cells[cell];
    const language::Grid& grid = plan_->grids[what.grid];
    return grid.has_baseline ? grid.points[what.point].baseline
                             : what.policy == plan_->cells.front().policy;
  }

  void find_baselines() {
    // The statement may be about a policy that is not among those that are wanted here.
    const bool any = std::ranges::any_of(plan_->grids, [](const language::Grid& grid) {
      return std::ranges::any_of(grid.points, &language::GridPoint::baseline);
    });
    if (!any) {
      plan_->baseline_is_there = !plan_->grids.front().has_baseline;
      for (language::Grid& grid : plan_->grids) grid.has_baseline = false;
    }
    // The policy is free, unless the statement leaves it.
    const bool policy_free =
        !any || std::ranges::count(plan_->grids.front().baseline_params, "policy") > 0;
    std::map<std::string, std::size_t> by_key;
    const auto key_of = [&](std::size_t cell) {
      return common_key(cell) + (policy_free ? "" : "\n" + plan_->cells[cell].policy);
    };
    for (std::size_t cell = 0; cell < plan_->cells.size(); ++cell) {
      if (is_baseline(cell)) by_key.try_emplace(key_of(cell), cell);
    }
    for (std::size_t cell = 0; cell < plan_->cells.size(); ++cell) {
      const auto found = by_key.find(key_of(cell));
      if (found != by_key.end()) plan_->cells[cell].baseline = found->second;
    }
  }

  language::Taken taken_;
  std::unique_ptr<Plan> plan_;
  std::string problems_;
  bool broken_ = false;
};

Json pairs_json(const std::vector<std::pair<std::string, std::string>>& pairs) {
  Json json = Json::array();
  for (const auto& [name, value] : pairs) json.push_back({name, value});
  return json;
}

std::vector<std::pair<std::string, std::string>> pairs_in(const Json& json) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const Json& pair : json) {
    pairs.emplace_back(pair.at(0).get<std::string>(), pair.at(1).get<std::string>());
  }
  return pairs;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> Plan::params(std::size_t cell) const {
  std::vector<std::pair<std::string, std::string>> result;
  for (const language::GridParam& param : grid_of(cell).params) {
    if (!is_axis(param.name)) continue;
    result.emplace_back(param.name, *text_at(grid_of(cell), cells[cell].point, param.name));
  }
  return result;
}

std::optional<std::string> Plan::value(std::size_t cell, const std::string& name) const {
  if (name == "policy") return cells[cell].policy;
  if (name == "seed") return std::to_string(cells[cell].seed);
  return text_at(grid_of(cell), cells[cell].point, name);
}

std::optional<double> Plan::number(std::size_t cell, const std::string& name) const {
  if (name == "seed") return static_cast<double>(cells[cell].seed);
  const language::GridValue* found = value_at(grid_of(cell), cells[cell].point, name);
  return found == nullptr ? std::nullopt : found->number;
}

language::Choices Plan::choices(std::size_t cell) const {
  language::Choices result = options.choices;
  result.params = params(cell);
  if (seed_is_param) result.params.emplace_back("seed", std::to_string(cells[cell].seed));
  // What the scenario says `if policy == ...` asks the param.
  if (const auto policy = text_at(grid_of(cell), cells[cell].point, "policy")) {
    result.params.emplace_back("policy", *policy);
  } else if (!options.policies.empty()) {
    result.policy = cells[cell].policy;
  }
  return result;
}

Scenario Plan::load(std::size_t cell) const {
  const auto text_of = [this](const std::string& name) -> std::optional<std::string> {
    const auto found = texts.find(name);
    return found == texts.end() ? std::nullopt : std::optional(found->second);
  };
  Scenario scenario{
      .path = path, .sources = std::make_unique<language::Sources>(text_of), .loaded = {}};
  scenario.loaded = language::load(*scenario.sources, path, choices(cell));
  return scenario;
}

language::Statistics Plan::statistics(std::size_t cell) const {
  return language::statistics_at(grid_of(cell), cells[cell].point);
}

Planned make_plan(const std::string& path, const Options& options, language::Taken taken) {
  return Planner(path, options, taken).make();
}

Json manifest_of(const Plan& plan) {
  Json params = Json::object();
  for (const language::GridParam& param : plan.grids.front().params) {
    if (!is_axis(param.name)) continue;
    Json values = Json::array();
    for (const language::GridValue& value : param.values) values.push_back(value.text);
    params[param.name] = std::move(values);
  }
  Json policies = Json::array();
  for (const PlanCell& cell : plan.cells) {
    if (std::ranges::find(policies, Json(cell.policy)) == policies.end()) {
      policies.push_back(cell.policy);
    }
  }
  const Options& options = plan.options;
  Json command;
  command["policies"] = options.policies;
  command["definitions"] = pairs_json(options.choices.params);
  command["set"] = pairs_json(options.choices.set);
  command["kernel"] = options.choices.kernel;
  command["seed"] = options.seed;
  command["seeds"] = options.seeds ? Json(*options.seeds) : Json(nullptr);
  command["step_limit"] = options.limits.steps;
  command["time_limit"] = options.limits.seconds;
  Json json = {{"v", 1}, {"program", "shootdown"}, {"version", version}, {"commit", commit}};
  json["scenario"] = plan.grids.front().title;
  json["file"] = plan.path;
  json["hash"] = plan.hash;
  json["cells"] = plan.cells.size();
  json["policies"] = std::move(policies);
  json["params"] = std::move(params);
  json["seeds"] = plan.seeds;
  json["command"] = std::move(command);
  return json;
}

std::string manifest_text(const Json& manifest) {
  return manifest.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::vector<std::string> differences(const Json& theirs, const Json& ours) {
  std::vector<std::string> result;
  for (const auto& [key, value] : ours.items()) {
    const Json other = theirs.contains(key) ? theirs.at(key) : Json(nullptr);
    if (other == value) continue;
    if (key == "hash") {
      result.emplace_back("the text of the scenario, or of what it imports, is another one");
    } else if (value.is_object() && other.is_object()) {
      for (const auto& [name, inner] : value.items()) {
        const Json there = other.contains(name) ? other.at(name) : Json(nullptr);
        if (there != inner) {
          result.push_back(
              fmt::format("{} {}: {}, not {}", key, name, to_text(there), to_text(inner)));
        }
      }
    } else {
      result.push_back(fmt::format("{}: {}, not {}", key, to_text(other), to_text(value)));
    }
  }
  return result;
}

std::optional<Options> options_of(const Json& manifest, const Options& others) {
  try {
    const Json& command = manifest.at("command");
    Options options = others;
    options.files = {manifest.at("file").get<std::string>()};
    options.policies = command.at("policies").get<std::vector<std::string>>();
    options.choices.params = pairs_in(command.at("definitions"));
    options.choices.set = pairs_in(command.at("set"));
    options.choices.kernel = command.at("kernel").get<std::string>();
    options.seed = command.at("seed").get<std::uint64_t>();
    options.seeds.reset();
    if (!command.at("seeds").is_null()) options.seeds = command.at("seeds").get<std::uint64_t>();
    options.limits.steps = command.at("step_limit").get<std::uint64_t>();
    options.limits.seconds = command.at("time_limit").get<double>();
    return options;
  } catch (const Json::exception&) {
    return std::nullopt;  // Somebody else has written it.
  }
}

}  // namespace cli
