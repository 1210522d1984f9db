// SPDX-License-Identifier: GPL-2.0-only
// Huge pages: transparent ones, and those of hugetlb.
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include "op.h"

#define RW (PROT_READ | PROT_WRITE)
#define COLLAPSE 25  // MADV_COLLAPSE
#define ALL (HUGE_PAGES * PAGE)
#define KHUGEPAGED "/sys/kernel/mm/transparent_hugepage/khugepaged/"

static struct helper child;

static long start_child(void) {
  child = start_helper();
  return child.pid < 0 ? -1 : 0;
}

static void map_untouched(void) {
  map_anon(base, HUGE_PAGES, RW);
  madvise(base, ALL, MADV_HUGEPAGE);
}

static void map_huge(void) {
  map_untouched();
  write_pages(base, HUGE_PAGES, 0);
  watch_every(8, 0, 64, 0);
}

static void fault(void) {
  map_untouched();
  watch_every(8, 0, 64, 0);
  STEP("read page 0 (huge zero page)", get(0));
  STEP("write page 0 (was the huge zero page)", put(0));
  STEP("madvise(DONTNEED) [0,512)", madvise(base, ALL, MADV_DONTNEED));
  STEP("write page 0 (nothing there)", put(0));
}

static void unmap(void) {
  map_huge();
  STEP("munmap [0,64)", munmap(base, 64 * PAGE));
  STEP("munmap [64,512)", munmap(at(64), 448 * PAGE));
}

static void unmap_whole(void) {
  map_huge();
  STEP("munmap [0,512)", munmap(base, ALL));
}

static void protect(void) {
  map_huge();
  STEP("mprotect(R) [0,512)", mprotect(base, ALL, PROT_READ));
  STEP("mprotect(RW) [0,512)", mprotect(base, ALL, RW));
  STEP("write page 0", put(0));
  STEP("mprotect(R) [0,64) (splits the huge entry)", mprotect(base, 64 * PAGE, PROT_READ));
}

static void dontneed(void) {
  map_huge();
  STEP("madvise(DONTNEED) [0,64)", madvise(base, 64 * PAGE, MADV_DONTNEED));
  STEP("madvise(DONTNEED) [0,512)", madvise(base, ALL, MADV_DONTNEED));
}

static void lazy_free(void) {
  map_huge();
  STEP("madvise(FREE) [0,512)", madvise(base, ALL, MADV_FREE));
  STEP("write page 0", put(0));
  STEP("madvise(FREE) [0,64)", madvise(base, 64 * PAGE, MADV_FREE));
}

static void fork_huge(void) {
  map_huge();
  STEP("fork", start_child());
  STEP("parent writes page 0 (huge page shared with the child)", put(0));
  STEP("parent writes page 64", put(64));
  STEP("child exits", end_helper(&child));
  STEP("parent writes page 128 (the child is gone)", put(128));
}

static long move(char* from, char* to) {
  return success((intptr_t)mremap(from, ALL, ALL, MREMAP_MAYMOVE | MREMAP_FIXED, to));
}

static void remap(void) {
  map_untouched();
  write_pages(base, HUGE_PAGES, 0);
  watch_every(8, 8, 64, 0);
  STEP("mremap [0,512) -> T[0,512) (2 MiB aligned)", move(base, target));
  STEP("mremap T[0,512) -> [1,513) (not aligned)", move(target, at(1)));
}

static long split(void) {
  char command[80];

  snprintf(command, sizeof(command), "%d,0x%lx,0x%lx", getpid(), (long)base, (long)base + ALL);
  return write_text("/sys/kernel/debug/split_huge_pages", command);
}

static void split_pages(void) {
  map_huge();
  STEP("split_huge_pages pid,[0,512)", split());
}

static void map_small(void) {
  map_anon(base, HUGE_PAGES, RW);
  write_pages(base, HUGE_PAGES, 0);
  watch_every(8, 0, 64, 0);
}

static void collapse(void) {
  map_small();
  STEP("madvise(COLLAPSE) [0,512)", madvise(base, ALL, COLLAPSE));
  STEP("madvise(COLLAPSE) [0,512) (huge already)", madvise(base, ALL, COLLAPSE));
  STEP("madvise(DONTNEED) [0,512)", madvise(base, ALL, MADV_DONTNEED));
  STEP("write page 0", put(0));
  STEP("madvise(COLLAPSE) [0,512) (one page present)", madvise(base, ALL, COLLAPSE));
}

// How many pages were collapsed, after 14 s at most.
static long wait_for_khugepaged(void) {
  const long before = read_number(KHUGEPAGED "pages_collapsed");
  long collapsed = 0;
  int i;

  write_text(KHUGEPAGED "pages_to_scan", "4096");
  write_text(KHUGEPAGED "scan_sleep_millisecs", "100");
  for (i = 0; i < 140 && collapsed == 0; ++i) {
    usleep(100000);
    collapsed = read_number(KHUGEPAGED "pages_collapsed") - before;
  }
  write_text(KHUGEPAGED "scan_sleep_millisecs", "3600000");
  return collapsed;
}

static void khugepaged(void) {
  map_small();
  STEP("madvise(HUGEPAGE) [0,512)", madvise(base, ALL, MADV_HUGEPAGE));
  STEP("khugepaged runs until it has collapsed a page", wait_for_khugepaged());
}

static void hugetlb(void) {
  map_file(base, 2 * HUGE_PAGES, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1);
  watch_every(4, 4, 256, REC_WATCH_HUGETLB);
  STEP("read page 0", get(0));
  STEP("write page 0", put(0));
  STEP("write page 512", put(512));
  STEP("mprotect(R) [0,512)", mprotect(base, ALL, PROT_READ));
  STEP("mprotect(RW) [0,512)", mprotect(base, ALL, RW));
  STEP("fork", start_child());
  STEP("parent writes page 0 (shared with the child)", put(0));
  STEP("child exits", end_helper(&child));
  STEP("parent writes page 512 (the last user)", put(512));
  STEP("madvise(DONTNEED) [0,512)", madvise(base, ALL, MADV_DONTNEED));
  STEP("write page 0", put(0));
  STEP("munmap [0,512)", munmap(base, ALL));
}

#define SETUP(what) \
  "anonymous private RW mapping of 512 pages, 2 MiB aligned, " what "; window: every 64th page"
#define ONE_THP SETUP("one THP")
#define SMALL SETUP("all small pages written")

const struct op thp_ops[] = {
    {"thp_fault", "first faults of a huge page",
     "anonymous private RW mapping of 512 pages, MADV_HUGEPAGE, untouched", fault},
    {"thp_unmap", "munmap of a part of a huge page, then of all", ONE_THP, unmap},
    {"thp_munmap_whole", "munmap of a whole huge page", ONE_THP, unmap_whole},
    {"thp_mprotect", "mprotect of a huge page, whole and part", ONE_THP, protect},
    {"thp_dontneed", "madvise(DONTNEED) of a part of a huge page, of the whole one", ONE_THP,
     dontneed},
    {"thp_free", "madvise(FREE) of a whole huge page and of a part", ONE_THP, lazy_free},
    {"thp_fork", "fork of a huge page, then a write of the parent", ONE_THP, fork_huge},
    {"thp_mremap", "mremap of a huge page, aligned and not aligned", ONE_THP, remap},
    {"thp_split", "splitting a huge page by debugfs split_huge_pages", ONE_THP, split_pages,
     OP_FLAKY},
    {"collapse", "madvise(COLLAPSE) of 512 small pages, of a sparse range, of a huge page", SMALL,
     collapse},
    {"khugepaged", "khugepaged collapsing 512 small pages", SMALL, khugepaged, OP_FLAKY},
    {"hugetlb", "hugetlb mapping: faults, mprotect, fork and COW, DONTNEED, mremap, munmap",
     "private hugetlb mapping of 2 x 2 MiB, untouched; window: every 256th page", hugetlb},
    {},
};
