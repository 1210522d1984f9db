// SPDX-License-Identifier: GPL-2.0-only
// The two regions that are watched, and what operations do with memory again and again.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "op.h"

// Each region has an entry of the top-level table to itself: no other mapping keeps its tables.
#define REGION_BYTES (1L << 39)

char *base = (char*)(2 * REGION_BYTES), *target = (char*)(4 * REGION_BYTES);

char* at(long page) { return base + page * PAGE; }

char* at_t(long page) { return target + page * PAGE; }

void need(long result, const char* what) {
  if (result >= 0) return;
  dprintf(2, "recorder: %s: %s: %s\n", op_name ? op_name : "init", what, strerror(errno));
  if (op_name) _exit(254);
}

// Pages that were just faulted in wait in a batch of the CPU, which counts as a user of each. This
// advice, where nothing is to be advised, empties it.
long settle(long unused) {
  static char own[PAGE] __attribute__((aligned(4096)));

  (void)unused;
  return madvise(own, PAGE, MADV_COLD);
}

static void watch_regions(struct rec_watch* what) {
  struct rec_window window;
  int slot = 1;

  step_watches(what);
  need(ioctl(device_file, REC_WATCH, what), "watch");
  need(ioctl(device_file, REC_REGISTER, &slot), "register");
  settle(0);
  ioctl(device_file, REC_BEGIN, &window);  // What is there gets its numbers.
  ioctl(device_file, REC_FINISH, &window);
}

void watch_every(int count, int target_count, int stride, int flags) {
  struct rec_watch what = {(__u64)base, REGION_BYTES, (__u64)target, REGION_BYTES,
                           count,       target_count, stride,        flags};

  watch_regions(&what);
}

void watch(int count, int target_count) { watch_every(count, target_count, 1, 0); }

void watch_at(char* where, long bytes, int count) {
  struct rec_watch what = {.base = (__u64)where, .base_bytes = bytes, .count = count, .stride = 1};

  base = where;
  watch_regions(&what);
}

void map_file(char* where, long pages, int protection, int flags, int file) {
  void* got = mmap(where, pages * PAGE, protection, flags | MAP_FIXED, file, 0);

  need(got == MAP_FAILED ? -1 : 0, "mmap");
}

void map_anon(char* where, long pages, int protection) {
  map_file(where, pages, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

void write_pages(char* where, long pages, long from) {
  long i;

  for (i = 0; i < pages; ++i) *(volatile char*)(where + i * PAGE) = from + i + 1;
}

void map_written(void) {
  map_anon(base, 8, PROT_READ | PROT_WRITE);
  write_pages(base, 8, 0);
  watch(8, 0);
}

long put(long page) {
  *(volatile char*)at(page) = page + 1;
  return 0;
}

long put_t(long page) {
  *(volatile char*)at_t(page) = page + 1;
  return 0;
}

long get(long page) { return *(volatile unsigned char*)at(page); }

int new_memfd(long pages, int fill) {
  char content[PAGE];
  const int file = memfd_create("memfd", 0);
  long i;

  need(file, "memfd_create");
  if (!fill) {
    need(ftruncate(file, pages * PAGE), "ftruncate");
    return file;
  }
  memset(content, fill, sizeof(content));
  for (i = 0; i < pages; ++i) need(pwrite(file, content, PAGE, i * PAGE), "pwrite");
  return file;
}

long success(long result) { return result == -1 ? -1 : 0; }

long write_text(const char* path, const char* content) {
  const int file = open(path, O_WRONLY);
  long result;
  int error;

  if (file < 0) return -1;
  result = success(write(file, content, strlen(content)));
  error = errno;
  close(file);
  errno = error;
  return result;
}

long read_number(const char* path) {
  char content[40] = "";
  const int file = open(path, O_RDONLY);

  if (file < 0) return -1;
  if (read(file, content, sizeof(content) - 1) < 0) content[0] = 0;
  close(file);
  return atol(content);
}
