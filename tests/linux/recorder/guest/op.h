// SPDX-License-Identifier: GPL-2.0-only
// How operations are written. An operation is a function that sets up memory, says what is to be
// watched, and then does STEPs. It runs in a process of its own, on CPU 0.
#pragma once

#include <errno.h>
#include <stddef.h>
#include <sys/mman.h>

#include "../module/abi.h"

#define PROGRAM "/tmp/op"  // A copy of init: its pages are on the first node, and init has others.
#define PAGE 4096L
#define HUGE_PAGES 512L

enum op_flags {
  OP_FLAKY = 1,      // Depends on timing.
  OP_SHOWS_END = 2,  // The end of the process is a step, too.
};

struct op {
  const char *name, *about, *setup;
  void (*run)(void);
  int flags;
  int since;  // 612: not before Linux 6.12; 0: always.
};

// Each topic ends its list with a null name.
extern const struct op anon_ops[], mremap_ops[], advice_ops[], fork_ops[], exit_ops[], file_ops[],
    reclaim_ops[], migrate_ops[], uffd_ops[], thp_ops[], misc_ops[], driver_ops[], device_ops[];

// --- Steps, in step.c. ---

#define STEP(what, action)          \
  do {                              \
    step_begin();                   \
    errno = 0;                      \
    step_end(what, (long)(action)); \
  } while (0)

void step_begin(void);
void step_end(const char* what, long result);
void end_begin(void);  // Before the process ends; the driver calls end_show() when it has.
void end_show(int step);
int steps_done(void);
void step_watches(const struct rec_watch* what);
void note(const char* format, ...) __attribute__((format(printf, 1, 2)));

extern const char* op_name;
extern int record_file, device_file;

// --- Memory, in memory.c. ---

extern char *base, *target;  // Of the two regions.

char* at(long page);    // In the mapping.
char* at_t(long page);  // In the second one.
void watch(int count, int target_count);
void watch_every(int count, int target_count, int stride, int flags);
void watch_at(char* where, long bytes, int count);
void map_anon(char* where, long pages, int protection);
void map_file(char* where, long pages, int protection, int flags, int file);
void write_pages(char* where, long pages, long from);  // `from`: number of the first.
long settle(long unused);
void map_written(void);  // [0,8) of the mapping, written, and watched.
long put(long page);     // Writes its number + 1.
long get(long page);
long put_t(long page);
int new_memfd(long pages, int fill);

long success(long result);  // 0 for all but -1: positions, sizes and addresses are not recorded.
long write_text(const char* path, const char* text);
long read_number(const char* path);
void need(long result, const char* what);  // Or the operation ends here.

// --- Other processes, in helper.c. ---

typedef long (*task)(long argument);
struct helper {
  int pid, orders, answers;
};

struct helper start_helper(void);                           // Forks.
long ask(struct helper* helper, task what, long argument);  // -1: it is gone.
long end_helper(struct helper* helper);                     // It exits.
void tell(struct helper* helper, task what, long argument);
long hear(struct helper* helper);
