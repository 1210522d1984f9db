// SPDX-License-Identifier: GPL-2.0-only
// What no notifier tells: flushes of the CPU's TLBs, and pages that are freed.
#include <linux/kprobes.h>
#include <linux/tracepoint.h>

#include "recorder.h"

static struct tracepoint* page_free_point;

// void flush_tlb_mm_range(mm, start, end, stride_shift, freed_tables)
static int on_cpu_flush(struct kprobe* probe, struct pt_regs* regs) {
  struct rec_event event = {.kind = REC_CPU_FLUSH, .page = -1, .shift = regs->cx};

  if (regs->r8 & 1) event.flags |= REC_FREED_TABLES;
  rec_log_range(&event, (struct mm_struct*)regs->di, regs->si, regs->dx);
  return 0;
}

static int on_cpu_flush_batch(struct kprobe* probe, struct pt_regs* regs) {
  struct rec_event event = {.kind = REC_CPU_FLUSH_BATCH};

  rec_log_page(&event, 0);
  return 0;
}

static struct kprobe flush_probe = {.symbol_name = "flush_tlb_mm_range",
                                    .pre_handler = on_cpu_flush};
static struct kprobe batch_probe = {.symbol_name = "arch_tlbbatch_flush",
                                    .pre_handler = on_cpu_flush_batch};

static void on_page_free(void* data, struct page* page, unsigned int order) {
  rec_page_freed(page_to_pfn(page), order);
}

static void find_point(struct tracepoint* point, void* found) {
  if (!strcmp(point->name, "mm_page_free")) *(struct tracepoint**)found = point;
}

// The kernel does not export the place where it keeps the huge zero page.
static const unsigned long* find_huge_zero(void) {
  struct kprobe probe = {.symbol_name = "kallsyms_lookup_name"};
  unsigned long (*lookup)(const char* name);

  if (register_kprobe(&probe)) return NULL;
  lookup = (void*)probe.addr;
  unregister_kprobe(&probe);
  return (const unsigned long*)lookup("huge_zero_pfn");
}

int rec_probes_init(void) {
  int error;

  rec_window_init(find_huge_zero());
  for_each_kernel_tracepoint(find_point, &page_free_point);
  if (!page_free_point) return -ENOENT;
  error = register_kprobe(&flush_probe);
  if (error) return error;
  error = register_kprobe(&batch_probe);
  if (error) goto no_batch;
  error = tracepoint_probe_register(page_free_point, on_page_free, NULL);
  if (error) goto no_point;
  return 0;
no_point:
  unregister_kprobe(&batch_probe);
no_batch:
  unregister_kprobe(&flush_probe);
  return error;
}

void rec_probes_exit(void) {
  tracepoint_probe_unregister(page_free_point, on_page_free, NULL);
  tracepoint_synchronize_unregister();
  unregister_kprobe(&batch_probe);
  unregister_kprobe(&flush_probe);
}
