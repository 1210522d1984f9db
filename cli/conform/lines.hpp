// SPDX-License-Identifier: Apache-2.0
// A step in shorthand, one line for each event. What is compared is these lines.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/conform/naming.hpp"
#include "cli/conform/operation.hpp"

namespace cli::conform {

inline constexpr std::uint32_t small_page_shift = 12;

// All of a step, or of one that varies only what is the same at each boot.
enum class Detail : std::uint8_t { full, before_and_after };

// Of the record; with a naming, of the model.
std::vector<std::string> lines_of(const Step& step, const Naming* naming, Detail detail);

// What has happened in a step, in full words: a line for each event, and one for pages that are
// freed together; above them the function of the kernel in which they happen.
std::vector<std::string> words_of(const Step& step);

}  // namespace cli::conform
