// SPDX-License-Identifier: GPL-2.0-only
// Files that are cut, written back, and probed.
#define _GNU_SOURCE
#include <elf.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "op.h"

#define RW (PROT_READ | PROT_WRITE)

static void truncate_memfd(void) {
  const int file = new_memfd(8, 0);
  int i;

  map_file(base, 8, RW, MAP_SHARED, file);
  map_file(target, 8, RW, MAP_PRIVATE, file);
  write_pages(base, 8, 0);
  for (i = 0; i < 8; ++i) (void)*(volatile char*)at_t(i);
  put_t(1);
  put_t(3);
  put_t(6);
  watch(8, 8);
  STEP("fallocate(PUNCH_HOLE) file pages 2-3",
       fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 2 * PAGE, 2 * PAGE));
  STEP("fallocate(PUNCH_HOLE) bytes 100..4196 (no whole page)",
       fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 100, 4096));
  STEP("ftruncate to 5 pages", ftruncate(file, 5 * PAGE));
  STEP("ftruncate to 4 pages + 100 bytes", ftruncate(file, 4 * PAGE + 100));
  STEP("ftruncate to 8 pages (grow)", ftruncate(file, 8 * PAGE));
}

static int disk_file(void) {
  static char content[PAGE];
  const int file = open("/disk/file", O_RDWR | O_CREAT | O_TRUNC, 0600);
  int i;

  need(file, "open on disk");
  memset(content, 'x', sizeof(content));
  for (i = 0; i < 8; ++i) need(write(file, content, sizeof(content)), "write to disk");
  need(fsync(file), "fsync");
  return file;
}

static void writeback(void) {
  const int file = disk_file();

  map_file(base, 8, RW, MAP_SHARED, file);
  watch(8, 0);
  STEP("read page 0", get(0));
  STEP("write page 0 (page_mkwrite)", put(0));
  STEP("write page 1", put(1));
  STEP("write page 4", put(4));
  STEP("msync(ASYNC) [0,8)", msync(base, 8 * PAGE, MS_ASYNC));
  STEP("msync(SYNC) [0,8) (pages 0, 1, 4 dirty)", msync(base, 8 * PAGE, MS_SYNC));
  STEP("write page 0 again", put(0));
  STEP("fdatasync(fd)", fdatasync(file));
  STEP("msync(SYNC) [0,8) (nothing dirty)", msync(base, 8 * PAGE, MS_SYNC));
  STEP("madvise(PAGEOUT) [0,8) (clean file pages)", madvise(base, 8 * PAGE, MADV_PAGEOUT));
  STEP("read page 0", get(0));
  STEP("ftruncate to 2 pages", ftruncate(file, 2 * PAGE));
}

static void msync_shmem(void) {
  map_file(base, 8, RW, MAP_SHARED, new_memfd(8, 0));
  write_pages(base, 8, 0);
  watch(8, 0);
  STEP("msync(SYNC) [0,8)", msync(base, 8 * PAGE, MS_SYNC));
}

// Alone on its page, so that the window shows nothing else.
__attribute__((noinline, aligned(4096), section(".text.probed"))) static long probed(void) {
  __asm__ volatile("nop; nop; nop");
  return 0;
}

__attribute__((used, aligned(4096), section(".text.probed"))) static void after_probed(void) {}

// The place of a function in the file of the program.
static long file_offset(uintptr_t address) {
  const Elf64_Phdr* part = (const Elf64_Phdr*)getauxval(AT_PHDR);
  const Elf64_Phdr* end = part + getauxval(AT_PHNUM);

  for (; part < end; ++part)
    if (part->p_type == PT_LOAD && address - part->p_vaddr < part->p_filesz)
      return address - part->p_vaddr + part->p_offset;
  return -1;
}

#define TRACING "/sys/kernel/tracing/"

static void uprobe(void) {
  char definition[80];

  snprintf(definition, sizeof(definition), "p:recorder/probed " PROGRAM ":0x%lx",
           file_offset((uintptr_t)probed));
  probed();
  need(write_text(TRACING "uprobe_events", definition), "uprobe_events");
  watch_at((char*)probed, PAGE, 1);
  STEP("enable the uprobe", write_text(TRACING "events/recorder/probed/enable", "1"));
  STEP("call the function", probed());
  STEP("disable the uprobe", write_text(TRACING "events/recorder/probed/enable", "0"));
}

const struct op file_ops[] = {
    {"truncate", "ftruncate and fallocate of a mapped memfd, shared and private mapping",
     "memfd of 8 pages; shared mapping [0,8), written; private mapping T[0,8), read, "
     "its pages 1, 3, 6 written (copies)",
     truncate_memfd},
    {"writeback", "writeback of a shared mapping of a file on ext2",
     "shared RW mapping of an ext2 file of 8 pages, untouched", writeback},
    {"msync_shmem", "msync of a shared memfd mapping",
     "shared RW mapping of a memfd of 8 pages, all written", msync_shmem},
    {"uprobe", "a uprobe set on and removed from a page of program text",
     "page 0 is a page of the program's text", uprobe},
    {},
};
