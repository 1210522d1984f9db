// SPDX-License-Identifier: GPL-2.0-only
// The subscribers: two ordinary notifiers of a memory, interval notifiers, and the documented loop
// around hmm_range_fault() with an interval notifier of its own.
#include <linux/hmm.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "recorder.h"

#define INTERVALS 16
#define HMM_INTERVAL 15
#define HMM_ROUNDS_MAX 16

struct rec_interval_slot {
  struct mmu_interval_notifier notifier;
  bool used;
  u64 sequence;  // Of the last read_begin.
#if REC_SINCE_7_3
  struct mmu_interval_notifier_finish finish;
  struct rec_event first_pass;  // The second pass has the same range.
#endif
};

static struct rec_interval_slot intervals[INTERVALS];

static u16 atomic_flag(void) { return in_atomic() || irqs_disabled() ? REC_ATOMIC : 0; }

static void log_plain(enum rec_kind kind, struct mm_struct* mm, unsigned long first,
                      unsigned long last) {
  struct rec_event event = {.kind = kind, .page = -1, .flags = atomic_flag()};

  rec_log_range(&event, mm, first, last);
}

static void fill_range(struct rec_event* event, const struct mmu_notifier_range* range) {
  event->page = -1;
  event->event = range->event;
  event->flags |= atomic_flag();
  if (range->flags & MMU_NOTIFIER_RANGE_BLOCKABLE) event->flags |= REC_BLOCKABLE;
  if ((range->event == MMU_NOTIFY_MIGRATE || range->event == MMU_NOTIFY_EXCLUSIVE) && range->owner)
    event->flags |= REC_OWNER;
#if !REC_SINCE_6_6
  if (range->vma) event->flags |= REC_VMA;
#endif
}

static int on_start(struct mmu_notifier* notifier, const struct mmu_notifier_range* range) {
  struct rec_event event = {.kind = REC_START};

  fill_range(&event, range);
  rec_log_range(&event, range->mm, range->start, range->end);
  return 0;
}

static void on_end(struct mmu_notifier* notifier, const struct mmu_notifier_range* range) {
  struct rec_event event = {.kind = REC_END};

  fill_range(&event, range);
  rec_log_range(&event, range->mm, range->start, range->end);
}

static void on_secondary(struct mmu_notifier* notifier, struct mm_struct* mm, unsigned long first,
                         unsigned long last) {
  log_plain(REC_SEC_TLB, mm, first, last);
}

// Aging callbacks say whether the page was used: our device never did.
#if REC_SINCE_7_3
#define YOUNG bool
#else
#define YOUNG int
#endif

static YOUNG on_clear_flush_young(struct mmu_notifier* notifier, struct mm_struct* mm,
                                  unsigned long first, unsigned long last) {
  log_plain(REC_CLEAR_FLUSH_YOUNG, mm, first, last);
  return 0;
}

static YOUNG on_clear_young(struct mmu_notifier* notifier, struct mm_struct* mm,
                            unsigned long first, unsigned long last) {
  log_plain(REC_CLEAR_YOUNG, mm, first, last);
  return 0;
}

static YOUNG on_test_young(struct mmu_notifier* notifier, struct mm_struct* mm,
                           unsigned long address) {
  log_plain(REC_TEST_YOUNG, mm, address, address + PAGE_SIZE);
  return 0;
}

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 10, 0)
static void on_change_pte(struct mmu_notifier* notifier, struct mm_struct* mm,
                          unsigned long address, pte_t pte) {
  struct rec_event event = {.kind = REC_CHANGE_PTE, .flags = atomic_flag()};

  if (!rec_logging() || !rec_of_interest(address, address + PAGE_SIZE)) return;
  event.page = rec_page_number(pte_pfn(pte));
  if (pte_write(pte)) event.flags |= REC_NEW_WRITABLE;
  rec_log_range(&event, mm, address, address + PAGE_SIZE);
}
#endif

static void on_release(struct mmu_notifier* notifier, struct mm_struct* mm) {
  struct rec_event event = {.kind = REC_RELEASE, .page = -1, .flags = atomic_flag()};

  rec_log(&event, mm);
}

static const struct mmu_notifier_ops callback_ops = {
    .release = on_release,
    .clear_flush_young = on_clear_flush_young,
    .clear_young = on_clear_young,
    .test_young = on_test_young,
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 10, 0)
    .change_pte = on_change_pte,
#endif
    .invalidate_range_start = on_start,
    .invalidate_range_end = on_end,
};

static const struct mmu_notifier_ops secondary_ops = {
#if REC_SINCE_6_6
    .arch_invalidate_secondary_tlbs = on_secondary,
#else
    .invalidate_range = on_secondary,
#endif
};

int rec_register(u32 number) {
  struct rec_slot* slot = &rec_slots[number];
  int error;

  if (number == 0 || number >= REC_SLOTS || slot->mm) return -EINVAL;
  slot->callbacks.ops = &callback_ops;
  slot->secondary.ops = &secondary_ops;
  slot->tgid = current->tgid;
  error = mmu_notifier_register(&slot->callbacks, current->mm);
  if (error) return error;
  error = mmu_notifier_register(&slot->secondary, current->mm);
  if (error) {
    mmu_notifier_unregister(&slot->callbacks, current->mm);
    return error;
  }
  WRITE_ONCE(slot->mm, current->mm);
  return 0;
}

int rec_unregister(u32 number) {
  struct rec_slot* slot = &rec_slots[number];
  struct mm_struct* mm;

  if (number == 0 || number >= REC_SLOTS || !slot->mm) return -EINVAL;
  mm = slot->mm;
  mmgrab(mm);
  mmu_notifier_unregister(&slot->callbacks, mm);
  mmu_notifier_unregister(&slot->secondary, mm);
  WRITE_ONCE(slot->mm, NULL);
  mmdrop(mm);
  return 0;
}

static struct rec_interval_slot* interval_of(const struct mmu_interval_notifier* notifier) {
  return container_of(notifier, struct rec_interval_slot, notifier);
}

static void log_interval(struct rec_interval_slot* slot, const struct mmu_notifier_range* range,
                         unsigned long sequence, struct rec_event* event) {
  fill_range(event, range);
  event->interval = slot - intervals;
  event->sequence = sequence;
  rec_log_range(event, range->mm, range->start, range->end);
}

static bool on_interval(struct mmu_interval_notifier* notifier,
                        const struct mmu_notifier_range* range, unsigned long sequence) {
  struct rec_event event = {.kind = REC_INTERVAL};

  mmu_interval_set_seq(notifier, sequence);
  log_interval(interval_of(notifier), range, sequence, &event);
  return true;
}

static const struct mmu_interval_notifier_ops interval_ops = {.invalidate = on_interval};

#if REC_SINCE_7_3
static bool on_interval_start(struct mmu_interval_notifier* notifier,
                              const struct mmu_notifier_range* range, unsigned long sequence,
                              struct mmu_interval_notifier_finish** finish) {
  struct rec_interval_slot* slot = interval_of(notifier);
  struct rec_event event = {.kind = REC_INTERVAL};

  mmu_interval_set_seq(notifier, sequence);
  log_interval(slot, range, sequence, &event);
  slot->first_pass = event;
  slot->finish.notifier = notifier;
  *finish = &slot->finish;
  return true;
}

static void on_interval_finish(struct mmu_interval_notifier_finish* finish) {
  struct rec_interval_slot* slot = interval_of(finish->notifier);
  struct rec_event event = slot->first_pass;

  event.kind = REC_INTERVAL_FINISH;
  rec_log(&event, finish->notifier->mm);
}

static const struct mmu_interval_notifier_ops two_pass_ops = {
    .invalidate_start = on_interval_start,
    .invalidate_finish = on_interval_finish,
};
#endif

int rec_insert(struct rec_interval* what) {
  const struct mmu_interval_notifier_ops* ops = &interval_ops;
  struct rec_interval_slot* slot;
  int error;

  if (what->id >= INTERVALS || intervals[what->id].used) return -EINVAL;
  if (what->two_pass) {
#if REC_SINCE_7_3
    ops = &two_pass_ops;
#else
    return -EOPNOTSUPP;
#endif
  }
  slot = &intervals[what->id];
  error = mmu_interval_notifier_insert(&slot->notifier, current->mm, what->first,
                                       what->last - what->first, ops);
  slot->used = !error;
  return error;
}

int rec_remove(struct rec_interval* what) {
  if (what->id >= INTERVALS || !intervals[what->id].used) return -EINVAL;
  mmu_interval_notifier_remove(&intervals[what->id].notifier);
  intervals[what->id].used = false;
  return 0;
}

int rec_read_begin(struct rec_interval* what) {
  if (what->id >= INTERVALS || !intervals[what->id].used) return -EINVAL;
  what->result = mmu_interval_read_begin(&intervals[what->id].notifier);
  intervals[what->id].sequence = what->result;
  return 0;
}

int rec_read_retry(struct rec_interval* what) {
  if (what->id >= INTERVALS || !intervals[what->id].used) return -EINVAL;
  what->result =
      mmu_interval_read_retry(&intervals[what->id].notifier, intervals[what->id].sequence);
  return 0;
}

static char hmm_letter(unsigned long pfn) {
  if (pfn & HMM_PFN_ERROR) return 'E';
  if (!(pfn & HMM_PFN_VALID)) return '-';
  return pfn & HMM_PFN_WRITE ? 'w' : 'r';
}

// One round of the loop; true: it must be repeated.
static bool hmm_round(struct rec_hmm* what, struct hmm_range* range) {
  struct mm_struct* mm = range->notifier->mm;

  memset(range->hmm_pfns, 0, REC_RANGE_PAGES * sizeof(*range->hmm_pfns));
  range->notifier_seq = mmu_interval_read_begin(range->notifier);
  if (what->rounds++ == 0) what->sequence_first = range->notifier_seq;
  what->sequence_last = range->notifier_seq;
  mmap_read_lock(mm);
  what->result = hmm_range_fault(range);
  mmap_read_unlock(mm);
  if (what->result == -EBUSY) return true;
  return !what->result && mmu_interval_read_retry(range->notifier, range->notifier_seq);
}

int rec_hmm(struct rec_hmm* what) {
  unsigned long pfns[REC_RANGE_PAGES];
  struct rec_interval interval = {.id = HMM_INTERVAL, .first = what->first, .last = what->last};
  const u32 count = (what->last - what->first) >> PAGE_SHIFT;
  struct hmm_range range = {.notifier = &intervals[HMM_INTERVAL].notifier,
                            .start = what->first,
                            .end = what->last,
                            .hmm_pfns = pfns};
  int error;
  u32 i;

  if (count > REC_RANGE_PAGES) return -EINVAL;
  if (what->flags & REC_HMM_FAULT) range.default_flags |= HMM_PFN_REQ_FAULT;
  if (what->flags & REC_HMM_WRITE) range.default_flags |= HMM_PFN_REQ_WRITE;
  if (what->flags & REC_HMM_OWNER) range.dev_private_owner = rec_owner();
  error = rec_insert(&interval);
  if (error) return error;
  what->rounds = 0;
  while (hmm_round(what, &range) && what->rounds < HMM_ROUNDS_MAX)
    ;
  rec_remove(&interval);
  for (i = 0; i < count; ++i) what->pages[i] = what->result ? '-' : hmm_letter(pfns[i]);
  return 0;
}

void rec_forget_notifiers(void) {
  struct rec_interval what = {};
  u32 slot;

  for (what.id = 0; what.id < INTERVALS; ++what.id) rec_remove(&what);
  for (slot = 1; slot < REC_SLOTS; ++slot) rec_unregister(slot);
}
