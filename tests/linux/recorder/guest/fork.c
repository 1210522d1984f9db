// SPDX-License-Identifier: GPL-2.0-only
// fork and what follows, pins, and access by others.
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/io_uring.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "op.h"

#define RW (PROT_READ | PROT_WRITE)

static struct helper child;

static long start_child(void) {
  child = start_helper();
  return child.pid < 0 ? -1 : 0;
}

static void fork_cow(void) {
  map_written();
  STEP("fork", start_child());
  STEP("parent writes page 0 (shared with the child)", put(0));
  STEP("child writes page 0 (the last user)", ask(&child, put, 0));
  STEP("child writes page 1 (shared with the parent)", ask(&child, put, 1));
  STEP("parent writes page 1 (the last user)", put(1));
  STEP("parent reads page 2", get(2));
  STEP("child exits", end_helper(&child));
  STEP("parent writes page 3 (the child is gone)", put(3));
}

static void fork_kinds(void) {
  const int file = new_memfd(2, 0);

  map_anon(base, 2, RW);
  map_file(at(2), 2, RW, MAP_SHARED, file);
  map_file(at(4), 2, PROT_READ, MAP_PRIVATE, file);
  map_anon(at(6), 2, RW);
  map_anon(target, 4, RW);
  map_anon(at_t(4), 4, RW);
  madvise(target, 4 * PAGE, MADV_DONTFORK);
  madvise(at_t(4), 4 * PAGE, MADV_WIPEONFORK);
  write_pages(at(2), 2, 2);
  get(4);
  get(6);
  write_pages(target, 8, 0);
  watch(8, 8);
  STEP("fork", start_child());
}

static int uring;

static void open_uring(void) {
  struct io_uring_params parameters = {};

  uring = syscall(SYS_io_uring_setup, 1, &parameters);
  need(uring, "io_uring_setup");
}

static long pin(long first, long last) {
  struct iovec place = {at(first), (last - first) * PAGE};

  return syscall(SYS_io_uring_register, uring, IORING_REGISTER_BUFFERS, &place, 1);
}

static void fork_pinned(void) {
  open_uring();
  map_written();
  STEP("io_uring_register(BUFFERS) page 0 (pins it)", pin(0, 1));
  STEP("fork", start_child());
  STEP("parent writes page 0 (pinned: was copied for the child)", put(0));
  STEP("parent writes page 1", put(1));
  STEP("madvise(DONTNEED) [0,1) (pinned)", madvise(base, PAGE, MADV_DONTNEED));
}

static void pin_zero(void) {
  open_uring();
  map_anon(base, 8, RW);
  get(0);
  watch(8, 0);
  STEP("io_uring_register(BUFFERS) pages 0-1", pin(0, 2));
}

static int owner_pid;

static long remote_read(long page) {
  static char byte;
  struct iovec here = {&byte, 1}, there = {at(page), 1};

  return success(process_vm_readv(owner_pid, &here, 1, &there, 1, 0));
}

static long remote_write(long page) {
  static char byte = 'r';
  struct iovec here = {&byte, 1}, there = {at(page), 1};

  return success(process_vm_writev(owner_pid, &here, 1, &there, 1, 0));
}

static void remote_access(void) {
  struct helper other;

  owner_pid = getpid();
  other = start_helper();
  map_anon(base, 8, RW);
  watch(8, 0);
  STEP("other: process_vm_readv page 0 (untouched)", ask(&other, remote_read, 0));
  STEP("other: process_vm_writev page 0 (zero page)", ask(&other, remote_write, 0));
  STEP("other: process_vm_writev page 0 again", ask(&other, remote_write, 0));
  STEP("mprotect(R) [0,8)", mprotect(base, 8 * PAGE, PROT_READ));
  STEP("other: process_vm_writev page 0 (mapping is R: fails)", ask(&other, remote_write, 0));
}

static int direct_file;

static long read_into(long page) { return success(pread(direct_file, at(page), PAGE, 0)); }

static void direct_io(void) {
  direct_file = open("/disk/direct", O_RDONLY | O_DIRECT);
  need(direct_file, "open O_DIRECT");
  map_anon(base, 8, RW);
  write_pages(base, 4, 0);
  get(4);
  watch(8, 0);
  STEP("fork", start_child());
  STEP("pread(O_DIRECT) into page 0 (shared with the child)", read_into(0));
  STEP("pread(O_DIRECT) into page 4 (zero page)", read_into(4));
  STEP("pread(O_DIRECT) into page 5 (untouched)", read_into(5));
}

#define WRITTEN "anonymous private RW mapping [0,8), all pages written"

const struct op fork_ops[] = {
    {"remote_access", "process_vm_readv/writev by another process",
     "anonymous private RW mapping [0,8), untouched; another process acts", remote_access},
    {"direct_io", "O_DIRECT read into pages shared with a child, into zero pages",
     "anonymous private RW mapping [0,8): 0-3 written and shared with a child after fork, "
     "4 the zero page",
     direct_io},
    {"fork_cow", "fork, then writes of the parent and the child", WRITTEN, fork_cow},
    {"fork_kinds", "fork of mappings of different kinds",
     "[0,2) anon untouched; [2,4) shared memfd written; [4,6) private R memfd, page 4 read; "
     "[6,8) anon, page 6 zero page; T[0,4) anon DONTFORK; T[4,8) anon WIPEONFORK",
     fork_kinds},
    {"fork_pinned", "fork with a page pinned for long (io_uring registered buffer)", WRITTEN,
     fork_pinned},
    {"pin_zero", "long-term pin of untouched and zero pages",
     "anonymous private RW mapping [0,8), page 0 the zero page", pin_zero},
    {},
};
