// SPDX-License-Identifier: Apache-2.0
// What the program tells the shell.
#pragma once

namespace cli {

enum class ExitStatus : int {
  ok = 0,
  failed = 1,     // A claim is not as the scenario says.
  misuse = 2,     // A mistake in a scenario or on the command line.
  undecided = 3,  // A limit ended the search before it could tell.
  skipped = 4,
  interrupted = 130,  // As a shell reports a program that SIGINT ended.
};

}  // namespace cli
