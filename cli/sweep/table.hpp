// SPDX-License-Identifier: Apache-2.0
// A table as text in 80 columns, and as Markdown.
#pragma once

#include <string>
#include <vector>

namespace cli {

struct Table {
  std::size_t labels = 1;  // So many columns say what the row is about.
  std::vector<std::string> head;
  std::vector<std::vector<std::string>> rows;
};

// Columns that do not fit follow below, with the labels again.
std::string table_text(const Table& table);
std::string table_markdown(const Table& table);

}  // namespace cli
