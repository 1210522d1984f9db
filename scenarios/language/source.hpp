// SPDX-License-Identifier: Apache-2.0
// The texts a script was read from. Reading files is the caller's business: the same code runs
// in a browser and in the fuzzer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "scenarios/language/span.hpp"

namespace language {

using Loader = std::function<std::optional<std::string>(const std::string& path)>;

// A longer text is cut here, and the parser says so.
inline constexpr std::size_t size_max = 16 * 1024 * 1024;

struct Position {  // Both from 1; columns count code points.
  std::uint32_t line = 1;
  std::uint32_t column = 1;
};

struct Source {
  std::string path;
  std::string text;
  std::vector<std::uint32_t> line_starts;

  std::uint32_t line_of(std::uint32_t offset) const;     // From 1.
  std::string_view line_text(std::uint32_t line) const;  // Without its end of line.
  Position position(std::uint32_t offset) const;
  std::string_view text_of(Span span) const;
};

class Sources {
 public:
  explicit Sources(Loader loader) : loader_(std::move(loader)) {}

  // The source of that path, loaded at the first request; empty if there is no such file.
  std::optional<SourceId> load(const std::string& path);
  std::optional<SourceId> find(std::string_view path) const;  // Of those that are loaded.
  SourceId add(std::string path, std::string text);  // A text that is no file: "-D name=value".

  const Source& at(SourceId id) const { return sources_[id.value]; }
  std::size_t size() const { return sources_.size(); }

 private:
  Loader loader_;
  std::deque<Source> sources_;  // Not a vector: references stay valid.
};

// `path` as the file `importer` means it: relative to its folder, with "." and ".." resolved.
std::string resolve_path(std::string_view importer, std::string_view path);

}  // namespace language
