// SPDX-License-Identifier: GPL-2.0-only
// KSM, soft-dirty tracking, DAMON, and a process that runs on two CPUs.
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "op.h"

#define RW (PROT_READ | PROT_WRITE)
#define KSM "/sys/kernel/mm/ksm/"
#define DAMON "/sys/kernel/mm/damon/admin/kdamonds/"
#define DAMON_CONTEXT DAMON "0/contexts/0/"

static long scan(int times) {
  const long before = read_number(KSM "full_scans");
  long result = write_text(KSM "run", "1");
  int i;

  for (i = 0; i < 200 && read_number(KSM "full_scans") < before + times; ++i) usleep(20000);
  write_text(KSM "run", "0");
  note("pages_shared %ld pages_sharing %ld", read_number(KSM "pages_shared"),
       read_number(KSM "pages_sharing"));
  return result;
}

static void ksm(void) {
  int i;

  write_text(KSM "pages_to_scan", "1000");
  write_text(KSM "sleep_millisecs", "20");
  map_anon(base, 8, RW);
  for (i = 0; i < 8; ++i) memset(at(i), i < 4 ? 7 : 100 + i, PAGE);
  watch(8, 0);
  STEP("madvise(MERGEABLE) [0,8)", madvise(base, 8 * PAGE, MADV_MERGEABLE));
  STEP("ksmd: 3 full scans", scan(3));
  STEP("read page 0 (merged)", get(0));
  STEP("write page 0 (merged)", put(0));
  STEP("madvise(UNMERGEABLE) [0,2)", madvise(base, 2 * PAGE, MADV_UNMERGEABLE));
  STEP("echo 2 > ksm/run (unmerge all)", write_text(KSM "run", "2"));
}

static long clear_refs(const char* what) { return write_text("/proc/self/clear_refs", what); }

static void soft_dirty(void) {
  map_anon(base, 8, RW);
  write_pages(base, 8, 0);
  watch_every(8, 0, 1, REC_WATCH_SOFT_DIRTY);
  STEP("echo 1 > clear_refs (referenced bits)", clear_refs("1"));
  STEP("echo 2 > clear_refs (anonymous)", clear_refs("2"));
  STEP("echo 4 > clear_refs (soft-dirty)", clear_refs("4"));
  STEP("write page 0", put(0));
  STEP("read page 1", get(1));
  STEP("echo 5 > clear_refs (peak RSS)", clear_refs("5"));
}

static void set(const char* path, const char* format, unsigned long value) {
  char content[40];

  snprintf(content, sizeof(content), format, value);
  need(write_text(path, content), path);
}

static void prepare_damon(void) {
  set(DAMON "nr_kdamonds", "%lu", 1);
  set(DAMON "0/contexts/nr_contexts", "%lu", 1);
  need(write_text(DAMON_CONTEXT "operations", "fvaddr"), "fvaddr");
  set(DAMON_CONTEXT "monitoring_attrs/intervals/sample_us", "%lu", 50000);
  set(DAMON_CONTEXT "monitoring_attrs/intervals/aggr_us", "%lu", 100000);
  set(DAMON_CONTEXT "monitoring_attrs/nr_regions/min", "%lu", 3);
  set(DAMON_CONTEXT "monitoring_attrs/nr_regions/max", "%lu", 8);
  set(DAMON_CONTEXT "targets/nr_targets", "%lu", 1);
  set(DAMON_CONTEXT "targets/0/pid_target", "%lu", getpid());
  set(DAMON_CONTEXT "targets/0/regions/nr_regions", "%lu", 1);
  set(DAMON_CONTEXT "targets/0/regions/0/start", "%lu", (unsigned long)base);
  set(DAMON_CONTEXT "targets/0/regions/0/end", "%lu", (unsigned long)at(8));
}

static long monitor(void) {
  const long result = write_text(DAMON "0/state", "on");

  if (result) return result;
  usleep(600000);
  write_text(DAMON "0/state", "off");
  return result;
}

static void damon(void) {
  map_written();
  prepare_damon();
  STEP("DAMON on for 0.6 s (sample 50 ms)", monitor());
}

static volatile int running;

static void* run_on_other_cpu(void* unused) {
  cpu_set_t cpus;

  (void)unused;
  CPU_ZERO(&cpus);
  CPU_SET(1, &cpus);
  sched_setaffinity(0, sizeof(cpus), &cpus);
  for (running = 1;;)
    ;
  return NULL;
}

static long move_to_other(void) {
  void* pages[2] = {at(4), at(5)};
  int nodes[2] = {1, 1}, state[2] = {};
  const long result = syscall(SYS_move_pages, 0, 2L, pages, nodes, state, 2);

  note("status %d %d", state[0], state[1]);
  return result;
}

static void two_cpus(void) {
  pthread_t thread;

  need(-pthread_create(&thread, NULL, run_on_other_cpu, NULL), "pthread_create");
  while (!running) usleep(1000);
  map_written();
  STEP("madvise(PAGEOUT) [0,4)", madvise(base, 4 * PAGE, MADV_PAGEOUT));
  STEP("mprotect(R) [4,8)", mprotect(at(4), 4 * PAGE, PROT_READ));
  STEP("madvise(DONTNEED) [6,8)", madvise(at(6), 2 * PAGE, MADV_DONTNEED));
  STEP("move_pages pages 4, 5 to the other node", move_to_other());
  STEP("munmap [0,8)", munmap(base, 8 * PAGE));
}

#define WRITTEN "anonymous private RW mapping [0,8), all pages written"

const struct op misc_ops[] = {
    {"ksm", "KSM merging equal pages, a write to one, unmerging",
     "anonymous private RW mapping [0,8): pages 0-3 equal, 4-7 different", ksm, OP_FLAKY},
    {"soft_dirty", "clear_refs and a write after it", WRITTEN, soft_dirty},
    {"damon_vaddr", "DAMON monitoring the mapping (virtual addresses)",
     WRITTEN "; DAMON with operations=fvaddr and one region [0,8)", damon, OP_FLAKY, 612},
    {"two_cpus", "a thread of the process runs on another CPU: deferred (batched) CPU TLB flushes",
     WRITTEN "; another thread of the process runs on the other CPU all the time", two_cpus},
    {},
};
