// SPDX-License-Identifier: Apache-2.0
#include "bench/validation/table.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <fstream>

namespace validation {
namespace {

// A field in quotes may contain commas.
std::vector<std::string> fields_of(const std::string& line) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (const char c : line) {
    if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      fields.emplace_back();
    } else {
      fields.back() += c;
    }
  }
  return fields;
}

}  // namespace

std::optional<std::vector<Row>> read_table(const std::string& path,
                                           const std::vector<std::string>& columns) {
  std::ifstream file(path);
  if (!file) {
    fmt::print(stderr, "validate: cannot read {}\n", path);
    return std::nullopt;
  }
  std::vector<Row> rows;
  std::string line;
  bool header = true;
  for (std::size_t number = 1; std::getline(file, line); ++number) {
    if (line.empty() || line.starts_with('#')) continue;
    const std::vector<std::string> fields = fields_of(line);
    const bool fits = header ? fields == columns : fields.size() == columns.size();
    if (!fits) {
      fmt::print(stderr, "{}:{}: error: expected the columns {}\n", path, number,
                 fmt::join(columns, ","));
      return std::nullopt;
    }
    if (!header) {
      Row row;
      for (std::size_t i = 0; i < columns.size(); ++i) row[columns[i]] = fields[i];
      rows.push_back(std::move(row));
    }
    header = false;
  }
  return rows;
}

}  // namespace validation
