// SPDX-License-Identifier: Apache-2.0
// replay FILE --path P --steps N: one execution again, in any format, and which claims it breaks.
#include "cli/commands/all.hpp"
#include "cli/formats/format.hpp"
#include "cli/json.hpp"
#include "cli/layout.hpp"
#include "cli/play.hpp"
#include "cli/report.hpp"

namespace cli {
namespace {

using model::Claim;

bool has(std::uint64_t bits, std::size_t bit) { return ((bits >> bit) & 1) != 0; }

// What the execution says about a claim; empty: nothing.
std::string finding(const Claim& claim, const Played& played, std::size_t bit) {
  switch (claim.kind) {
    case Claim::Kind::question:
      return {};
    case Claim::Kind::exists:
    case Claim::Kind::not_exists:
    case Claim::Kind::forall:
      if (!played.replay.at_rest) return {};
      return has(played.witnessed, bit) ? "is true here" : "is false here";
    default:
      return has(played.broken, bit) ? "is broken" : "";
  }
}

// One execution can break a claim, or show what must never be; it can't show that nothing does.
bool unexpected(const Claim& claim, const Played& played, std::size_t bit) {
  if (claim.expect_fail) return false;
  switch (claim.kind) {
    case Claim::Kind::question:
    case Claim::Kind::exists:
      return false;
    case Claim::Kind::not_exists:
      return has(played.witnessed, bit);
    case Claim::Kind::forall:
      return played.replay.at_rest && !has(played.witnessed, bit);
    default:
      return has(played.broken, bit);
  }
}

ExitStatus verdict(const Case& what, const Played& played) {
  for (std::size_t i = 0; i < what.setup().claims.size(); ++i) {
    if (unexpected(what.setup().claims[i], played, i)) return ExitStatus::failed;
  }
  return ExitStatus::ok;
}

void write_findings(Output& out, const Case& what, const Played& played) {
  out.print("{}, {}\n", counted(played.replay.steps, "step"),
            played.replay.at_rest ? "then nothing can happen any more" : "then it could go on");
  for (std::size_t i = 0; i < what.setup().claims.size(); ++i) {
    const Claim& claim = what.setup().claims[i];
    const std::string found = finding(claim, played, i);
    if (found.empty()) continue;
    const std::string_view expected = claim.expect_fail ? ", as expected" : "";
    const std::string text = fmt::format("{}: {}{}", full_text(claim), found, expected);
    out.write(flowed("  ", text, 4));
  }
}

Json json_of(const Case& what, const Played& played, const Options& options) {
  Json json;
  add_identity(json, what, options.seed);
  json["steps"] = played.replay.steps;
  json["path"] = options.path;
  json["at_rest"] = played.replay.at_rest;
  json["claims"] = Json::array();
  for (std::size_t i = 0; i < what.setup().claims.size(); ++i) {
    const std::string found = finding(what.setup().claims[i], played, i);
    if (found.empty()) continue;
    json["claims"].push_back({{"text", full_text(what.setup().claims[i])},
                              {"finding", found},
                              {"as_expected", !unexpected(what.setup().claims[i], played, i)}});
  }
  return json;
}

}  // namespace

ExitStatus replay_case(Session& session, const Case& what) {
  const Options& options = session.options;
  const auto path = sim::parse_path(options.path);
  if (!path) {
    session.err.print("shootdown: '{}' is not a path: it looks like 0.2.1\n", options.path);
    return ExitStatus::misuse;
  }
  Nobody nobody;
  const Played played = play(what, *path, options.steps, nobody);
  if (played.replay.diverged) {
    session.err.print(
        "shootdown: this path does not fit {} with these options: it was made from another text, "
        "by another version, or has lost a part\n",
        what.scenario->path);
    return ExitStatus::misuse;
  }
  if (options.json) {
    session.out.print("{}\n", to_text(json_of(what, played, options)));
    return verdict(what, played);
  }
  const std::string format = options.format.empty() ? "text" : options.format;
  const bool text = format == "text";
  if (text) write_heading(session.out, what, options, "replay");
  const Manifest manifest{
      .what = what, .seed = options.seed, .path = &*path, .steps = options.steps};
  const auto reader = find_format(format)->make(
      session.out, manifest, {.verbosity = options.verbosity, .why = options.why});
  play(what, *path, options.steps, *reader);
  if (text || options.verbosity != Verbosity::quiet) {
    write_findings(text ? session.out : session.err, what, played);
  }
  return verdict(what, played);
}

ExitStatus replay_path(Session& session) {
  const std::vector<Scenario> scenarios =
      load_scenarios(session.options.files, session.options.choices);
  if (!report_problems(session, scenarios)) return ExitStatus::misuse;
  const std::vector<Case> cases = cases_of(scenarios);
  if (cases.size() != 1) {
    session.err.print(
        "shootdown: a path belongs to one scenario with its params chosen (-D); "
        "here are {}\n",
        cases.size());
    return ExitStatus::misuse;
  }
  return replay_case(session, cases.front());
}

}  // namespace cli
