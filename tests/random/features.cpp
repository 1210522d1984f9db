// SPDX-License-Identifier: Apache-2.0
#include "tests/random/features.hpp"

#include <string_view>

#include "model/rules.hpp"
#include "scenarios/language/model_words.hpp"

namespace random_scenarios {
namespace {

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// Whole words only.
bool mentions(std::string_view text, std::string_view word, std::string_view after = "") {
  for (std::size_t at = text.find(word); at != std::string_view::npos;
       at = text.find(word, at + 1)) {
    const bool begins = at == 0 || !is_letter(text[at - 1]);
    const std::string_view rest = text.substr(at + word.size());
    const bool ends = rest.empty() || !is_letter(rest[0]);
    if (begins && ends && rest.starts_with(after)) return true;
  }
  return false;
}

const char* kind_name(model::Claim::Kind kind) {
  using Kind = model::Claim::Kind;
  switch (kind) {
    case Kind::never:
      return "never";
    case Kind::always:
      return "always";
    case Kind::eventually:
      return "eventually";
    case Kind::exists:
      return "exists";
    case Kind::not_exists:
      return "~exists";
    case Kind::forall:
      return "forall";
    case Kind::result:
      return "result";
    case Kind::emitted:
      return "emitted";
    case Kind::question:
      return "question";
  }
  return "";
}

}  // namespace

void note_words(const std::string& text, Counts& counts) {
  const language::Vocabulary& words = language::full_vocabulary();
  for (const auto& call : words.calls) {
    if (mentions(text, call.name, "(")) counts["call " + call.name] = 1;
  }
  for (const auto& policy : words.policies) {
    if (mentions(text, "policy " + policy.name)) counts["policy " + policy.name] = 1;
    for (const auto& setting : policy.settings) {
      if (mentions(text, setting.name)) counts["setting " + setting.name] = 1;
    }
  }
  for (const auto& kernel : words.kernels) {
    if (mentions(text, "kernel " + kernel.version)) counts["kernel " + kernel.version] = 1;
    for (const auto& each : kernel.switches) {
      if (mentions(text, each.name)) counts["switch " + each.name] = 1;
    }
  }
  for (const auto& event : words.events) {
    if (mentions(text, "> " + event.name)) counts["event " + event.name] = 1;
  }
  for (const auto& function : words.functions) {
    if (!function.statistic && mentions(text, function.name)) {
      counts["function " + function.name] = 1;
    }
  }
  for (const char* word :
       {"timeline", "thread", "param", "expect fail", "ask", "watch", "within"}) {
    if (mentions(text, word)) counts[std::string("word ") + word] = 1;
  }
}

void note_results(const model::Setup& setup, const sim::ExploreReport& report, Counts& counts) {
  if (report.unbounded) counts["explored unbounded"] = 1;
  if (report.finals == 0) counts["explored without an end"] = 1;
  for (const model::Claim& claim : setup.claims) {
    counts[std::string("claim ") + kind_name(claim.kind)] = 1;
  }
  for (const sim::Counterexample& each : report.counterexamples) {
    const model::Claim& claim = setup.claims[each.claim];
    const auto property = static_cast<std::size_t>(claim.property);
    if (claim.kind == model::Claim::Kind::never) {
      counts["breaks " + std::string(model::property_table[property].name)] = 1;
    } else {
      counts[std::string("breaks ") + kind_name(claim.kind)] = 1;
    }
  }
}

}  // namespace random_scenarios
