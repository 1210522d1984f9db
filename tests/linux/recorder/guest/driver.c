// SPDX-License-Identifier: GPL-2.0-only
// Interval notifiers, a mirror of page tables, and migration, on every kernel.
#define _GNU_SOURCE
#include "driver.h"

#include <sys/ioctl.h>

#define RW (PROT_READ | PROT_WRITE)

static long insert_as(int id, long first, long last, int two_pass) {
  struct rec_interval what = {
      .id = id, .two_pass = two_pass, .first = (__u64)at(first), .last = (__u64)at(last)};

  return ioctl(device_file, REC_INSERT, &what);
}

long insert(int id, long first, long last) { return insert_as(id, first, last, 0); }

long insert_two_pass(int id, long first, long last) { return insert_as(id, first, last, 1); }

long remove_interval(int id) {
  struct rec_interval what = {.id = id};

  return ioctl(device_file, REC_REMOVE, &what);
}

void note_read_begin(int id) {
  static int noted;
  struct rec_interval what = {.id = id};

  ioctl(device_file, REC_READ_BEGIN, &what);
  note("%s %d: %lld", noted ? "," : "read_begin", id, (long long)what.result);
  noted = !noted;
}

long read_begin(int id) {
  struct rec_interval what = {.id = id};

  return ioctl(device_file, REC_READ_BEGIN, &what);
}

long read_retry(int id) {
  struct rec_interval what = {.id = id};

  if (ioctl(device_file, REC_READ_RETRY, &what)) return -1;
  return what.result;
}

static void note_pages(const char* pages, long count) {
  long i;

  for (i = 0; i < count; ++i) note(" %c", pages[i]);
}

long hmm(long first, long last, int flags) {
  struct rec_hmm what = {.first = (__u64)at(first), .last = (__u64)at(last), .flags = flags};

  if (ioctl(device_file, REC_HMM, &what)) return -1;
  note("hmm_range_fault %d, rounds %u, seq %u -> %u:", what.result, what.rounds,
       what.sequence_first, what.sequence_last);
  note_pages(what.pages, last - first);
  return 0;
}

long migrate(long first, long last, int flags) {
  struct rec_migrate what = {.first = (__u64)at(first), .last = (__u64)at(last), .flags = flags};

  if (ioctl(device_file, REC_MIGRATE, &what)) return -1;
  note("migrate_vma_setup %d, migrated %u:", what.result, what.migrated);
  note_pages(what.pages, last - first);
  return 0;
}

long exclusive(long first, long last, int owner) {
  struct rec_exclusive what = {.first = (__u64)at(first), .last = (__u64)at(last), .owner = owner};

  if (ioctl(device_file, REC_EXCLUSIVE, &what)) return -1;
  note("make_device_exclusive %d, pages %u", what.result, what.pages);
  return 0;
}

static void interval(void) {
  map_written();
  STEP("insert interval 1 [2,4)", insert(1, 2, 4));
  STEP("insert interval 2 [6,8)", insert(2, 6, 8));
  note_read_begin(1);
  note_read_begin(2);
  STEP("madvise(DONTNEED) [0,2) (outside both)", madvise(base, 2 * PAGE, MADV_DONTNEED));
  STEP("read_retry 1", read_retry(1));
  STEP("madvise(DONTNEED) [3,5) (overlaps 1)", madvise(at(3), 2 * PAGE, MADV_DONTNEED));
  STEP("read_retry 1", read_retry(1));
  STEP("read_retry 2", read_retry(2));
  note_read_begin(1);
  note_read_begin(2);
  STEP("mprotect(R) [0,8) (over both)", mprotect(base, 8 * PAGE, PROT_READ));
  STEP("read_begin 1", read_begin(1));
  note_read_begin(1);
  STEP("munmap [0,8)", munmap(base, 8 * PAGE));
  STEP("remove interval 1", remove_interval(1));
}

static struct helper child;

static long start_child(void) {
  child = start_helper();
  return child.pid < 0 ? -1 : 0;
}

static void interval_fork(void) {
  map_written();
  need(insert(1, 2, 4), "insert");
  STEP("fork", start_child());
  STEP("parent writes page 2 (COW)", put(2));
  STEP("echo 4 > clear_refs", write_text("/proc/self/clear_refs", "4"));
  STEP("madvise(PAGEOUT) [2,3)", madvise(at(2), PAGE, MADV_PAGEOUT));
}

static void hmm_range(void) {
  map_anon(base, 7, RW);
  put(0);
  get(1);
  put(2);
  mprotect(at(2), PAGE, PROT_READ);
  put(3);
  need(madvise(at(3), PAGE, MADV_PAGEOUT), "madvise");
  mprotect(at(6), PAGE, PROT_NONE);
  watch(8, 0);
  STEP("snapshot [0,7)", hmm(0, 7, 0));
  STEP("snapshot [0,8) (page 7 has no VMA)", hmm(0, 8, 0));
  STEP("read fault [0,2)", hmm(0, 2, REC_HMM_FAULT));
  STEP("write fault [1,2) (zero page)", hmm(1, 2, REC_HMM_FAULT | REC_HMM_WRITE));
  STEP("write fault [2,3) (R mapping)", hmm(2, 3, REC_HMM_FAULT | REC_HMM_WRITE));
  STEP("read fault [3,6) (swap, untouched)", hmm(3, 6, REC_HMM_FAULT));
  STEP("write fault [3,6)", hmm(3, 6, REC_HMM_FAULT | REC_HMM_WRITE));
  STEP("read fault [6,7) (PROT_NONE)", hmm(6, 7, REC_HMM_FAULT));
  STEP("snapshot [0,7)", hmm(0, 7, 0));
}

static void migrate_vma(void) {
  map_anon(base, 8, RW);
  put(0);
  put(1);
  get(2);
  put(4);
  watch(8, 0);
  need(insert(1, 0, 8), "insert");
  STEP("migrate_vma [0,4) (no owner)", migrate(0, 4, 0));
  STEP("migrate_vma [4,8) (owner given)", migrate(4, 8, REC_MIGRATE_OWNER));
  STEP("migrate_vma [0,8) (all present, owner given)", migrate(0, 8, REC_MIGRATE_OWNER));
}

#define WRITTEN "anonymous private RW mapping [0,8), all pages written"

const struct op driver_ops[] = {
    {"interval",
     "interval notifiers [2,4) (id 1) and [6,8) (id 2): which calls reach them, sequence numbers",
     WRITTEN "; interval notifiers 1 at [2,4), 2 at [6,8)", interval, OP_SHOWS_END},
    {"interval_fork", "an interval notifier and fork, soft-dirty, zap of everything",
     WRITTEN "; interval notifier 1 at [2,4)", interval_fork},
    {"hmm_range", "hmm_range_fault: snapshot, read and write faults (a driver's mirror)",
     "anonymous private mapping: 0 written, 1 zero page, 2 written and made R, 3 in swap, "
     "4-5 untouched, 6 PROT_NONE, 7 not mapped",
     hmm_range},
    {"migrate_vma",
     "migrate_vma_setup/pages/finalize, as a driver moves a range (to ordinary memory here)",
     "anonymous private RW mapping: 0, 1, 4 written, 2 zero page, 3, 5-7 untouched; "
     "interval notifier 1 at [0,8)",
     migrate_vma},
    {},
};
