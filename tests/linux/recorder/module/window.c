// SPDX-License-Identifier: GPL-2.0-only
// Reads the entries of the window out of the page tables, as the hardware would: without a lock, at
// any moment, also in the middle of a change.
#include <linux/mm.h>
#include <linux/swap.h>
#include <linux/swapops.h>

#include "recorder.h"

#ifndef _PAGE_UFFD
#define _PAGE_UFFD _PAGE_UFFD_WP
#endif

static const unsigned long* huge_zero_at;  // Null, or where the kernel keeps it.

void rec_window_init(const unsigned long* huge_zero) { huge_zero_at = huge_zero; }

u32 rec_window_count(void) { return rec_watch.count + rec_watch.target_count; }

static unsigned long window_address(u32 index) {
  const unsigned long step = rec_watch.stride * PAGE_SIZE;

  if (index < rec_watch.count) return rec_watch.base + index * step;
  return rec_watch.target + (index - rec_watch.count) * step;
}

static bool huge_zero(unsigned long pfn) {
  return huge_zero_at && (READ_ONCE(*huge_zero_at) & ~511UL) == (pfn & ~511UL);
}

static void name_page(struct rec_entry* entry, unsigned long pfn) {
  struct folio* folio;

  if (pfn == page_to_pfn(ZERO_PAGE(0)) || huge_zero(pfn)) {
    entry->kind = 'z';
    return;
  }
  entry->kind = 'f';
  if (!pfn_valid(pfn)) return;
  folio = page_folio(pfn_to_page(pfn));
  if (folio_test_ksm(folio))
    entry->kind = 'k';
  else if (folio_test_anon(folio))
    entry->kind = 'a';
  entry->page = rec_page_number(pfn);
}

static u16 flag(bool condition, enum rec_entry_flags flag) { return condition ? flag : 0; }

static bool shows_soft_dirty(void) { return rec_watch.flags & REC_WATCH_SOFT_DIRTY; }

// What stands in a non-present entry that the kernel shapes like a place in swap.
static void decode_swap(struct rec_entry* entry, unsigned int type, unsigned long pfn) {
  bool writable = false;

  switch (type) {
    case SWP_MIGRATION_WRITE:
      writable = true;
      fallthrough;
    case SWP_MIGRATION_READ:
    case SWP_MIGRATION_READ_EXCLUSIVE:
      entry->state = REC_MIGRATION;
      break;
#ifdef CONFIG_DEVICE_PRIVATE
    case SWP_DEVICE_WRITE:
      writable = true;
      fallthrough;
    case SWP_DEVICE_READ:
      entry->state = REC_DEVICE_PRIVATE;
      break;
    case SWP_DEVICE_EXCLUSIVE:
      entry->state = REC_DEVICE_EXCLUSIVE;
      break;
#endif
    case SWP_PTE_MARKER:
      entry->state = REC_MARKER;
      return;
    case SWP_HWPOISON:
      entry->state = REC_POISONED;
      return;
    default:
      entry->state = REC_SWAP;
      return;
  }
  entry->flags = flag(writable, REC_WRITABLE);
  name_page(entry, pfn);
}

static void decode_pte(struct rec_entry* entry, pte_t pte) {
  swp_entry_t swap;

  if (pte_none(pte)) {
    entry->state = REC_EMPTY;
    return;
  }
  if (!pte_present(pte)) {
    swap = __pte_to_swp_entry(pte);
    decode_swap(entry, __swp_type(swap), __swp_offset(swap) & SWP_PFN_MASK);
    if (entry->state == REC_SWAP && pte_swp_exclusive(pte)) entry->state = REC_SWAP_EXCLUSIVE;
    return;
  }
  entry->state = REC_PAGE;
  entry->flags = flag(pte_write(pte), REC_WRITABLE) | flag(pte_young(pte), REC_YOUNG) |
                 flag(pte_dirty(pte), REC_DIRTY) | flag(pte_protnone(pte), REC_PROT_NONE) |
                 flag(pte_flags(pte) & _PAGE_UFFD, REC_UFFD_WP) |
                 flag(shows_soft_dirty() && !pte_soft_dirty(pte), REC_SOFT_CLEAN);
  name_page(entry, pte_pfn(pte));
}

static void decode_pmd(struct rec_entry* entry, pmd_t pmd, unsigned long address) {
  const unsigned long offset = (address & ~PMD_MASK) >> PAGE_SHIFT;
  const unsigned long bits = pmd_flags(pmd);
  swp_entry_t swap;

  if (!pmd_present(pmd)) {
    swap = __pmd_to_swp_entry(pmd);
    decode_swap(entry, __swp_type(swap), (__swp_offset(swap) & SWP_PFN_MASK) + offset);
    if (entry->state == REC_MIGRATION) entry->state = REC_HUGE_MIGRATION;
    return;
  }
  entry->state = rec_watch.flags & REC_WATCH_HUGETLB ? REC_HUGETLB : REC_HUGE;
  entry->flags = flag(pmd_write(pmd), REC_WRITABLE) | flag(pmd_young(pmd), REC_YOUNG) |
                 flag(pmd_dirty(pmd), REC_DIRTY) | flag(pmd_protnone(pmd), REC_PROT_NONE) |
                 flag(!(bits & (_PAGE_PRESENT | _PAGE_PROTNONE)), REC_INVALID) |
                 flag(bits & _PAGE_UFFD, REC_UFFD_WP) |
                 flag(shows_soft_dirty() && !pmd_soft_dirty(pmd), REC_SOFT_CLEAN);
  name_page(entry, pmd_pfn(pmd) + offset);
}

static void sample_one(struct mm_struct* mm, unsigned long address, struct rec_entry* entry) {
  pgd_t* pgd = pgd_offset(mm, address);
  p4d_t* p4d;
  pud_t* pud;
  pmd_t *pmd, value;

  entry->state = REC_NO_TABLE;
  entry->page = -1;
  if (pgd_none(*pgd)) return;
  p4d = p4d_offset(pgd, address);
  if (p4d_none(*p4d)) return;
  pud = pud_offset(p4d, address);
  if (pud_none(*pud)) return;
  pmd = pmd_offset(pud, address);
  value = READ_ONCE(*pmd);
  if (pmd_none(value)) return;
  if (!pmd_present(value) || (pmd_flags(value) & _PAGE_PSE))
    decode_pmd(entry, value, address);
  else
    decode_pte(entry, READ_ONCE(*pte_offset_kernel(&value, address)));
}

// Page tables are freed only after other processors have let go of them, which they do not before
// they take interrupts again.
void rec_sample(struct mm_struct* mm, struct rec_entry* window) {
  unsigned long flags;
  u32 i;

  memset(window, 0, REC_WINDOW * sizeof(*window));
  local_irq_save(flags);
  for (i = 0; i < rec_window_count(); ++i) sample_one(mm, window_address(i), &window[i]);
  local_irq_restore(flags);
}
