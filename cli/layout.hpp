// SPDX-License-Identifier: Apache-2.0
// Text in columns. A width is counted in characters, not in bytes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace cli {

inline constexpr std::size_t page_width = 80;

std::size_t width_of(std::string_view text);
std::string padded(std::string_view text, std::size_t width);         // Filled up on its right,
std::string right_aligned(std::string_view text, std::size_t width);  // on its left.

// Lines of at most page_width columns, each with its end. The first one starts with `first`, which
// counts; the others with `indent` spaces. A part is never split; a comma or the like of the
// separator stays at the end of the line.
std::string flowed(std::string_view first, const std::vector<std::string>& parts,
                   std::string_view separator, std::size_t indent);
// The same with the words of a text.
std::string flowed(std::string_view first, std::string_view text, std::size_t indent);

std::vector<std::string> words_of(std::string_view text);

// "1 state", "2 states"
std::string counted(std::uint64_t count, std::string_view noun, std::string_view plural = "s");

}  // namespace cli
