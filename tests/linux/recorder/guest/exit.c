// SPDX-License-Identifier: GPL-2.0-only
// How a memory ends: exit, exec, a signal, the OOM reaper, and a subscriber that leaves before.
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "op.h"

static struct helper child;

static void exit_mmap(void) {
  map_written();
  STEP("(nothing; the process exits next)", 0);
}

static long register_child(long unused) {
  int slot = 2;

  (void)unused;
  return ioctl(device_file, REC_REGISTER, &slot);
}

static void unregister_slot(int slot) {
  need(ioctl(device_file, REC_UNREGISTER, &slot), "unregister");
}

static void start_registered_child(void) {
  child = start_helper();
  need(ask(&child, register_child, 0), "register the child");
}

static long become_sleeper(long unused) {
  (void)unused;
  return execl(PROGRAM, "op", "--sleep", NULL);
}

static long kill_child(void) {
  kill(child.pid, SIGKILL);
  waitpid(child.pid, NULL, 0);
  return 0;
}

// The pipe of answers closes when the new program begins.
static void exec_and_kill(void) {
  map_written();
  start_registered_child();
  STEP("child: execve", ask(&child, become_sleeper, 0));
  unregister_slot(2);
  kill_child();
  start_registered_child();
  STEP("SIGKILL of the child", kill_child());
}

static long unregister(void) {
  unregister_slot(1);
  return 0;
}

static void unregister_live(void) {
  map_written();
  STEP("unregister (both notifiers)", unregister());
  STEP("munmap [0,8)", munmap(base, 8 * PAGE));
}

static long reap(int process) { return syscall(SYS_process_mrelease, process, 0); }

static long thaw(void) {
  write_text("/freezer/op/freezer.state", "THAWED");
  waitpid(child.pid, NULL, 0);
  return 0;
}

// A frozen process is killed, but cannot die before it is thawed.
static void mrelease(void) {
  char number[20];
  int process;

  map_written();
  start_registered_child();
  ask(&child, put, 0);
  ask(&child, settle, 0);
  process = syscall(SYS_pidfd_open, child.pid, 0);
  need(process, "pidfd_open");
  snprintf(number, sizeof(number), "%d", child.pid);
  need(write_text("/freezer/op/cgroup.procs", number), "freezer");
  need(write_text("/freezer/op/freezer.state", "FROZEN"), "freezer");
  usleep(200000);
  kill(child.pid, SIGKILL);
  STEP("process_mrelease(child)", reap(process));
  STEP("thaw the child (it dies)", thaw());
}

#define WRITTEN "anonymous private RW mapping [0,8), all pages written"

const struct op exit_ops[] = {
    {"exit_mmap", "end of a process with pages", WRITTEN, exit_mmap, OP_SHOWS_END},
    {"execve", "execve and SIGKILL of a process with pages", WRITTEN "; a child registers as mm 2",
     exec_and_kill},
    {"unregister", "mmu_notifier_unregister of a live mm", WRITTEN, unregister_live},
    {"process_mrelease", "reaping the memory of a dying process (the OOM reaper's code)",
     WRITTEN "; a child registers as mm 2, is frozen, then gets SIGKILL", mrelease},
    {},
};
