// SPDX-License-Identifier: GPL-2.0-only
// userfaultfd.
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "op.h"

#define RW (PROT_READ | PROT_WRITE)

static int uffd;

static void open_uffd(void) {
  struct uffdio_api api = {.api = UFFD_API};

  uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
  need(uffd, "userfaultfd");
  need(ioctl(uffd, UFFDIO_API, &api), "UFFDIO_API");
}

static struct uffdio_range range(long first, long last) {
  return (struct uffdio_range){(unsigned long)at(first), (last - first) * PAGE};
}

static long register_for(unsigned long mode) {
  struct uffdio_register what = {.range = range(0, 8), .mode = mode};

  return ioctl(uffd, UFFDIO_REGISTER, &what);
}

static long protect(long first, long last, unsigned long mode) {
  struct uffdio_writeprotect what = {.range = range(first, last), .mode = mode};

  return ioctl(uffd, UFFDIO_WRITEPROTECT, &what);
}

#define ON UFFDIO_WRITEPROTECT_MODE_WP

static long answer_fault(long page) {
  static struct uffd_msg message;

  if (read(uffd, &message, sizeof(message)) != sizeof(message)) return -1;
  return protect(page, page + 1, 0);
}

static long put_with_help(struct helper* other) {
  tell(other, answer_fault, 0);
  put(0);
  return hear(other);
}

static long unregister(void) {
  struct uffdio_range all = range(0, 8);

  return ioctl(uffd, UFFDIO_UNREGISTER, &all);
}

static void uffd_wp(void) {
  struct helper other;

  open_uffd();
  other = start_helper();
  map_written();
  STEP("UFFDIO_REGISTER(WP) [0,8)", register_for(UFFDIO_REGISTER_MODE_WP));
  STEP("UFFDIO_WRITEPROTECT(on) [0,4)", protect(0, 4, ON));
  STEP("UFFDIO_WRITEPROTECT(on) [0,4) again", protect(0, 4, ON));
  STEP("write page 0 (fault to the other process, which lifts the protection of page 0)",
       put_with_help(&other));
  STEP("UFFDIO_WRITEPROTECT(off) [0,4)", protect(0, 4, 0));
  STEP("write page 1", put(1));
  STEP("UFFDIO_WRITEPROTECT(on) [0,8)", protect(0, 8, ON));
  STEP("UFFDIO_UNREGISTER [0,8) (pages protected)", unregister());
}

static long copy_to(long page) {
  static char content[PAGE] __attribute__((aligned(4096)));
  struct uffdio_copy what = {.dst = (unsigned long)at(page), .len = PAGE};

  memset(content, 'c', sizeof(content));
  what.src = (unsigned long)content;
  return ioctl(uffd, UFFDIO_COPY, &what);
}

static long zero(long page) {
  struct uffdio_zeropage what = {.range = range(page, page + 1)};

  return ioctl(uffd, UFFDIO_ZEROPAGE, &what);
}

static long carry_on(long first, long last) {
  struct uffdio_continue what = {.range = range(first, last)};

  return ioctl(uffd, UFFDIO_CONTINUE, &what);
}

static void uffd_missing(void) {
  open_uffd();
  map_anon(base, 8, RW);
  watch(8, 0);
  STEP("UFFDIO_REGISTER(MISSING) [0,8)", register_for(UFFDIO_REGISTER_MODE_MISSING));
  STEP("UFFDIO_COPY to page 0", copy_to(0));
  STEP("UFFDIO_ZEROPAGE at page 1", zero(1));
  STEP("write page 1", put(1));
}

static void uffd_minor(void) {
  open_uffd();
  map_file(base, 8, RW, MAP_SHARED, new_memfd(8, 'm'));
  watch(8, 0);
  STEP("UFFDIO_REGISTER(MINOR) [0,8)", register_for(UFFDIO_REGISTER_MODE_MINOR));
  STEP("UFFDIO_CONTINUE [0,2)", carry_on(0, 2));
}

const struct op uffd_ops[] = {
    {"uffd_wp", "userfaultfd write-protection",
     "anonymous private RW mapping [0,8), all pages written", uffd_wp},
    {"uffd_missing", "userfaultfd COPY and ZEROPAGE into missing pages",
     "anonymous private RW mapping [0,8), untouched", uffd_missing},
    {"uffd_minor", "userfaultfd minor fault: CONTINUE on a shared memfd mapping",
     "shared RW mapping of a memfd of 8 pages in the page cache, untouched", uffd_minor},
    {},
};
