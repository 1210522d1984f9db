// SPDX-License-Identifier: GPL-2.0-only
// Device-private and device-exclusive memory, and two-pass interval notifiers.
#define _GNU_SOURCE
#include <sys/ioctl.h>

#include "driver.h"

#define RW (PROT_READ | PROT_WRITE)
#define TO_DEVICE (REC_MIGRATE_OWNER | REC_MIGRATE_TO_DEVICE)
#define BACK (REC_MIGRATE_OWNER | REC_MIGRATE_BACK)
#define READ_FAULT REC_HMM_FAULT
#define WRITE_FAULT (REC_HMM_FAULT | REC_HMM_WRITE)

static struct helper child;

static long start_child(void) {
  child = start_helper();
  return child.pid < 0 ? -1 : 0;
}

static void interval_two_pass(void) {
  map_written();
  need(insert_two_pass(8, 0, 4), "insert");
  need(insert_two_pass(9, 2, 8), "insert");
  need(insert(1, 0, 8), "insert");
  STEP("madvise(DONTNEED) [0,2)", madvise(base, 2 * PAGE, MADV_DONTNEED));
  STEP("mprotect(R) [1,5)", mprotect(at(1), 4 * PAGE, PROT_READ));
  STEP("munmap [0,8)", munmap(base, 8 * PAGE));
}

static void device_exclusive(void) {
  map_written();
  need(insert(1, 0, 8), "insert");
  STEP("make_device_exclusive pages 0-3 (owner given)", exclusive(0, 4, 1));
  STEP("read page 0", get(0));
  STEP("write page 1", put(1));
  STEP("mprotect(R) [2,3)", mprotect(at(2), PAGE, PROT_READ));
  STEP("madvise(DONTNEED) [3,4)", madvise(at(3), PAGE, MADV_DONTNEED));
  STEP("make_device_exclusive pages 4-5 (no owner)", exclusive(4, 6, 0));
  STEP("hmm snapshot [4,6)", hmm(4, 6, 0));
  STEP("hmm write fault [4,5)", hmm(4, 5, WRITE_FAULT));
  STEP("madvise(PAGEOUT) [5,6)", madvise(at(5), PAGE, MADV_PAGEOUT));
  STEP("make_device_exclusive page 6 (owner given)", exclusive(6, 7, 1));
  STEP("munmap [0,8)", munmap(base, 8 * PAGE));
}

static void map_four(void) {
  map_anon(base, 4, RW);
  write_pages(base, 4, 0);
  watch(8, 0);
}

static void device_exclusive_fork(void) {
  map_four();
  exclusive(0, 2, 1);
  STEP("fork", start_child());
  STEP("make_device_exclusive page 0 (shared with the child)", exclusive(0, 1, 1));
}

static void device_private(void) {
  map_anon(base, 8, RW);
  write_pages(base, 6, 0);
  watch(8, 0);
  need(insert(1, 0, 8), "insert");
  STEP("migrate_vma [0,4) to device-private memory (owner given)", migrate(0, 4, TO_DEVICE));
  STEP("migrate_vma [6,8) to device-private memory (untouched pages)", migrate(6, 8, TO_DEVICE));
  STEP("hmm snapshot [0,4) (no device owner)", hmm(0, 4, 0));
  STEP("hmm snapshot [0,4) (device owner given)", hmm(0, 4, REC_HMM_OWNER));
  STEP("CPU reads page 0 (migrate_to_ram)", get(0));
  STEP("CPU writes page 1 (migrate_to_ram)", put(1));
  STEP("hmm read fault [2,3) (no device owner)", hmm(2, 3, READ_FAULT));
  STEP("hmm write fault [3,4) (device owner given)", hmm(3, 4, WRITE_FAULT | REC_HMM_OWNER));
  STEP("mprotect(R) [3,4) (device-private)", mprotect(at(3), PAGE, PROT_READ));
  STEP("mprotect(RW) [3,4) (device-private)", mprotect(at(3), PAGE, RW));
  STEP("migrate_vma [0,8) back from device-private memory", migrate(0, 8, BACK));
  STEP("migrate_vma [0,4) to device-private memory", migrate(0, 4, TO_DEVICE));
  STEP("madvise(DONTNEED) [0,2) (device-private)", madvise(base, 2 * PAGE, MADV_DONTNEED));
  STEP("madvise(PAGEOUT) [2,4) (device-private)", madvise(at(2), 2 * PAGE, MADV_PAGEOUT));
  STEP("munmap [0,8)", munmap(base, 8 * PAGE));
}

static long register_child(long unused) {
  int slot = 2;

  (void)unused;
  return ioctl(device_file, REC_REGISTER, &slot);
}

static void device_private_fork(void) {
  map_four();
  migrate(0, 2, TO_DEVICE);
  STEP("fork", start_child());
  need(ask(&child, register_child, 0), "register the child");
  STEP("child writes page 0 (device-private, shared with the parent)", ask(&child, put, 0));
  STEP("parent reads page 1 (device-private, shared with the child)", get(1));
  STEP("child exits", end_helper(&child));
}

#define WRITTEN "anonymous private RW mapping [0,8), all pages written"
#define FOUR "anonymous private RW mapping [0,4), all pages written; pages 0, 1 "

const struct op device_ops[] = {
    {"interval_two_pass",
     "interval notifiers with two passes (invalidate_start, invalidate_finish)",
     WRITTEN "; two-pass interval notifiers 8 at [0,4) and 9 at [2,8), one-pass 1 at [0,8)",
     interval_two_pass, OP_SHOWS_END, 703},
    {"device_exclusive",
     "make_device_exclusive: conversion, CPU access, other operations on such entries",
     WRITTEN "; interval notifier 1 at [0,8)", device_exclusive, 0, 703},
    {"device_exclusive_fork", "fork with device-exclusive entries", FOUR "made device-exclusive",
     device_exclusive_fork, 0, 703},
    {"device_private", "migration to device-private memory and back",
     "anonymous private RW mapping [0,6) written, [6,8) untouched; interval notifier 1 at [0,8)",
     device_private, 0, 703},
    {"device_private_fork", "fork with device-private pages",
     FOUR "migrated to device-private memory", device_private_fork, 0, 703},
    {},
};
