// SPDX-License-Identifier: Apache-2.0
// What random scenarios cover: words of the language that occur in them, and what they show.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "model/setup.hpp"
#include "sim/explore_report.hpp"

namespace random_scenarios {

using Counts = std::map<std::string, std::uint64_t>;

// "call munmap", "policy handle", "event dma_write", "claim exists": 1 for each that occurs.
void note_words(const std::string& text, Counts& counts);

// "breaks use_after_free", "unbounded": what its exploration found.
void note_results(const model::Setup& setup, const sim::ExploreReport& report, Counts& counts);

}  // namespace random_scenarios
