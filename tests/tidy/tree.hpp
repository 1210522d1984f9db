// SPDX-License-Identifier: Apache-2.0
// The repository as text, for checks of the sources themselves. Only tree.cpp touches the disk:
// a check sees paths and texts, so that a test can also show it a wrong one.
#pragma once
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace tidy {

struct File {
  std::string path;  // Relative to the root of the repository, with '/'.
  std::string text;  // Empty for files that are neither source nor documentation.
};
using Tree = std::vector<File>;

struct Finding {
  std::string path;
  std::size_t line = 0;  // From 1; 0 speaks of the whole file.
  std::string message;
  bool operator==(const Finding&) const = default;
};
using Findings = std::vector<Finding>;

// All files below the current folder, sorted by path, without those of version control and builds.
Tree read_tree();

// What `path` is. A source is C++; a script is a shell, awk or CMake file.
bool header(std::string_view path);
bool source(std::string_view path);
bool script(std::string_view path);
bool scenario(std::string_view path);
bool document(std::string_view path);

// True if `path` is in `folder` or below it; the folder is written with its final '/'.
bool in(std::string_view path, std::string_view folder);

// The file name without folder and extension.
std::string_view stem(std::string_view path);

// The text with comments and the inside of literals turned to spaces; lines keep their numbers.
std::string code_only(std::string_view text);

// Calls `visit` with each line and its number, from 1.
void each_line(std::string_view text,
               const std::function<void(std::string_view line, std::size_t number)>& visit);

// The file that a line `#include "..."` or `#include <...>` names; empty for other lines.
struct Include {
  std::string_view name;
  bool quoted = false;
};
Include included(std::string_view line);

}  // namespace tidy
