// SPDX-License-Identifier: Apache-2.0
#include "cli/coverage_report.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "cli/layout.hpp"
#include "model/policy/registry.hpp"

namespace cli {
namespace {

std::string name_of_flow(std::uint32_t step) {
  const std::string name = model::step_name(step);
  return name.substr(0, name.rfind('.'));
}

std::string last_part(std::uint32_t step) {
  const std::string name = model::step_name(step);
  return name.substr(name.rfind('.') + 1);
}

// "munmap: detach, clear; dma: walk". Ascending numbers.
std::string steps_text(const std::vector<std::uint32_t>& steps) {
  std::string text;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const bool same_flow = i > 0 && model::flow_of(steps[i]) == model::flow_of(steps[i - 1]);
    if (i > 0) text += same_flow ? ", " : "; ";
    text += (same_flow ? "" : name_of_flow(steps[i]) + ": ") + last_part(steps[i]);
  }
  return text;
}

std::set<std::uint32_t> reachable_flows(const model::Setup& setup, const Coverage& coverage) {
  std::set<std::uint32_t> flows;
  for (const auto& [step, times] : coverage.steps) flows.insert(model::flow_of(step));
  for (const model::AdapterSetup& adapter : setup.adapters) {
    const std::string policy(model::name_of(adapter.policy));
    for (const std::string& name : model::all_steps()) {
      if (!name.starts_with(policy + ".")) continue;
      flows.insert(model::flow_of(model::steps_named(name).front()));
    }
  }
  return flows;
}

std::size_t steps_in(const std::set<std::uint32_t>& flows) {
  std::size_t count = 0;
  for (const std::uint32_t flow : flows) count += model::steps_of(flow).size();
  return count;
}

model::PropertySet claimed(const model::Setup& setup) {
  model::PropertySet rules = 0;
  for (const model::Claim& claim : setup.claims) {
    if (claim.kind == model::Claim::Kind::never) rules |= model::bit(claim.property);
  }
  return rules;
}

std::string_view rule_name(std::size_t rule) { return model::property_table[rule].name; }

void write_steps(Output& out, const model::Setup& setup, const Coverage& coverage,
                 const Missing& missing) {
  const std::size_t all = steps_in(reachable_flows(setup, coverage));
  const std::string taken =
      fmt::format("  steps   {} of {} taken", all - missing.steps.size(), all);
  out.write(missing.steps.empty() ? taken + "\n" : taken + "; never:\n");
  if (!missing.steps.empty()) out.write(flowed("          ", steps_text(missing.steps), 10));
  for (const std::uint32_t line : missing.calls) {
    out.write(flowed("          never started: ", setup.lines[line].text, 12));
  }
}

// Steps that miss the same others are listed together.
void write_pairs(Output& out, const Coverage& coverage, const Missing& missing) {
  const std::size_t all = missing.pairs.size() + coverage.meeting.size();
  out.print("  pairs   {} of {} seen: a step, while another task stands before one{}\n",
            coverage.meeting.size(), all, missing.pairs.empty() ? "" : "; never:");
  std::map<std::uint32_t, std::vector<std::uint32_t>> others;
  for (const std::uint64_t pair : missing.pairs) {
    others[first_of(pair)].push_back(second_of(pair));
  }
  std::map<std::vector<std::uint32_t>, std::vector<std::uint32_t>> alike;
  for (const auto& [step, missed] : others) alike[missed].push_back(step);
  std::vector<std::pair<std::vector<std::uint32_t>, std::vector<std::uint32_t>>> groups;
  for (const auto& [missed, steps] : alike) groups.emplace_back(steps, missed);
  std::ranges::sort(groups);
  for (const auto& [steps, missed] : groups) {
    out.write(flowed("          ", steps_text(steps), 10));
    out.write(flowed("            while at ", steps_text(missed), 14));
  }
}

void write_rules(Output& out, const model::Setup& setup, const Coverage& coverage,
                 const Missing& missing) {
  const model::PropertySet rules = claimed(setup);
  std::vector<std::string> parts;
  for (std::size_t rule = 0; rule < Coverage::rules_max; ++rule) {
    if (((rules >> rule) & 1) == 0 || coverage.rules[rule] == 0) continue;
    parts.push_back(fmt::format("{} {}", rule_name(rule), coverage.rules[rule]));
  }
  if (!parts.empty()) out.write(flowed("  rules   judged: ", parts, ", ", 10));
  parts.clear();
  for (const model::Property rule : missing.rules) {
    parts.emplace_back(rule_name(static_cast<std::size_t>(rule)));
  }
  if (!parts.empty()) out.write(flowed("  rules   nothing to judge: ", parts, ", ", 10));
}

}  // namespace

Missing missing_in(const model::Setup& setup, const Coverage& coverage) {
  Missing missing;
  for (const std::uint32_t flow : reachable_flows(setup, coverage)) {
    for (const std::uint32_t step : model::steps_of(flow)) {
      if (!coverage.steps.contains(step)) missing.steps.push_back(step);
    }
  }
  for (const std::uint64_t pair : conceivable(coverage)) {
    if (!coverage.meeting.contains(pair)) missing.pairs.insert(missing.pairs.end(), pair);
  }
  for (std::uint32_t line = 0; line < setup.lines.size(); ++line) {
    if (!setup.lines[line].init && !coverage.calls.contains(line)) missing.calls.push_back(line);
  }
  const model::PropertySet rules = claimed(setup);
  for (std::size_t rule = 0; rule < Coverage::rules_max; ++rule) {
    if (((rules >> rule) & 1) == 0 || coverage.rules[rule] != 0) continue;
    missing.rules.push_back(static_cast<model::Property>(rule));
  }
  return missing;
}

void write_coverage(Output& out, const Case& what, const Outcome& outcome) {
  const Coverage& coverage = *outcome.coverage;
  const Missing missing = missing_in(what.setup(), coverage);
  out.print("  coverage, without init{}\n",
            outcome.complete() ? ": what is not here, happens in no execution" : "");
  write_steps(out, what.setup(), coverage, missing);
  write_pairs(out, coverage, missing);
  write_rules(out, what.setup(), coverage, missing);
}

Json coverage_json(const Case& what, const Coverage& coverage) {
  const Missing missing = missing_in(what.setup(), coverage);
  Json json;
  json["steps"] = Json::object();
  for (const auto& [step, times] : coverage.steps) json["steps"][model::step_name(step)] = times;
  json["steps_missing"] = Json::array();
  for (const std::uint32_t step : missing.steps) {
    json["steps_missing"].push_back(model::step_name(step));
  }
  json["calls_missing"] = Json::array();
  for (const std::uint32_t line : missing.calls) {
    json["calls_missing"].push_back(what.setup().lines[line].text);
  }
  json["pairs"] = coverage.meeting.size();
  json["pairs_missing"] = Json::array();
  for (const std::uint64_t pair : missing.pairs) {
    json["pairs_missing"].push_back(
        {model::step_name(first_of(pair)), model::step_name(second_of(pair))});
  }
  json["rules"] = Json::object();
  for (std::size_t rule = 0; rule < Coverage::rules_max; ++rule) {
    json["rules"][std::string(rule_name(rule))] = coverage.rules[rule];
  }
  json["rules_missing"] = Json::array();
  for (const model::Property rule : missing.rules) {
    json["rules_missing"].push_back(rule_name(static_cast<std::size_t>(rule)));
  }
  return json;
}

}  // namespace cli
