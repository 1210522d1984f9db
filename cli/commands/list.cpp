// SPDX-License-Identifier: Apache-2.0
// list WHAT: one word a line, with what it means.
#include <algorithm>

#include "cli/commands/all.hpp"
#include "cli/costs.hpp"
#include "cli/json.hpp"
#include "cli/layout.hpp"
#include "cli/words.hpp"
#include "scenarios/language/nearest.hpp"

namespace cli {
namespace {

constexpr std::size_t name_width_max = 26;

std::string group_of(const Word& word) {
  return word.list == "settings" ? word.details.front().second : std::string();
}

void write_words(Output& out, const std::vector<const Word*>& words) {
  std::size_t width = 0;
  for (const Word* word : words) width = std::max(width, width_of(word->name));
  width = std::min(width, name_width_max);
  std::string group;
  for (const Word* word : words) {
    if (const std::string own = group_of(*word); own != group) {
      out.print("{}{}:\n", group.empty() ? "" : "\n", own);
      group = own;
    }
    const std::string indent = group.empty() ? "" : "  ";
    if (word->meaning.empty()) {
      out.print("{}{}\n", indent, word->name);
      continue;
    }
    const std::string first = indent + padded(word->name, width) + "  ";
    out.write(flowed(first, word->meaning, indent.size() + width + 2));
  }
}

void write_json(Output& out, const std::vector<const Word*>& words) {
  for (const Word* word : words) {
    Json details = Json::array();
    for (const auto& [key, text] : word->details) details.push_back(Json::array({key, text}));
    const Json json = {{"list", word->list},
                       {"name", word->name},
                       {"meaning", word->meaning},
                       {"details", std::move(details)}};
    out.print("{}\n", to_text(json));
  }
}

ExitStatus refuse(Session& session, const std::string& wanted) {
  std::vector<std::string> known;
  for (const std::string_view list : word_lists()) known.emplace_back(list);
  const auto meant = language::nearest(wanted, known);
  session.err.print("shootdown: there is no list of '{}'; {}\n", wanted,
                    meant ? fmt::format("did you mean '{}'?", *meant)
                          : fmt::format("there are {}", fmt::join(known, ", ")));
  return ExitStatus::misuse;
}

// What a profile sets; all else costs what it costs by default.
ExitStatus list_profile(Session& session) {
  const std::string& wanted = session.options.profile;
  if (session.options.words.front() != "costs") {
    session.err.print("shootdown: only costs have profiles: list costs --profile {}\n", wanted);
    return ExitStatus::misuse;
  }
  const std::optional<CostProfile> profile = find_cost_profile(wanted);
  if (!profile) {
    const std::vector<std::string> known = cost_profile_names();
    const auto meant = language::nearest(wanted, known);
    session.err.print("shootdown: there is no profile '{}'; {}\n", wanted,
                      meant ? fmt::format("did you mean '{}'?", *meant)
                            : fmt::format("there are {}", fmt::join(known, ", ")));
    return ExitStatus::misuse;
  }
  std::vector<const Word*> words;
  for (const Word& word : profile->costs) words.push_back(&word);
  if (session.options.json) {
    write_json(session.out, words);
    return ExitStatus::ok;
  }
  session.out.write(flowed(profile->name + ": ", profile->about, 0) + "\n");
  write_words(session.out, words);
  return ExitStatus::ok;
}

}  // namespace

ExitStatus list_words(Session& session) {
  if (!session.options.profile.empty()) return list_profile(session);
  const std::vector<std::string>& asked = session.options.words;
  if (std::ranges::find(word_lists(), asked.front()) == word_lists().end()) {
    return refuse(session, asked.front());
  }
  std::vector<const Word*> words;
  for (const Word& word : all_words()) {
    const bool wanted =
        word.list == asked.front() && (asked.size() < 2 || word.name.starts_with(asked[1]));
    if (wanted) words.push_back(&word);
  }
  if (words.empty()) {
    session.err.print("shootdown: none of the {} begins with '{}'\n", asked[0], asked[1]);
    return ExitStatus::misuse;
  }
  session.options.json ? write_json(session.out, words) : write_words(session.out, words);
  return ExitStatus::ok;
}

}  // namespace cli
