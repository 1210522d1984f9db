// SPDX-License-Identifier: Apache-2.0
// What the operations of a kernel do, found by running their scenarios: what fires, on which range,
// under which lock, in which order. So `explain` cannot say anything that the model does not do.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/options.hpp"

namespace cli {

struct OperationInfo {
  std::string name;   // munmap_part
  std::string about;  // What the comment of its scenario says.
};
const std::vector<OperationInfo>& operations();

struct OperationStep {
  std::string text;                // munmap [0,2)
  std::vector<std::string> calls;  // p: munmap(m[0..1])
  std::vector<std::string> lines;  // range_start  UNMAP [0,2)  mmap_lock read
};

// All steps of an operation. Verbose: with what the page table holds.
std::vector<OperationStep> steps_of(std::string_view operation, const std::string& kernel,
                                    Verbosity verbosity);
// Steps of all operations that are this call alone, differ in what they do, and ask for different
// things: a few of them.
std::vector<OperationStep> steps_with(std::string_view call, const std::string& kernel);

}  // namespace cli
