// SPDX-License-Identifier: GPL-2.0-only
// First faults, munmap and mprotect.
#define _GNU_SOURCE
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "op.h"

#define RW (PROT_READ | PROT_WRITE)

static void fault_anon(void) {
  map_anon(base, 8, RW);
  watch(8, 0);
  STEP("read page 0", get(0));
  STEP("read page 1", get(1));
  STEP("write page 0 (was the zero page)", put(0));
  STEP("write page 2 (no PTE)", put(2));
  STEP("write page 2 again", put(2));
}

static void fault_file_private(void) {
  map_file(base, 8, RW, MAP_PRIVATE, new_memfd(8, 'x'));
  watch(8, 0);
  STEP("read page 0 (fault-around maps its neighbours)", get(0));
  STEP("write page 0 (COW of the page-cache page)", put(0));
  STEP("madvise(DONTNEED) [0,8)", madvise(base, 8 * PAGE, MADV_DONTNEED));
  STEP("write page 1 (no PTE: COW in the fault)", put(1));
}

static void fault_file_shared(void) {
  const int file = new_memfd(8, 0);

  map_file(base, 8, RW, MAP_SHARED, file);
  watch(8, 0);
  STEP("read page 0 (hole)", get(0));
  STEP("write page 0", put(0));
  STEP("write page 1", put(1));
  STEP("pwrite(fd) to page 0", pwrite(file, "ab", 2, 0));
}

static long map_populated(void) {
  return success(
      (intptr_t)mmap(NULL, 4 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0));
}

static void populate(void) {
  map_anon(base, 8, RW);
  watch(8, 0);
  STEP("madvise(POPULATE_READ) [0,4)", madvise(base, 4 * PAGE, MADV_POPULATE_READ));
  STEP("madvise(POPULATE_WRITE) [0,4) (over zero pages)",
       madvise(base, 4 * PAGE, MADV_POPULATE_WRITE));
  STEP("madvise(POPULATE_WRITE) [4,8)", madvise(at(4), 4 * PAGE, MADV_POPULATE_WRITE));
  STEP("mlock [0,8)", mlock(base, 8 * PAGE));
  STEP("munlock [0,8)", munlock(base, 8 * PAGE));
  STEP("madvise(WILLNEED) [0,8)", madvise(base, 8 * PAGE, MADV_WILLNEED));
  STEP("mmap(MAP_POPULATE) of 4 pages elsewhere", map_populated());
}

static void stack_growth(void) {
  map_file(at(7), 1, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN, -1);
  put(7);
  watch(8, 0);
  STEP("write page 6", put(6));
  STEP("write page 3", put(3));
}

static long put_three(void) {
  put(0);
  put(1);
  return put(6);
}

// The last page of the heap before page 0 is there, and so are its tables.
static void brk_moves(void) {
  char* end = sbrk(0);

  end += -(intptr_t)end & (PAGE - 1);
  need(brk(end + PAGE), "brk");
  *(volatile char*)end = 1;
  watch_at(end + PAGE, 64 * PAGE, 8);
  STEP("brk +8 pages", brk(at(8)));
  STEP("write pages 0, 1, 6", put_three());
  STEP("brk -4 pages (to page 4)", brk(at(4)));
  STEP("brk -2 pages (to page 2; untouched)", brk(at(2)));
  STEP("brk -2 pages (to page 0)", brk(at(0)));
}

static void munmap_whole(void) {
  map_written();
  STEP("munmap [0,8)", munmap(base, 8 * PAGE));
}

static void munmap_part(void) {
  map_written();
  STEP("munmap [0,2)", munmap(base, 2 * PAGE));
  STEP("munmap [4,5)", munmap(at(4), PAGE));
  STEP("munmap [6,8)", munmap(at(6), 2 * PAGE));
  STEP("munmap [0,8) (VMAs [2,4) and [5,6) are left)", munmap(base, 8 * PAGE));
}

static void munmap_untouched(void) {
  map_anon(base, 8, RW);
  watch(8, 0);
  STEP("munmap [16,24) (no VMA)", munmap(at(16), 8 * PAGE));
  STEP("munmap [0,4) (VMA, no page)", munmap(base, 4 * PAGE));
  STEP("write page 5", put(5));
  STEP("munmap [4,8) (only page 5 present)", munmap(at(4), 4 * PAGE));
}

static void munmap_two_vmas(void) {
  map_anon(base, 2, RW);
  map_anon(at(4), 2, RW);
  map_anon(at(6), 2, PROT_READ);
  write_pages(base, 2, 0);
  write_pages(at(4), 2, 4);
  get(6);
  watch(8, 0);
  STEP("munmap [1,5) (two VMAs and the hole)", munmap(at(1), 4 * PAGE));
  STEP("munmap [5,7) (two adjacent VMAs)", munmap(at(5), 2 * PAGE));
}

static void mprotect_steps(void) {
  map_written();
  STEP("mprotect(RW) [0,8) (no change)", mprotect(base, 8 * PAGE, RW));
  STEP("mprotect(R) [0,8)", mprotect(base, 8 * PAGE, PROT_READ));
  STEP("mprotect(R) [0,8) (no change)", mprotect(base, 8 * PAGE, PROT_READ));
  STEP("mprotect(RW) [0,8) (upgrade)", mprotect(base, 8 * PAGE, RW));
  STEP("write page 0", put(0));
  STEP("mprotect(NONE) [0,8)", mprotect(base, 8 * PAGE, PROT_NONE));
  STEP("mprotect(RW) [0,8) (from NONE)", mprotect(base, 8 * PAGE, RW));
  STEP("mprotect(R) [2,4) (splits the VMA)", mprotect(at(2), 2 * PAGE, PROT_READ));
  STEP("mprotect(RX) [0,8) (three VMAs)", mprotect(base, 8 * PAGE, PROT_READ | PROT_EXEC));
}

static void mprotect_zero_page(void) {
  map_anon(base, 8, RW);
  get(0);
  watch(8, 0);
  STEP("mprotect(R) [0,8)", mprotect(base, 8 * PAGE, PROT_READ));
  STEP("mprotect(NONE) [0,8)", mprotect(base, 8 * PAGE, PROT_NONE));
}

static void protection_key(void) {
  int key;

  map_written();
  key = pkey_alloc(0, 0);
  note("pkey %d", key);
  STEP("pkey_mprotect(RW, key) [0,4)", pkey_mprotect(base, 4 * PAGE, RW, key));
}

#define WRITTEN "anonymous private RW mapping [0,8), all pages written"
#define UNTOUCHED "anonymous private RW mapping [0,8), untouched"

const struct op anon_ops[] = {
    {"fault_anon", "first faults of an anonymous private mapping", UNTOUCHED, fault_anon},
    {"fault_file_private", "faults of a private mapping of a tmpfs file",
     "private RW mapping of a memfd with 8 pages", fault_file_private},
    {"fault_file_shared", "faults of a shared mapping of a tmpfs file",
     "shared RW mapping of an empty memfd of 8 pages", fault_file_shared},
    {"populate", "madvise POPULATE_READ, POPULATE_WRITE, mlock, MAP_POPULATE, WILLNEED", UNTOUCHED,
     populate},
    {"stack_growth", "growth of a MAP_GROWSDOWN mapping by a fault",
     "MAP_GROWSDOWN mapping [7,8), written", stack_growth},
    {"brk", "brk growing and shrinking the heap", "the heap ends at page 0", brk_moves},
    {"munmap_whole", "munmap of a whole mapping", WRITTEN, munmap_whole},
    {"munmap_part", "munmap of the head, the middle and the tail of a mapping", WRITTEN,
     munmap_part},
    {"munmap_untouched", "munmap where nothing is mapped or touched",
     UNTOUCHED "; nothing mapped at [16,24)", munmap_untouched},
    {"munmap_two_vmas", "one munmap over two VMAs with a hole between, and over two adjacent ones",
     "anonymous private VMAs [0,2) RW, [4,6) RW, [6,8) R; hole [2,4)", munmap_two_vmas},
    {"mprotect_steps", "mprotect of a touched mapping through the protections", WRITTEN,
     mprotect_steps},
    {"mprotect_zero_page", "mprotect of zero pages and of a read-only private file page",
     "anonymous private RW mapping [0,8), page 0 read (zero page)", mprotect_zero_page},
    {"pkey_mprotect", "pkey_mprotect", WRITTEN, protection_key},
    {},
};
