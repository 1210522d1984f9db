// SPDX-License-Identifier: GPL-2.0-only
// madvise.
#include <signal.h>

#include "op.h"

#define RW (PROT_READ | PROT_WRITE)
#define GUARD_INSTALL 102
#define GUARD_REMOVE 103
#define SOFT_OFFLINE 101

static long advise(long first, long last, int advice) {
  return madvise(at(first), (last - first) * PAGE, advice);
}

static void dontneed(void) {
  map_written();
  STEP("madvise(DONTNEED) [2,4)", advise(2, 4, MADV_DONTNEED));
  STEP("madvise(DONTNEED) [2,4) (nothing there now)", advise(2, 4, MADV_DONTNEED));
  STEP("write page 2", put(2));
  STEP("madvise(DONTNEED) [0,8)", advise(0, 8, MADV_DONTNEED));
}

static void lazy_free(void) {
  map_written();
  STEP("madvise(FREE) [0,4)", advise(0, 4, MADV_FREE));
  STEP("write page 0", put(0));
  STEP("madvise(PAGEOUT) [0,4) (page 0 written again, 1-3 lazily free)",
       advise(0, 4, MADV_PAGEOUT));
}

static void cold_pageout(void) {
  map_written();
  STEP("madvise(COLD) [0,4)", advise(0, 4, MADV_COLD));
  STEP("madvise(PAGEOUT) [0,6)", advise(0, 6, MADV_PAGEOUT));
  STEP("read page 0 (swap-in)", get(0));
  STEP("write page 0", put(0));
  STEP("write page 1 (swap-in)", put(1));
  STEP("madvise(WILLNEED) [0,4) (pages 2, 3 in swap)", advise(0, 4, MADV_WILLNEED));
  STEP("read page 2 (swap cache)", get(2));
  STEP("mprotect(R) [0,8) (pages 4, 5 in swap)", mprotect(base, 8 * PAGE, PROT_READ));
  STEP("munmap [0,8)", munmap(base, 8 * PAGE));
}

static void remove_pages(void) {
  map_file(base, 8, RW, MAP_SHARED, new_memfd(8, 0));
  write_pages(base, 8, 0);
  watch(8, 0);
  STEP("madvise(REMOVE) [2,4)", advise(2, 4, MADV_REMOVE));
}

static void marks(void) {
  static unsigned char residency[8];

  map_written();
  STEP("madvise(SEQUENTIAL) [0,8)", advise(0, 8, MADV_SEQUENTIAL));
  STEP("madvise(NORMAL) [0,8)", advise(0, 8, MADV_NORMAL));
  STEP("madvise(DONTDUMP) [0,8)", advise(0, 8, MADV_DONTDUMP));
  STEP("madvise(DONTFORK) [0,8)", advise(0, 8, MADV_DONTFORK));
  STEP("madvise(DOFORK) [0,8)", advise(0, 8, MADV_DOFORK));
  STEP("madvise(MERGEABLE) [0,8) (ksm off)", advise(0, 8, MADV_MERGEABLE));
  STEP("madvise(UNMERGEABLE) [0,8) (nothing merged)", advise(0, 8, MADV_UNMERGEABLE));
  STEP("madvise(HUGEPAGE) [0,8)", advise(0, 8, MADV_HUGEPAGE));
  STEP("madvise(NOHUGEPAGE) [0,8)", advise(0, 8, MADV_NOHUGEPAGE));
  STEP("mincore [0,8)", mincore(base, 8 * PAGE, residency));
  STEP("msync(SYNC) [0,8)", msync(base, 8 * PAGE, MS_SYNC));
}

static void ignore(int signal) { (void)signal; }

static void poison(void) {
  signal(SIGBUS, ignore);  // Since 6.12 the caller is told.
  map_written();
  STEP("madvise(SOFT_OFFLINE) [1,2)", advise(1, 2, SOFT_OFFLINE));
  STEP("madvise(HWPOISON) [3,4)", advise(3, 4, MADV_HWPOISON));
}

static void guard(void) {
  map_written();
  STEP("madvise(GUARD_INSTALL) [2,4) (present pages)", advise(2, 4, GUARD_INSTALL));
  STEP("madvise(GUARD_INSTALL) [2,4) again", advise(2, 4, GUARD_INSTALL));
  STEP("madvise(GUARD_REMOVE) [2,4)", advise(2, 4, GUARD_REMOVE));
  STEP("write page 2", put(2));
}

#define WRITTEN "anonymous private RW mapping [0,8), all pages written"

const struct op advice_ops[] = {
    {"madv_dontneed", "madvise(DONTNEED)", WRITTEN, dontneed},
    {"madv_free", "madvise(FREE), then a write and reclaim", WRITTEN, lazy_free},
    {"madv_cold_pageout", "madvise(COLD), madvise(PAGEOUT), swap-in", WRITTEN, cold_pageout},
    {"madv_remove", "madvise(REMOVE) of a shared memfd mapping",
     "shared RW mapping of a memfd of 8 pages, all written", remove_pages},
    {"madv_none", "madvise values that only mark the VMA", WRITTEN, marks},
    {"hwpoison", "madvise(SOFT_OFFLINE) and madvise(HWPOISON)", WRITTEN, poison},
    {"guard", "madvise(GUARD_INSTALL), madvise(GUARD_REMOVE) (6.13)", WRITTEN, guard, 0, 613},
    {},
};
