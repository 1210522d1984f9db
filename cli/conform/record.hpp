// SPDX-License-Identifier: Apache-2.0
// A record of a real kernel: JSON Lines, one for each operation and each of its steps.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/conform/operation.hpp"

namespace cli::conform {

struct Record {
  std::string kernel;   // 7.3.4+deb13-amd64
  std::string version;  // 7.3
  std::vector<Operation> operations;
};

struct ReadRecord {
  Record record;
  std::string problem;  // "FILE:LINE: what is wrong"; empty if nothing is.
};

ReadRecord read_record(std::string_view path, std::string_view text);

// "a0.wyd - | z.ry": a window as the record writes it.
View view_of(std::string_view text);

}  // namespace cli::conform
