// SPDX-License-Identifier: GPL-2.0-only
// The parts of the module. state.c keeps the log and the numbers of pages, window.c reads page
// tables, notifiers.c and probes.c write the log, device.c acts as a driver does.
#pragma once

#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/version.h>

#include "abi.h"

// Since then notifiers have arch_invalidate_secondary_tlbs instead of invalidate_range.
#define REC_SINCE_6_6 (LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0))
#define REC_SINCE_7_3 (LINUX_VERSION_CODE >= KERNEL_VERSION(7, 3, 0))

struct rec_slot {
  struct mmu_notifier callbacks;  // All but the one for secondary TLBs.
  struct mmu_notifier secondary;  // That one alone: a notifier may not have both.
  struct mm_struct* mm;           // Null: nobody is registered.
  pid_t tgid;
};

extern struct rec_slot rec_slots[REC_SLOTS];
extern struct rec_watch rec_watch;

// state.c
bool rec_logging(void);
bool rec_of_interest(unsigned long first, unsigned long last);
void rec_log(struct rec_event* event, struct mm_struct* mm);
void rec_log_range(struct rec_event* event, struct mm_struct* mm, unsigned long first,
                   unsigned long last);
void rec_log_page(struct rec_event* event, unsigned long pfn);
int rec_slot_of(const struct mm_struct* mm);
int rec_page_number(unsigned long pfn);
void rec_page_freed(unsigned long pfn, unsigned int order);
void rec_begin(void);
void rec_finish(void);
void rec_forget_state(void);
ssize_t rec_read(char __user* to, size_t bytes);
int rec_state_init(void);
void rec_state_exit(void);

// window.c
void rec_sample(struct mm_struct* mm, struct rec_entry* window);
u32 rec_window_count(void);
void rec_window_init(const unsigned long* huge_zero);

// notifiers.c
int rec_register(u32 slot);
int rec_unregister(u32 slot);
int rec_insert(struct rec_interval* what);
int rec_remove(struct rec_interval* what);
int rec_read_begin(struct rec_interval* what);
int rec_read_retry(struct rec_interval* what);
int rec_hmm(struct rec_hmm* what);
void rec_forget_notifiers(void);

// probes.c
int rec_probes_init(void);
void rec_probes_exit(void);

// device.c
int rec_migrate(struct rec_migrate* what);
int rec_exclusive(struct rec_exclusive* what);
void* rec_owner(void);
int rec_device_init(void);
void rec_device_exit(void);
