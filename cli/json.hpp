// SPDX-License-Identifier: Apache-2.0
// Results as JSON. Keys keep their order; a text that is no UTF-8 is repaired.
#pragma once

#include <nlohmann/json.hpp>

#include "cli/outcome.hpp"

namespace cli {

using Json = nlohmann::ordered_json;

std::string to_text(const Json& json);  // On one line.

// scenario, file, policy, kernel, params, seed, mode
void add_identity(Json& json, const Case& what, std::uint64_t seed);

Json json_of(const Case& what, const Outcome& outcome, const Options& options);

}  // namespace cli
