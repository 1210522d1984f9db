// SPDX-License-Identifier: Apache-2.0
// A table of comma-separated values whose first line names the columns. Lines that begin with '#'
// say where it is from.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace validation {

using Row = std::map<std::string, std::string, std::less<>>;

// Empty, with a message on standard error, if it cannot be read or a line has other columns.
std::optional<std::vector<Row>> read_table(const std::string& path,
                                           const std::vector<std::string>& columns);

}  // namespace validation
