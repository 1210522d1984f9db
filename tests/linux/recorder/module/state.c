// SPDX-License-Identifier: GPL-2.0-only
// The log of the current step, and the numbers that pages have in the current operation. A page
// gets a number when it is first seen in the window, and loses it when it is freed.
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "recorder.h"

#define LOG_MAX 8192
#define PAGES_MAX 512

struct rec_slot rec_slots[REC_SLOTS];
struct rec_watch rec_watch;

static DEFINE_RAW_SPINLOCK(lock);  // Of everything below; taken in any context.
static struct rec_event* events;
static u32 event_count, events_read;
static bool logging;
static struct {
  unsigned long pfn;
  int number;
} pages[PAGES_MAX];
static u32 pages_known;
static int next_number;

int rec_state_init(void) {
  events = vzalloc(LOG_MAX * sizeof(*events));
  return events ? 0 : -ENOMEM;
}

void rec_state_exit(void) { vfree(events); }

bool rec_logging(void) { return READ_ONCE(logging); }

int rec_slot_of(const struct mm_struct* mm) {
  int slot;

  for (slot = 1; slot < REC_SLOTS; ++slot)
    if (mm && READ_ONCE(rec_slots[slot].mm) == mm) return slot;
  return 0;
}

int rec_page_number(unsigned long pfn) {
  unsigned long flags;
  int number = -1;
  u32 i;

  raw_spin_lock_irqsave(&lock, flags);
  for (i = 0; i < pages_known; ++i)
    if (pages[i].pfn == pfn) number = pages[i].number;
  if (number < 0 && pages_known < PAGES_MAX) {
    number = next_number++;
    pages[pages_known].pfn = pfn;
    pages[pages_known++].number = number;
  }
  raw_spin_unlock_irqrestore(&lock, flags);
  return number;
}

// Who does this: nothing for the process whose memory it is.
static void name_actor(struct rec_event* event) {
  if (current->flags & PF_KTHREAD)
    strscpy(event->by, current->comm, sizeof(event->by));
  else if (event->slot && current->tgid != rec_slots[event->slot].tgid)
    strscpy(event->by, "other", sizeof(event->by));
}

static void append(const struct rec_event* event) {
  unsigned long flags;

  raw_spin_lock_irqsave(&lock, flags);
  if (logging && event_count < LOG_MAX) events[event_count++] = *event;
  raw_spin_unlock_irqrestore(&lock, flags);
}

static u8 lock_state(struct mm_struct* mm) {
  const long count = atomic_long_read(&mm->mmap_lock.count);

  if (count & 1) return 'w';
  return count >> 8 > 0 ? 'r' : '-';
}

// An event of a memory: with the state of its lock, and the window as it is now.
void rec_log(struct rec_event* event, struct mm_struct* mm) {
  event->slot = rec_slot_of(mm);
  if (!event->slot || !rec_logging()) return;
  event->lock = lock_state(mm);
  event->flags |= REC_HAS_WINDOW;
  name_actor(event);
  rec_sample(mm, event->window);
  append(event);
}

static bool overlaps(u64 base, u64 bytes, u64 first, u64 last) {
  return bytes && first < base + bytes && last > base;
}

static bool everything(u64 first, u64 last) {
  return first == 0 && last >= (ULONG_MAX & PAGE_MASK);
}

// Events of the program's own memory are not.
bool rec_of_interest(unsigned long first, unsigned long last) {
  return everything(first, last) || overlaps(rec_watch.base, rec_watch.base_bytes, first, last) ||
         overlaps(rec_watch.target, rec_watch.target_bytes, first, last);
}

void rec_log_range(struct rec_event* event, struct mm_struct* mm, unsigned long first,
                   unsigned long last) {
  if (!rec_of_interest(first, last)) return;
  event->flags |= REC_HAS_RANGE;
  event->first = first;
  event->last = last;
  rec_log(event, mm);
}

// An event of a page, or of nothing that has a name.
void rec_log_page(struct rec_event* event, unsigned long pfn) {
  if (!rec_logging()) return;
  event->page = pfn ? rec_page_number(pfn) : -1;
  name_actor(event);
  append(event);
}

void rec_page_freed(unsigned long pfn, unsigned int order) {
  struct rec_event event = {.kind = REC_PAGE_FREE, .shift = order};
  unsigned long flags;
  u32 i, kept = 0;

  if (!READ_ONCE(pages_known)) return;
  name_actor(&event);
  raw_spin_lock_irqsave(&lock, flags);
  for (i = 0; i < pages_known; ++i) {
    if (pages[i].pfn - pfn >= 1UL << order) {
      pages[kept++] = pages[i];
      continue;
    }
    event.page = pages[i].number;
    if (logging && event_count < LOG_MAX) events[event_count++] = event;
  }
  pages_known = kept;
  raw_spin_unlock_irqrestore(&lock, flags);
}

void rec_begin(void) {
  unsigned long flags;

  raw_spin_lock_irqsave(&lock, flags);
  event_count = 0;
  events_read = 0;
  logging = true;
  raw_spin_unlock_irqrestore(&lock, flags);
}

void rec_finish(void) { WRITE_ONCE(logging, false); }

void rec_forget_state(void) {
  unsigned long flags;

  raw_spin_lock_irqsave(&lock, flags);
  logging = false;
  pages_known = 0;
  next_number = 0;
  raw_spin_unlock_irqrestore(&lock, flags);
}

ssize_t rec_read(char __user* to, size_t bytes) {
  const u32 count = min_t(size_t, bytes / sizeof(*events), event_count - events_read);

  if (rec_logging()) return -EBUSY;
  if (copy_to_user(to, events + events_read, count * sizeof(*events))) return -EFAULT;
  events_read += count;
  return count * sizeof(*events);
}
