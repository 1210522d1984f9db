// SPDX-License-Identifier: Apache-2.0
#include "tests/tidy/tree.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace tidy {
namespace {

constexpr std::array kept_hidden = {".ci",           ".clang-format",  ".clang-tidy",
                                    ".editorconfig", ".gitattributes", ".gitignore"};

bool ends_with_any(std::string_view path, std::initializer_list<std::string_view> endings) {
  return std::any_of(endings.begin(), endings.end(),
                     [&](std::string_view ending) { return path.ends_with(ending); });
}

bool skipped(const std::filesystem::path& path) {
  const std::string name = path.filename().string();
  if (name == "build") return true;
  return name.starts_with('.') && std::ranges::find(kept_hidden, name) == kept_hidden.end();
}

std::string read(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

bool has_text(std::string_view path) {
  return source(path) || script(path) || scenario(path) || document(path);
}

}  // namespace

Tree read_tree() {
  namespace fs = std::filesystem;
  Tree tree;
  fs::recursive_directory_iterator walk(".");
  for (auto entry = begin(walk); entry != end(walk); ++entry) {
    if (skipped(entry->path())) {
      entry.disable_recursion_pending();
    } else if (entry->is_regular_file()) {
      std::string path = entry->path().lexically_relative(".").generic_string();
      std::string text = has_text(path) ? read(entry->path()) : std::string();
      tree.push_back({std::move(path), std::move(text)});
    }
  }
  std::ranges::sort(tree, {}, &File::path);
  return tree;
}

bool header(std::string_view path) { return ends_with_any(path, {".hpp", ".h"}); }

bool source(std::string_view path) {
  return header(path) || ends_with_any(path, {".cpp", ".hpp.in", ".c"});
}

bool script(std::string_view path) {
  return ends_with_any(path, {".sh", ".awk", ".cmake", ".py", "CMakeLists.txt", "packages.txt",
                              ".clang-format", ".clang-tidy", ".gitignore"}) ||
         path == "run" || path == ".ci/run";
}

bool scenario(std::string_view path) { return path.ends_with(".sd"); }

bool document(std::string_view path) { return path.ends_with(".md"); }

bool in(std::string_view path, std::string_view folder) { return path.starts_with(folder); }

std::string_view stem(std::string_view path) {
  path.remove_prefix(path.rfind('/') + 1);  // npos + 1 is 0.
  return path.substr(0, path.rfind('.'));
}

namespace {

// Where the token that starts at `from` ends, and which part of it is not code.
struct Span {
  std::size_t blank_first;
  std::size_t blank_end;
  std::size_t end;
};

std::size_t find_or_end(std::string_view text, std::string_view what, std::size_t from) {
  return std::min(text.find(what, from), text.size());
}

std::size_t closing_quote(std::string_view text, std::size_t open) {
  std::size_t at = open + 1;
  while (at < text.size() && text[at] != text[open] && text[at] != '\n') {
    at += text[at] == '\\' ? 2 : 1;
  }
  return std::min(at, text.size());
}

bool part_of_word(std::string_view text, std::size_t at) {
  return at < text.size() &&
         (std::isalnum(static_cast<unsigned char>(text[at])) != 0 || text[at] == '_');
}

Span not_code(std::string_view text, std::size_t from) {
  const std::string_view rest = text.substr(from);
  if (rest.starts_with("//")) {
    const std::size_t end = find_or_end(text, "\n", from);
    return {from, end, end};
  }
  if (rest.starts_with("/*")) {
    const std::size_t end = std::min(find_or_end(text, "*/", from + 2) + 2, text.size());
    return {from, end, end};
  }
  if (rest.starts_with("R\"")) {
    const std::size_t open = find_or_end(text, "(", from);
    const std::string close = ")" + std::string(text.substr(from + 2, open - from - 2)) + "\"";
    const std::size_t end = std::min(find_or_end(text, close, open) + close.size(), text.size());
    return {from + 2, end, end};
  }
  const bool digit_separator = text[from] == '\'' && from > 0 && part_of_word(text, from - 1);
  if (text[from] == '"' || (text[from] == '\'' && !digit_separator)) {
    const std::size_t close = closing_quote(text, from);
    return {from + 1, close, std::min(close + 1, text.size())};
  }
  return {from, from, from + 1};
}

}  // namespace

std::string code_only(std::string_view text) {
  std::string code(text);
  for (std::size_t at = 0; at < text.size();) {
    const Span span = not_code(text, at);
    for (std::size_t i = span.blank_first; i < span.blank_end; ++i) {
      if (code[i] != '\n') code[i] = ' ';
    }
    at = span.end;
  }
  return code;
}

void each_line(std::string_view text,
               const std::function<void(std::string_view line, std::size_t number)>& visit) {
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = find_or_end(text, "\n", 0);
    visit(text.substr(0, end), number);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

Include included(std::string_view line) {
  constexpr std::string_view word = "#include ";
  if (!line.starts_with(word) || line.size() <= word.size()) return {};
  const std::string_view rest = line.substr(word.size());
  const bool quoted = rest.front() == '"';
  const std::size_t end = rest.find(quoted ? '"' : '>', 1);
  if (end == std::string_view::npos) return {};
  return {rest.substr(1, end - 1), quoted};
}

}  // namespace tidy
