// SPDX-License-Identifier: Apache-2.0
// Texts in, problems out: what the tests of the language share.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "scenarios/language/check.hpp"
#include "scenarios/language/parse.hpp"
#include "scenarios/language/source.hpp"
#include "scenarios/language/vocabulary.hpp"

namespace language_test {

std::optional<std::string> read_file(const std::string& path);
void write_file(const std::string& path, const std::string& text);
// The .sd files in that folder and below, sorted.
std::vector<std::string> scenarios_in(const std::string& folder);

// Files that exist only in memory.
language::Sources sources_of(std::map<std::string, std::string> files);

// The language's words with a few of a model's own, so that a change of the model changes no
// message here.
const language::Vocabulary& small_vocabulary();

// Parses and checks the file. Problems of syntax come first; all are rendered.
std::string problems_of(language::Sources& sources, const std::string& path,
                        const std::vector<std::string>& definitions = {},
                        const std::string& policy = "");

// The same for one text, named "t.sd".
std::string problems_in(const std::string& text, const std::vector<std::string>& definitions = {},
                        const std::string& policy = "");

// Parses and checks a text that must be good.
language::Checked checked(const std::string& text,
                          const std::vector<std::string>& definitions = {});

// Compares with the text of that file; with UPDATE_EXPECT=1 in the environment, rewrites it.
std::string expected(const std::string& path, const std::string& actual);

}  // namespace language_test
