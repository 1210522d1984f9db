// SPDX-License-Identifier: Apache-2.0
// A place in a source text. Every node of the syntax tree and every problem has one.
#pragma once

#include <algorithm>
#include <compare>
#include <cstdint>

namespace language {

struct SourceId {  // An index into Sources; 0 is the file that was asked for.
  std::uint32_t value = 0;
  auto operator<=>(const SourceId&) const = default;
};

struct Span {
  SourceId source;
  std::uint32_t offset = 0;  // In bytes.
  std::uint32_t length = 0;

  std::uint32_t end() const { return offset + length; }
  auto operator<=>(const Span&) const = default;
};

// The smallest span that covers both. Both lie in the same source.
inline Span join(Span first, Span last) {
  const std::uint32_t begin = std::min(first.offset, last.offset);
  const std::uint32_t end = std::max(first.end(), last.end());
  return {.source = first.source, .offset = begin, .length = end - begin};
}

}  // namespace language
