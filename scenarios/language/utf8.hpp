// SPDX-License-Identifier: Apache-2.0
// UTF-8, as far as a reader of columns needs it. A byte that is no text counts as one character.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace language {

// The bytes of the first character of `text`, which is not empty; 0 if they are no UTF-8.
std::size_t valid_character_length(std::string_view text);

// The same, but 1 for a byte that is no UTF-8.
std::size_t character_length(std::string_view text);

std::size_t count_characters(std::string_view text);

// What a terminal shows in one row: '?' for each byte that is no text and for control characters
// other than tabs.
std::string printable(std::string_view text);

}  // namespace language
