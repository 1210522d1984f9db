// SPDX-License-Identifier: Apache-2.0
// A record against the model, step by step.
#pragma once

#include <string>
#include <vector>

#include "cli/conform/operation.hpp"

namespace cli::conform {

enum class Agreement : std::uint8_t {
  agrees,
  differs,
  missing,  // The scenario has no such step, or the run did not reach it.
};

struct StepResult {
  std::size_t number = 0;  // In the record.
  std::string text;
  bool stable = true;  // False: it varies between boots; events are not compared.
  Agreement agreement = Agreement::agrees;
  std::vector<std::string> record{};  // What was compared.
  std::vector<std::string> model{};
};

std::vector<StepResult> compare(const Operation& record, const Operation& model);

// How two lists of lines come together: each line with ' ' (both), '-' (the first) or '+'.
struct DiffLine {
  char mark = ' ';
  std::string text;
};
std::vector<DiffLine> diff(const std::vector<std::string>& first,
                           const std::vector<std::string>& second);

}  // namespace cli::conform
