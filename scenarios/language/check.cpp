// SPDX-License-Identifier: Apache-2.0
#include "scenarios/language/check.hpp"

#include "scenarios/language/checking.hpp"
#include "scenarios/language/parse.hpp"

namespace language {
namespace {

// A text from the command line becomes a source of its own, so that problems can show it.
Override parse_definition(Sources& sources, const std::string& definition, Problems& problems) {
  const SourceId id = sources.add("-D " + definition, definition);
  const std::size_t equals = definition.find('=');
  const auto whole = static_cast<std::uint32_t>(definition.size());
  Override given;
  given.name.text = definition.substr(0, equals);
  given.name.span = {
      .source = id, .offset = 0, .length = static_cast<std::uint32_t>(given.name.text.size())};
  if (equals == std::string::npos || equals == 0) {
    problems.push_back(
        {.span = {.source = id, .offset = 0, .length = whole}, .message = "-D takes name=value"});
    return given;
  }
  const SourceId value = sources.add("-D " + given.name.text, definition.substr(equals + 1));
  ParsedExpr parsed = parse_expr_text(sources, value, 0);
  problems.insert(problems.end(), parsed.problems.begin(), parsed.problems.end());
  given.value = std::move(parsed.expr);
  return given;
}

}  // namespace

Overrides parse_overrides(Sources& sources, const std::vector<std::string>& definitions,
                          const std::string& policy) {
  Overrides overrides;
  for (const std::string& definition : definitions) {
    overrides.params.push_back(parse_definition(sources, definition, overrides.problems));
  }
  if (!policy.empty()) {
    const SourceId id = sources.add("--policy", policy);
    const auto length = static_cast<std::uint32_t>(policy.size());
    overrides.policy = Name{.text = policy, .span = {.source = id, .offset = 0, .length = length}};
  }
  return overrides;
}

Checked check(Script script, const Vocabulary& vocabulary, const Overrides& overrides) {
  Checked checked;
  checked.script = std::make_shared<const Script>(std::move(script));
  checked.vocabulary = &vocabulary;
  checked.meanings.resize(checked.script->exprs);
  Checking checking{.checked = checked, .vocabulary = vocabulary, .overrides = overrides};
  declare_all(checking);
  check_params(checking);
  check_lets(checking);
  check_policies(checking);
  check_machine(checking);
  check_files(checking);
  check_window(checking);
  declare_events(checking);
  check_events(checking);
  check_claims(checking);
  check_load(checking);
  check_statistics(checking);
  sort_problems(checked.problems);
  return checked;
}

const StepInfo* Checked::info(const Step& step) const {
  for (const StepInfo& candidate : steps) {
    if (candidate.step == &step) return candidate.call == nullptr ? nullptr : &candidate;
  }
  return nullptr;
}

}  // namespace language
