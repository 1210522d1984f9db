// SPDX-License-Identifier: Apache-2.0
// aborts(): does this code end in a failed check? Runs it in a child process, whose complaint is
// not shown.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "sim/check.hpp"

template <class Body>
bool aborts(Body body) {
  const pid_t child = fork();
  check(child >= 0);
  if (child == 0) {
    std::signal(SIGABRT, SIG_DFL);  // Doctest would report it.
    if (std::freopen("/dev/null", "w", stderr) == nullptr) _exit(1);
    body();
    _exit(0);
  }
  int status = 0;
  check(waitpid(child, &status, 0) == child);
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}
