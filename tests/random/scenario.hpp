// SPDX-License-Identifier: Apache-2.0
// A small scenario, drawn by lot from all that the language has: hosts, devices, policies with
// their settings, calls, gates, times and claims. Almost all of them are good ones.
#pragma once

#include <cstdint>
#include <string>

namespace random_scenarios {

// The same text for the same seed, always.
std::string random_scenario(std::uint64_t seed);

}  // namespace random_scenarios
