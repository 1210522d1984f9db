// SPDX-License-Identifier: Apache-2.0
#include <cstdio>

#include "cli/interrupt.hpp"
#include "cli/program.hpp"

int main(int argc, char** argv) {
  cli::catch_interrupts();
  cli::Output out(stdout);
  cli::Output err(stderr);
  return cli::run_program({argv + 1, argv + argc}, out, err);
}
