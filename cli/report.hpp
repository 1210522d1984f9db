// SPDX-License-Identifier: Apache-2.0
// What a person reads of a result: herd's words, in 80 columns.
#pragma once

#include <string>
#include <string_view>

#include "cli/outcome.hpp"
#include "cli/output.hpp"

namespace cli {

std::string_view mode_name(language::RunMode mode);
std::string_view ended_name(const Outcome& outcome);  // One word, for programs.
std::string count_text(std::uint64_t count);          // 37, 2.02e12, ">=1.8e19": saturated.
// The answer to a question of the scenario: yes, no, or the values that were found.
std::string answer_text(const Case& what, const Outcome& outcome, std::size_t question);

std::string name_of(const model::Reduce& reduce);  // The word after --reduce.
// "explore all", and how it is reduced.
std::string mode_text(const language::Cell& cell, const Options& options);

// name  policy P  kernel K  seed S  explore all
void write_heading(Output& out, const Case& what, const Options& options, const std::string& mode);

//   states 11  executions 37  complete
//   never   use_after_free        FAIL   6 of 37
void write_result(Output& out, const Case& what, const Outcome& outcome, const Options& options);

// For each claim that is not as the scenario says: where it stands, what happened, how to see it.
// With --why also for those that fail as expected.
void write_failures(Output& out, const Case& what, const Outcome& outcome, const Options& options);

}  // namespace cli
