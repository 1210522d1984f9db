// SPDX-License-Identifier: Apache-2.0
// Every word that a scenario or the command line may contain, with what there is to say about it:
// what `list` lists and `explain` explains. All of it is read from the tables that the language
// and the model work with.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cli {

struct Word {
  std::string_view list;  // Under which it is listed: policies, calls, ...
  std::string name{};
  std::string meaning{};
  std::vector<std::pair<std::string, std::string>> details{};  // settings: retries (8): how often
  std::string page{};                                          // Its page of docs/, if it has one.
  std::string guarantees{};                                    // Of a policy.
};

std::span<const std::string_view> word_lists();
std::string_view noun_of(std::string_view list);  // policies: a policy

const std::vector<Word>& all_words();

}  // namespace cli
