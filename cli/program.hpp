// SPDX-License-Identifier: Apache-2.0
// The program without its main(): so that tests can call it.
#pragma once

#include <string>
#include <vector>

#include "cli/output.hpp"

namespace cli {

// `arguments` without the program's name; the exit status.
int run_program(const std::vector<std::string>& arguments, Output& out, Output& err);

}  // namespace cli
