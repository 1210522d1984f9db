// SPDX-License-Identifier: Apache-2.0
// Why a claim is not so: the events of an example that matter, each with its line of the scenario.
#pragma once

#include <string>
#include <vector>

#include "cli/outcome.hpp"

namespace cli {

struct Note {
  std::optional<language::Span> place{};  // Of the call on whose behalf it happened.
  std::string text{};
};

// The event that broke the claim first, then what led to it, going back. Where tasks wait for ever,
// who waits for whom. `cycle` is the loop that the example shows; null if it shows none.
std::vector<Note> explain(const Case& what, const model::ClaimResult& result,
                          const model::Cycle* cycle);

}  // namespace cli
