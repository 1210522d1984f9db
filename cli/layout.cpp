// SPDX-License-Identifier: Apache-2.0
#include "cli/layout.hpp"

#include <fmt/format.h>

#include "scenarios/language/utf8.hpp"

namespace cli {

std::size_t width_of(std::string_view text) { return language::count_characters(text); }

std::string padded(std::string_view text, std::size_t width) {
  std::string result(text);
  const std::size_t now = width_of(text);
  if (now < width) result.append(width - now, ' ');
  return result;
}

std::string right_aligned(std::string_view text, std::size_t width) {
  const std::size_t now = width_of(text);
  return (now < width ? std::string(width - now, ' ') : std::string()) + std::string(text);
}

std::string flowed(std::string_view first, const std::vector<std::string>& parts,
                   std::string_view separator, std::size_t indent) {
  std::string result(first);
  std::size_t column = width_of(first);
  std::string_view between;
  const std::size_t closing = words_of(separator).empty() ? 0 : 1;  // For the comma at the end.
  for (const std::string& part : parts) {
    if (column > indent && column + between.size() + width_of(part) + closing > page_width) {
      result += between;
      while (result.ends_with(' ')) result.pop_back();
      result += '\n' + std::string(indent, ' ');
      column = indent;
      between = "";
    }
    result += between;
    result += part;
    column += between.size() + width_of(part);
    between = separator;
  }
  while (result.ends_with(' ')) result.pop_back();
  return result + '\n';
}

std::string flowed(std::string_view first, std::string_view text, std::size_t indent) {
  return flowed(first, words_of(text), " ", indent);
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(" \n\t"), text.size());
    if (end > 0) words.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

std::string counted(std::uint64_t count, std::string_view noun, std::string_view plural) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : plural);
}

}  // namespace cli
