// SPDX-License-Identifier: Apache-2.0
// Ctrl-C ends a search, not the program: what was found so far is still printed. A second one
// ends the program at once.
#pragma once

namespace cli {

void catch_interrupts();
bool interrupted();

// Nobody wants to know any more what the runs under way come to: they end.
void abandon_runs();
bool abandoned();

}  // namespace cli
