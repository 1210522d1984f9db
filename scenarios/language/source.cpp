// SPDX-License-Identifier: Apache-2.0
#include "scenarios/language/source.hpp"

#include <algorithm>

#include "scenarios/language/utf8.hpp"

namespace language {
namespace {

std::vector<std::uint32_t> find_line_starts(std::string_view text) {
  std::vector<std::uint32_t> starts{0};
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') starts.push_back(static_cast<std::uint32_t>(i + 1));
  }
  return starts;
}

}  // namespace

std::uint32_t Source::line_of(std::uint32_t offset) const {
  const auto after = std::ranges::upper_bound(line_starts, offset);
  return static_cast<std::uint32_t>(after - line_starts.begin());
}

std::string_view Source::line_text(std::uint32_t line) const {
  const std::size_t begin = line_starts[line - 1];
  const std::size_t end = line < line_starts.size() ? line_starts[line] : text.size();
  std::string_view result = std::string_view(text).substr(begin, end - begin);
  while (!result.empty() && (result.back() == '\n' || result.back() == '\r')) {
    result.remove_suffix(1);
  }
  return result;
}

Position Source::position(std::uint32_t offset) const {
  const std::uint32_t line = line_of(offset);
  const std::uint32_t begin = line_starts[line - 1];
  const auto before = std::string_view(text).substr(begin, offset - begin);
  return {.line = line, .column = static_cast<std::uint32_t>(count_characters(before)) + 1};
}

std::string_view Source::text_of(Span span) const {
  return std::string_view(text).substr(span.offset, span.length);
}

std::optional<SourceId> Sources::find(std::string_view path) const {
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    if (sources_[i].path == path) return SourceId{static_cast<std::uint32_t>(i)};
  }
  return std::nullopt;
}

std::optional<SourceId> Sources::load(const std::string& path) {
  if (const std::optional<SourceId> loaded = find(path)) return loaded;
  std::optional<std::string> text = loader_(path);
  if (!text) return std::nullopt;
  return add(path, std::move(*text));
}

SourceId Sources::add(std::string path, std::string text) {
  const SourceId id{static_cast<std::uint32_t>(sources_.size())};
  if (text.size() > size_max) text.resize(size_max);
  std::vector<std::uint32_t> starts = find_line_starts(text);
  sources_.push_back({std::move(path), std::move(text), std::move(starts)});
  return id;
}

std::string resolve_path(std::string_view importer, std::string_view path) {
  const std::size_t slash = importer.rfind('/');
  std::string joined(path);
  if (!path.starts_with('/') && slash != std::string_view::npos) {
    joined = std::string(importer.substr(0, slash + 1)) + joined;
  }
  const bool absolute = joined.starts_with('/');
  std::vector<std::string_view> parts;
  for (std::string_view rest = joined; !rest.empty();) {
    const std::size_t end = std::min(rest.find('/'), rest.size());
    const std::string_view part = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const bool can_go_up = !parts.empty() && parts.back() != "..";
    if (part.empty() || part == ".") continue;
    if (part == ".." && can_go_up) {
      parts.pop_back();
    } else if (part != ".." || !absolute) {
      parts.push_back(part);
    }
  }
  std::string result = absolute ? "/" : "";
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) result += '/';
    result += parts[i];
  }
  return result;
}

}  // namespace language
