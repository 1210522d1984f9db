// SPDX-License-Identifier: Apache-2.0
// Commands that a reader can paste into a shell.
#pragma once

#include "cli/outcome.hpp"

namespace cli {

// Shows the execution again: `shootdown replay FILE ... --path P --steps N`, in lines of at most 80
// columns, each with its end.
std::string replay_command(const Case& what, const model::ClaimResult& result,
                           const Options& options);

// `shootdown COMMAND FILE ...` with what the command line has chosen; in lines as above.
std::string command_again(std::string_view command, const std::string& path,
                          const language::Choices& choices);

// `shootdown run FILE ... --seed N`; in lines as above.
std::string run_command(const std::string& path, const language::Choices& choices,
                        std::uint64_t seed);

}  // namespace cli
