// SPDX-License-Identifier: GPL-2.0-only
// mremap, in all its forms.
#define _GNU_SOURCE
#include <stdint.h>

#include "op.h"

#define RW (PROT_READ | PROT_WRITE)

static long move(char* from, long old_pages, char* to, long new_pages) {
  return success((intptr_t)mremap(from, old_pages * PAGE, new_pages * PAGE,
                                  MREMAP_MAYMOVE | MREMAP_FIXED, to));
}

static long resize(char* where, long old_pages, long new_pages) {
  return success((intptr_t)mremap(where, old_pages * PAGE, new_pages * PAGE, 0));
}

static void mremap_move(void) {
  map_anon(base, 8, RW);
  write_pages(base, 8, 0);
  watch(8, 8);
  STEP("mremap(MAYMOVE|FIXED) [0,8) -> T[0,8)", move(base, 8, target, 8));
  STEP("mremap(MAYMOVE|FIXED) T[0,4) -> [0,4) (splits the source)", move(target, 4, base, 4));
  STEP("mremap(MAYMOVE|FIXED) [0,4) -> T[2,6) (over two present pages)", move(base, 4, at_t(2), 4));
}

static void mremap_untouched(void) {
  map_anon(base, 8, RW);
  watch(8, 8);
  STEP("mremap(MAYMOVE|FIXED) [0,8) -> T[0,8)", move(base, 8, target, 8));
}

static void mremap_size(void) {
  map_anon(base, 4, RW);
  map_anon(at(6), 1, RW);
  write_pages(base, 4, 0);
  watch(8, 8);
  STEP("mremap [0,4) -> [0,6) in place", resize(base, 4, 6));
  STEP("mremap [0,6) -> [0,8) in place (no room)", resize(base, 6, 8));
  STEP("mremap(MAYMOVE|FIXED) [0,6) -> T[0,8) (grow and move)", move(base, 6, target, 8));
  STEP("mremap T[0,8) -> T[0,3) (shrink)", resize(target, 8, 3));
  STEP("mremap(MAYMOVE|FIXED) T[0,3) -> [0,2) (shrink and move)", move(target, 3, base, 2));
}

static long move_pages_only(void) {
  return success((intptr_t)mremap(base, 4 * PAGE, 4 * PAGE,
                                  MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP, target));
}

static void mremap_dontunmap(void) {
  map_anon(base, 4, RW);
  write_pages(base, 4, 0);
  map_file(at(16), 4, RW, MAP_SHARED, new_memfd(4, 0));
  write_pages(at(16), 4, 16);
  watch(4, 8);
  STEP("mremap(DONTUNMAP) [0,4) -> T[0,4)", move_pages_only());
  STEP("mremap(old size 0) [16,20) -> T[4,8) (duplicate)", move(at(16), 0, at_t(4), 4));
}

const struct op mremap_ops[] = {
    {"mremap_move", "mremap moving a mapping",
     "anonymous private RW mapping [0,8), all pages written; nothing at T", mremap_move},
    {"mremap_untouched", "mremap moving an untouched mapping",
     "anonymous private RW mapping [0,8), untouched", mremap_untouched},
    {"mremap_size", "mremap growing in place, growing by moving, shrinking",
     "anonymous private RW mapping [0,4), all pages written; another mapping [6,7)", mremap_size},
    {"mremap_dontunmap", "mremap DONTUNMAP, and old size 0 of a shared mapping",
     "anonymous private RW mapping [0,4), written; shared memfd mapping [16,20), written",
     mremap_dontunmap},
    {},
};
