// SPDX-License-Identifier: GPL-2.0-only
// Reclaim of a memory cgroup, aging, and swap that goes away.
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/swap.h>

#include "op.h"

#define RW (PROT_READ | PROT_WRITE)
#define GROUP "/cgroup/op/"
#define OWN_PAGES 56
#define LRU_GEN "/sys/kernel/debug/lru_gen"

static long put_two(void) {
  put(0);
  return put(1);
}

// The program has other pages in the group, too: reclaim looks at a share of all.
static void write_own_pages(void) {
  char* own = mmap(NULL, OWN_PAGES * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

  need(own == MAP_FAILED ? -1 : 0, "mmap");
  write_pages(own, OWN_PAGES, 0);
}

static void choose_lru(const char* generations) {
  need(write_text("/sys/kernel/mm/lru_gen/enabled", generations), "lru_gen");
  need(write_text(GROUP "cgroup.procs", "0"), "cgroup");
}

static void memcg_reclaim_lru(void) {
  choose_lru("n");
  map_written();
  write_own_pages();
  STEP("memory.reclaim 4K", write_text(GROUP "memory.reclaim", "4K"));
  STEP("read page 0", get(0));
  STEP("memory.reclaim 32K", write_text(GROUP "memory.reclaim", "32K"));
  STEP("memory.reclaim 64K", write_text(GROUP "memory.reclaim", "64K"));
  STEP("write pages 0, 1", put_two());
  STEP("memory.reclaim 128K", write_text(GROUP "memory.reclaim", "128K"));
}

// `command` ages the pages of our group on the first node: "+ group node generation swap force".
static int write_aging_command(char* command, size_t size) {
  static char line[200];
  FILE* file = fopen(LRU_GEN, "r");
  int group = -1, node = -1, number, generation = -1;
  char path[100];

  if (!file) return -1;
  while (fgets(line, sizeof(line), file)) {
    if (sscanf(line, "memcg %d %99s", &number, path) == 2) {
      if (generation >= 0) break;
      group = !strcmp(path, "/op") ? number : -1;
    } else if (sscanf(line, " node %d", &number) == 1) {
      node = number;
    } else if (group >= 0 && node == 0 && sscanf(line, "%d", &number) == 1) {
      generation = number;
    }
    if (group >= 0 && generation >= 0) snprintf(command, size, "+ %d 0 %d 1 1", group, generation);
  }
  fclose(file);
  return generation < 0 ? -1 : 0;
}

static long age(void) {
  char command[60];

  if (write_aging_command(command, sizeof(command))) return -1;
  return write_text(LRU_GEN, command);
}

static void age_three_times(void) {
  STEP("echo '+ memcg node max_gen 1 1' > lru_gen (aging)", age());
  STEP("echo '+ memcg node max_gen 1 1' > lru_gen (aging)", age());
  STEP("echo '+ memcg node max_gen 1 1' > lru_gen (aging)", age());
}

static void mglru_aging(void) {
  choose_lru("y");
  map_written();
  age_three_times();
}

static void mglru_aging_walk(void) {
  choose_lru("y");
  map_written();
  write_own_pages();
  age_three_times();
}

static void swap_goes(void) {
  map_written();
  STEP("madvise(PAGEOUT) [0,4)", madvise(base, 4 * PAGE, MADV_PAGEOUT));
  STEP("swapoff", swapoff("/dev/zram0"));
  STEP("write page 0", put(0));
}

#define WRITTEN "anonymous private RW mapping [0,8), all pages written"

const struct op reclaim_ops[] = {
    {"memcg_reclaim_lru", "reclaim of a memory cgroup, classic LRU",
     WRITTEN " in a memory cgroup; lru_gen/enabled=n", memcg_reclaim_lru, OP_FLAKY},
    {"mglru_aging", "aging of the multi-generational LRU by its debugfs interface",
     WRITTEN " in a memory cgroup; lru_gen/enabled=y", mglru_aging, OP_FLAKY},
    {"mglru_aging_walk", "the same, of a process with more pages",
     WRITTEN " in a memory cgroup, 56 more elsewhere; lru_gen/enabled=y", mglru_aging_walk,
     OP_FLAKY},
    {"swapoff", "swapoff with pages of ours in swap", WRITTEN, swap_goes, OP_FLAKY},
    {},
};
