// SPDX-License-Identifier: GPL-2.0-only
// Steps, and the JSON line that each becomes.
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "op.h"

const char* op_name;
int record_file = -1, device_file = -1;

static char text[4096], note_text[200], window_text[512];
static size_t text_length;
static struct rec_window before, after;
static struct rec_entry last_window[REC_WINDOW];  // As printed last.
static int last_known;
static int step;

static void flush(void) {
  size_t done = 0;
  ssize_t written;

  while (done < text_length) {
    written = write(record_file, text + done, text_length - done);
    if (written <= 0) break;
    done += written;
  }
  text_length = 0;
}

static void __attribute__((format(printf, 1, 2))) say(const char* format, ...) {
  va_list arguments;

  if (text_length > sizeof(text) - 1200) flush();
  va_start(arguments, format);
  text_length += vsnprintf(text + text_length, sizeof(text) - text_length, format, arguments);
  va_end(arguments);
}

void note(const char* format, ...) {
  const size_t length = strlen(note_text);
  va_list arguments;

  va_start(arguments, format);
  vsnprintf(note_text + length, sizeof(note_text) - length, format, arguments);
  va_end(arguments);
}

static size_t print_entry(char* to, size_t size, const struct rec_entry* entry) {
  static const char* const prefixes[] = {[REC_PAGE] = "",
                                         [REC_HUGE] = "H:",
                                         [REC_HUGETLB] = "G:",
                                         [REC_MIGRATION] = "M:",
                                         [REC_HUGE_MIGRATION] = "HM:",
                                         [REC_DEVICE_PRIVATE] = "D:",
                                         [REC_DEVICE_EXCLUSIVE] = "X:"};
  static const char* const words[] = {
      [REC_EMPTY] = "-",           [REC_NO_TABLE] = "_",  [REC_SWAP] = "S",
      [REC_SWAP_EXCLUSIVE] = "Sx", [REC_MARKER] = "MARK", [REC_POISONED] = "HWP"};
  char number[12] = "";

  if (entry->state >= sizeof(prefixes) / sizeof(*prefixes) || !prefixes[entry->state])
    return snprintf(to, size, "%s", words[entry->state]);
  if (entry->page >= 0) snprintf(number, sizeof(number), "%d", entry->page);
  return snprintf(to, size, "%s%c%s.%c%s%s%s%s%s%s", prefixes[entry->state], entry->kind, number,
                  entry->flags & REC_WRITABLE ? 'w' : 'r', entry->flags & REC_YOUNG ? "y" : "",
                  entry->flags & REC_DIRTY ? "d" : "", entry->flags & REC_UFFD_WP ? "u" : "",
                  entry->flags & REC_PROT_NONE ? "n" : "", entry->flags & REC_INVALID ? "i" : "",
                  entry->flags & REC_SOFT_CLEAN ? "c" : "");
}

static struct rec_watch watched;

void step_watches(const struct rec_watch* what) { watched = *what; }

static const char* print_window(const struct rec_entry* window, unsigned count) {
  size_t length = 0;
  unsigned i;

  window_text[0] = 0;
  for (i = 0; i < count; ++i) {
    if (i > 0)
      length += snprintf(window_text + length, sizeof(window_text) - length,
                         i == watched.count ? " | " : " ");
    length += print_entry(window_text + length, sizeof(window_text) - length, &window[i]);
  }
  return window_text;
}

// Relative to the region in which it begins; of the mapping, if in none.
static void say_range(const struct rec_event* event) {
  const __u64 first = event->first, last = event->last;
  __u64 origin = watched.base;
  const char* region = "";

  if (first == 0 && last >= (~0ULL & ~4095ULL)) {
    say(",\"reg\":\"all\"");
    return;
  }
  if (watched.target_bytes && last > watched.target &&
      first < watched.target + watched.target_bytes) {
    origin = watched.target;
    region = ",\"reg\":\"T\"";
  }
  say(",\"s\":%lld,\"e\":%lld%s", ((long long)(first - origin)) >> 12,
      ((long long)(last - origin) + 4095) >> 12, region);
  if ((first | last) & 4095) say(",\"unaligned\":1");
}

// In the order of `enum mmu_notifier_event`.
static const char* event_name(unsigned event) {
  static const char* const names[] = {"UNMAP",      "CLEAR",   "PROTECTION_VMA", "PROTECTION_PAGE",
                                      "SOFT_DIRTY", "RELEASE", "MIGRATE",        "EXCLUSIVE"};

  return event < sizeof(names) / sizeof(*names) ? names[event] : "?";
}

static void say_details(const struct rec_event* event) {
  switch (event->kind) {
    case REC_INTERVAL:
    case REC_INTERVAL_FINISH:
    case REC_START:
    case REC_END:
      say(",\"blk\":%d", !!(event->flags & REC_BLOCKABLE));
      if (event->flags & REC_OWNER) say(",\"owner\":1");
      if (event->kind == REC_INTERVAL || event->kind == REC_INTERVAL_FINISH)
        say(",\"iv\":%u,\"seq\":%u", event->interval, event->sequence);
      break;
    case REC_CHANGE_PTE:
      say(",\"page\":%d,\"w\":%d", event->page, !!(event->flags & REC_NEW_WRITABLE));
      break;
    case REC_CPU_FLUSH:
      say(",\"freed_tables\":%d,\"shift\":%u", !!(event->flags & REC_FREED_TABLES), event->shift);
      break;
    case REC_PAGE_FREE:
      say(",\"page\":%d,\"order\":%u", event->page, event->shift);
      break;
    case REC_MIGRATE_TO_RAM:
      say(",\"page\":%d", event->page);
      break;
  }
}

// Only the window of the process itself counts as seen by the reader of the line.
static void say_window(const struct rec_event* event) {
  const size_t bytes = (watched.count + watched.target_count) * sizeof(struct rec_entry);

  if (!(event->flags & REC_HAS_WINDOW)) return;
  if (last_known && !memcmp(last_window, event->window, bytes)) return;
  say(",\"pt\":\"%s\"", print_window(event->window, watched.count + watched.target_count));
  if (event->slot != 1) return;
  memcpy(last_window, event->window, bytes);
  last_known = 1;
}

static void say_event(const struct rec_event* event) {
  static const char* const names[] = {"start",
                                      "end",
                                      "sec_tlb",
                                      "change_pte",
                                      "clear_flush_young",
                                      "clear_young",
                                      "test_young",
                                      "release",
                                      "interval",
                                      "interval_finish",
                                      "cpu_flush",
                                      "cpu_flush_batch",
                                      "page_free",
                                      "migrate_to_ram"};

  say("{\"cb\":\"%s\"", names[event->kind]);
  if (event->kind == REC_START || event->kind == REC_END || event->kind == REC_INTERVAL ||
      event->kind == REC_INTERVAL_FINISH)
    say(",\"ev\":\"%s\"", event_name(event->event));
  if (event->flags & REC_HAS_RANGE) say_range(event);
  say_details(event);
  if (event->slot > 1) say(",\"mm\":%u", event->slot);
  if (event->by[0]) say(",\"by\":\"%.16s\"", event->by);
  if (event->lock) say(",\"lk\":\"%c\"", event->lock);
  if (event->flags & REC_ATOMIC) say(",\"at\":1");
  say_window(event);
  say("}");
}

static void say_events(void) {
  static struct rec_event events[8];
  const char* separator = "";
  ssize_t bytes;
  int i;

  say(",\"ev\":[");
  while ((bytes = read(device_file, events, sizeof(events))) > 0)
    for (i = 0; i < (int)(bytes / sizeof(*events)); ++i) {
      say("%s", separator);
      say_event(&events[i]);
      separator = ",";
    }
  say("]}\n");
  flush();
}

void step_begin(void) {
  ioctl(device_file, REC_BEGIN, &before);
  last_known = before.count > 0;
  memcpy(last_window, before.window, sizeof(last_window));
}

void step_end(const char* what, long result) {
  const int error = errno;

  ioctl(device_file, REC_FINISH, &after);
  say("{\"op\":\"%s\",\"step\":%d,\"do\":\"%s\",\"ret\":%ld", op_name, step++, what, result);
  if (result == -1 && error) say(",\"errno\":%d", error);
  if (note_text[0]) say(",\"note\":\"%s\"", note_text);
  note_text[0] = 0;
  if (before.count) {
    say(",\"pre\":\"%s\"", print_window(before.window, before.count));
    say(",\"post\":\"%s\"", print_window(after.window, after.count));
  }
  say_events();
}

void end_begin(void) { ioctl(device_file, REC_BEGIN, &before); }

void end_show(int number) {
  ioctl(device_file, REC_FINISH, &after);
  ioctl(device_file, REC_WATCHED, &watched);
  last_known = 0;
  say("{\"op\":\"%s\",\"step\":%d,\"do\":\"(end of the process)\"", op_name, number);
  say_events();
}

int steps_done(void) { return step; }
