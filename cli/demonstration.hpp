// SPDX-License-Identifier: Apache-2.0
// What a call does, found by doing it: a small machine runs the call alone and its events are
// written down. So `explain munmap` cannot say anything that the model does not do.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/options.hpp"

namespace cli {

struct Demonstration {
  std::string title{};               // madvise(buf, MADV_DONTNEED)
  std::vector<std::string> lines{};  // range_start      buf CLEAR
};

// The ways of calling it; none if the call has nothing to do with the page table of its process.
// Verbose: with the inner steps.
std::vector<Demonstration> demonstrations_of(std::string_view call, Verbosity verbosity);

// On which machine: one line for the reader.
std::string_view demonstration_setting();

}  // namespace cli
