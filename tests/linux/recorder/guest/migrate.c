// SPDX-License-Identifier: GPL-2.0-only
// Migration between two NUMA nodes: on demand, by balancing, and by compaction.
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "op.h"

#define RW (PROT_READ | PROT_WRITE)
#define MOVE_FLAG 2    // MPOL_MF_MOVE
#define BIND_POLICY 2  // MPOL_BIND
#define DEFAULT_POLICY 0
#define NODES 64

static int status[2];

// Of `count` pages from `first` to the other node. Reports what became of the first two.
static long move_to_other(long first, int count) {
  void* pages[8];
  int nodes[8], state[8] = {};
  long result;
  int i;

  for (i = 0; i < count; ++i) {
    pages[i] = at(first + i);
    nodes[i] = 1;
  }
  result = syscall(SYS_move_pages, 0, (long)count, pages, nodes, state, MOVE_FLAG);
  status[0] = state[0];
  status[1] = state[1];
  note("status %d %d", status[0], status[1]);
  return result;
}

static long bind_to_other(long first, long last) {
  unsigned long other = 2;

  return syscall(SYS_mbind, at(first), (last - first) * PAGE, BIND_POLICY, &other, NODES,
                 MOVE_FLAG);
}

static long unbind(long first, long last) {
  return syscall(SYS_mbind, at(first), (last - first) * PAGE, DEFAULT_POLICY, NULL, 0, 0);
}

static long move_back(void) {
  unsigned long other = 2, first = 1;

  return syscall(SYS_migrate_pages, 0, NODES, &other, &first);
}

static void migrate_move_pages(void) {
  map_written();
  STEP("move_pages pages 0, 1 to the other node", move_to_other(0, 2));
  STEP("read page 0", get(0));
  STEP("mbind(BIND other node, MOVE) [4,6)", bind_to_other(4, 6));
  STEP("mbind(DEFAULT) [4,8) (no MOVE)", unbind(4, 8));
  STEP("migrate_pages(self, other node -> first node)", move_back());
}

static void migrate_file(void) {
  map_file(base, 8, RW, MAP_SHARED, new_memfd(8, 0));
  write_pages(base, 8, 0);
  watch(8, 0);
  STEP("move_pages page 0 to the other node", move_to_other(0, 1));
}

static void migrate_huge(void) {
  map_anon(base, HUGE_PAGES, RW);
  madvise(base, HUGE_PAGES * PAGE, MADV_HUGEPAGE);
  write_pages(base, HUGE_PAGES, 0);
  watch_every(8, 0, 64, 0);
  STEP("move_pages page 0 (the whole huge page) to the other node", move_to_other(0, 1));
}

static double seconds(void) {
  struct timespec now;

  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec + now.tv_nsec * 1e-9;
}

static long touch_for(double duration) {
  const double end = seconds() + duration;
  long result = write_text("/proc/sys/kernel/numa_balancing", "1");
  int i;

  while (seconds() < end)
    for (i = 0; i < 4; ++i) get(i);
  write_text("/proc/sys/kernel/numa_balancing", "0");
  return result;
}

static void numa_balancing(void) {
  map_anon(base, 8, RW);
  write_pages(base, 8, 0);
  move_to_other(0, 8);
  watch(8, 0);
  STEP("touch pages 0-3 for 4 s with numa_balancing=1", touch_for(4));
}

static void compaction(void) {
  map_written();
  STEP("compact_memory", write_text("/proc/sys/vm/compact_memory", "1"));
}

#define WRITTEN "anonymous private RW mapping [0,8), all pages written"

const struct op migrate_ops[] = {
    {"migrate_move_pages", "move_pages(2), mbind(2), migrate_pages(2) between two NUMA nodes",
     WRITTEN ", on one node of two", migrate_move_pages},
    {"migrate_file", "migration of a page of a shared memfd mapping",
     "shared RW mapping of a memfd of 8 pages, all written", migrate_file},
    {"numa_balancing", "automatic NUMA balancing, 4 s of touching the pages",
     WRITTEN ", on the other node; numa_balancing=1 in the step", numa_balancing, OP_FLAKY},
    {"compaction", "echo 1 > /proc/sys/vm/compact_memory",
     "anonymous private RW mapping, pages 0-7 written", compaction, OP_FLAKY},
    {"thp_migrate", "move_pages of a huge page",
     "anonymous private RW mapping of 512 pages, 2 MiB aligned, one THP; window: every 64th page",
     migrate_huge},
    {},
};
