// SPDX-License-Identifier: Apache-2.0
#include "cli/interrupt.hpp"

#include <atomic>
#include <csignal>

namespace cli {
namespace {

volatile std::sig_atomic_t signalled = 0;
std::atomic<bool> given_up = false;

void on_signal(int) { signalled = 1; }

}  // namespace

void catch_interrupts() {
  struct sigaction action = {};
  action.sa_handler = on_signal;
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);
  sigaction(SIGINT, &action, nullptr);
}

bool interrupted() { return signalled != 0; }

void abandon_runs() { given_up = true; }
bool abandoned() { return given_up; }

}  // namespace cli
