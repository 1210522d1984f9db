// SPDX-License-Identifier: Apache-2.0
#include "scenarios/language/utf8.hpp"

#include <algorithm>
#include <cstdint>

namespace language {
namespace {

std::uint32_t byte_at(std::string_view text, std::size_t i) {
  return static_cast<unsigned char>(text[i]);
}

std::size_t length_by_first_byte(std::uint32_t byte) {
  if (byte < 0x80) return 1;
  if (byte >= 0xC2 && byte <= 0xDF) return 2;
  if (byte >= 0xE0 && byte <= 0xEF) return 3;
  if (byte >= 0xF0 && byte <= 0xF4) return 4;
  return 0;
}

}  // namespace

std::size_t valid_character_length(std::string_view text) {
  const std::uint32_t first = byte_at(text, 0);
  const std::size_t length = length_by_first_byte(first);
  if (length <= 1) return length;
  if (text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte_at(text, i) & 0xC0) != 0x80) return 0;
  }
  // Longer than needed, a surrogate, or above U+10FFFF.
  const std::uint32_t second = byte_at(text, 1);
  const bool wrong = (first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F) ||
                     (first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F);
  return wrong ? 0 : length;
}

std::size_t character_length(std::string_view text) {
  return std::max<std::size_t>(1, valid_character_length(text));
}

std::size_t count_characters(std::string_view text) {
  std::size_t count = 0;
  for (; !text.empty(); text.remove_prefix(character_length(text))) ++count;
  return count;
}

std::string printable(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const std::size_t length = valid_character_length(text);
    const bool control = length == 1 && (byte_at(text, 0) < 0x20 || text[0] == 0x7F);
    const bool shown = length > 0 && (!control || text[0] == '\t');
    result += shown ? text.substr(0, length) : std::string_view("?");
    text.remove_prefix(std::max<std::size_t>(1, length));
  }
  return result;
}

}  // namespace language
