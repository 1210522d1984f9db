// SPDX-License-Identifier: Apache-2.0
#include <cstdio>

#include "cli/interrupt.hpp"
#include "cli/program.hpp"
#include "cli/ranks.hpp"

int main(int argc, char** argv) {
  cli::catch_interrupts();
  const cli::Ranks ranks(argc, argv);
  std::string unread;  // Rank 0 speaks for all.
  const bool speaks = cli::own_rank() == 0;
  cli::Output out = speaks ? cli::Output(stdout) : cli::Output(unread);
  cli::Output err = speaks ? cli::Output(stderr) : cli::Output(unread);
  return cli::run_program({argv + 1, argv + argc}, out, err);
}
