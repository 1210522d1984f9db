// SPDX-License-Identifier: GPL-2.0-only
// What the module and the guest program say to each other through /dev/recorder. One process at a
// time is watched: its "mapping" and its "target", two regions of addresses, as slot 1; a child of
// it that registers itself sees the same addresses in its own memory, as slot 2.
#pragma once

#include <linux/ioctl.h>
#include <linux/types.h>

#define REC_WINDOW 16      // Pages whose entries are looked at, of both regions together.
#define REC_SLOTS 3        // Slot 0 is nobody.
#define REC_RANGE_PAGES 8  // As many pages an ioctl takes that works page by page.

enum rec_state {
  REC_EMPTY,     // -
  REC_NO_TABLE,  // _
  REC_PAGE,
  REC_HUGE,              // H:
  REC_HUGETLB,           // G:
  REC_MIGRATION,         // M:
  REC_HUGE_MIGRATION,    // HM:
  REC_DEVICE_PRIVATE,    // D:
  REC_DEVICE_EXCLUSIVE,  // X:
  REC_SWAP,              // S
  REC_SWAP_EXCLUSIVE,    // Sx
  REC_MARKER,            // MARK
  REC_POISONED,          // HWP
};

enum rec_entry_flags {
  REC_WRITABLE = 1,
  REC_YOUNG = 2,
  REC_DIRTY = 4,
  REC_UFFD_WP = 8,
  REC_PROT_NONE = 16,
  REC_INVALID = 32,
  REC_SOFT_CLEAN = 64,
};

// One entry of a page table.
struct rec_entry {
  __u8 state;
  __u8 kind;  // A letter: a(nonymous), f(ile), k(sm), z(ero).
  __u16 flags;
  __s32 page;  // Its number in this operation; -1: none.
};

enum rec_kind {
  REC_START,
  REC_END,
  REC_SEC_TLB,
  REC_CHANGE_PTE,
  REC_CLEAR_FLUSH_YOUNG,
  REC_CLEAR_YOUNG,
  REC_TEST_YOUNG,
  REC_RELEASE,
  REC_INTERVAL,
  REC_INTERVAL_FINISH,
  REC_CPU_FLUSH,
  REC_CPU_FLUSH_BATCH,
  REC_PAGE_FREE,
  REC_MIGRATE_TO_RAM,
};

enum rec_event_flags {
  REC_HAS_RANGE = 1,
  REC_HAS_WINDOW = 2,
  REC_BLOCKABLE = 4,
  REC_OWNER = 8,
  REC_VMA = 16,
  REC_ATOMIC = 32,
  REC_NEW_WRITABLE = 64,
  REC_FREED_TABLES = 128,
};

struct rec_event {
  __u8 kind;
  __u8 event;  // As the kernel numbers them: `enum mmu_notifier_event`.
  __u8 slot;   // 0: the event is of no memory in particular.
  __u8 lock;   // 'w', 'r', '-'.
  __u16 flags;
  __u8 interval;
  __u8 shift;  // Also the order of a page that is freed.
  __s32 page;
  __u32 sequence;
  __u64 first, last;  // Addresses, `last` exclusive.
  char by[16];        // Empty: the process itself.
  struct rec_entry window[REC_WINDOW];
};

enum rec_watch_flags {
  REC_WATCH_SOFT_DIRTY = 1,  // Tells soft-dirty entries from clean ones.
  REC_WATCH_HUGETLB = 2,     // Huge entries are those of hugetlb.
};

// The regions, and which of their pages the window shows: each `stride`-th.
struct rec_watch {
  __u64 base, base_bytes;
  __u64 target, target_bytes;
  __u32 count, target_count, stride, flags;
};

struct rec_window {
  __u32 count;  // 0: nobody is registered in that slot.
  struct rec_entry window[REC_WINDOW];
};

struct rec_interval {
  __u32 id;
  __u32 two_pass;
  __u64 first, last;
  __u64 result;
};

enum rec_hmm_flags { REC_HMM_FAULT = 1, REC_HMM_WRITE = 2, REC_HMM_OWNER = 4 };

struct rec_hmm {
  __u64 first, last;
  __u32 flags;
  __s32 result;
  __u32 rounds;
  __u32 sequence_first, sequence_last;
  char pages[REC_RANGE_PAGES];  // w(ritable), r(eadable), E(rror), -.
};

enum rec_migrate_flags { REC_MIGRATE_OWNER = 1, REC_MIGRATE_TO_DEVICE = 2, REC_MIGRATE_BACK = 4 };

struct rec_migrate {
  __u64 first, last;
  __u32 flags;
  __s32 result;
  __u32 migrated;
  char pages[REC_RANGE_PAGES];  // M(igrated), -.
};

struct rec_exclusive {
  __u64 first, last;
  __u32 owner;
  __s32 result;
  __u32 pages;
};

#define REC_IOC 'R'
#define REC_WATCH _IOW(REC_IOC, 1, struct rec_watch)
#define REC_REGISTER _IOW(REC_IOC, 2, __u32)    // The caller's memory becomes this slot.
#define REC_UNREGISTER _IOW(REC_IOC, 3, __u32)  // As a driver does that goes away.
#define REC_BEGIN _IOR(REC_IOC, 4, struct rec_window)
#define REC_FINISH _IOR(REC_IOC, 5, struct rec_window)
#define REC_FORGET _IO(REC_IOC, 6)  // Everything of this operation, when its process is gone.
#define REC_INSERT _IOWR(REC_IOC, 7, struct rec_interval)
#define REC_REMOVE _IOWR(REC_IOC, 8, struct rec_interval)
#define REC_READ_BEGIN _IOWR(REC_IOC, 9, struct rec_interval)
#define REC_READ_RETRY _IOWR(REC_IOC, 10, struct rec_interval)
#define REC_HMM _IOWR(REC_IOC, 11, struct rec_hmm)
#define REC_MIGRATE _IOWR(REC_IOC, 12, struct rec_migrate)
#define REC_EXCLUSIVE _IOWR(REC_IOC, 13, struct rec_exclusive)
#define REC_WATCHED _IOR(REC_IOC, 14, struct rec_watch)
