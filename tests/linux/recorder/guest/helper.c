// SPDX-License-Identifier: GPL-2.0-only
// A process that does what it is asked. It is a fork, so that a function means the same to both.
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "op.h"

struct order {
  task what;
  long argument;
};

static void obey(int orders, int answers) {
  struct order order;
  long answer;

  prctl(PR_SET_PDEATHSIG, SIGKILL);
  while (read(orders, &order, sizeof(order)) == sizeof(order)) {
    answer = order.what(order.argument);
    if (write(answers, &answer, sizeof(answer)) != sizeof(answer)) break;
  }
  _exit(0);
}

struct helper start_helper(void) {
  struct helper helper = {-1, -1, -1};
  int orders[2], answers[2];

  if (pipe2(orders, O_CLOEXEC) || pipe2(answers, O_CLOEXEC)) return helper;
  helper.pid = fork();
  if (helper.pid == 0) {
    close(orders[1]);
    close(answers[0]);
    obey(orders[0], answers[1]);
  }
  close(orders[0]);
  close(answers[1]);
  helper.orders = orders[1];
  helper.answers = answers[0];
  return helper;
}

void tell(struct helper* helper, task what, long argument) {
  const struct order order = {what, argument};

  if (write(helper->orders, &order, sizeof(order)) != sizeof(order)) close(helper->orders);
}

long hear(struct helper* helper) {
  long answer;

  return read(helper->answers, &answer, sizeof(answer)) == sizeof(answer) ? answer : -1;
}

long ask(struct helper* helper, task what, long argument) {
  tell(helper, what, argument);
  return hear(helper);
}

long end_helper(struct helper* helper) {
  close(helper->orders);
  waitpid(helper->pid, NULL, 0);
  close(helper->answers);
  return 0;
}
