// SPDX-License-Identifier: GPL-2.0-only
// What a driver does with a device: moves pages to other memory and back, and takes pages for
// itself. Where the kernel has device-private memory, there is some, and it keeps what was written.
#include <linux/highmem.h>
#include <linux/memremap.h>
#include <linux/migrate.h>
#include <linux/pagemap.h>
#include <linux/rmap.h>
#include <linux/vmalloc.h>

#include "recorder.h"

static int owner;  // Its address is what counts.

void* rec_owner(void) { return &owner; }

#if defined(CONFIG_DEVICE_PRIVATE) && REC_SINCE_7_3
#define DEVICE_PAGES 256

static struct dev_pagemap device_map;
static DECLARE_BITMAP(device_used, DEVICE_PAGES);
static char* device_contents;
static bool device_present;

static unsigned long device_index(const struct page* page) {
  return page_to_pfn(page) - (device_map.range.start >> PAGE_SHIFT);
}

static void on_device_page_free(struct folio* folio) {
  rec_page_freed(folio_pfn(folio), 0);
  clear_bit(device_index(&folio->page), device_used);
}

static struct page* new_device_page(struct page* from) {
  const unsigned long index = find_first_zero_bit(device_used, DEVICE_PAGES);
  struct page* page;

  if (index >= DEVICE_PAGES) return NULL;
  set_bit(index, device_used);
  page = pfn_to_page((device_map.range.start >> PAGE_SHIFT) + index);
  zone_device_page_init(page, &device_map, 0);
  if (from)
    memcpy_from_page(device_contents + index * PAGE_SIZE, from, 0, PAGE_SIZE);
  else
    memset(device_contents + index * PAGE_SIZE, 0, PAGE_SIZE);
  return page;
}

static void copy_contents(struct page* to, struct page* from) {
  if (is_device_private_page(from))
    memcpy_to_page(to, 0, device_contents + device_index(from) * PAGE_SIZE, PAGE_SIZE);
  else
    copy_highpage(to, from);
}
#else
static struct page* new_device_page(struct page* from) { return NULL; }

static void copy_contents(struct page* to, struct page* from) { copy_highpage(to, from); }
#endif

static struct page* new_ordinary_page(struct page* from) {
  struct page* page = alloc_page(GFP_HIGHUSER_MOVABLE | __GFP_ZERO);

  if (!page) return NULL;
  lock_page(page);
  if (from) copy_contents(page, from);
  return page;
}

// Gives each page that may move a page to move to.
static void find_destinations(const struct migrate_vma* move, bool to_device) {
  struct page *from, *to;
  unsigned long i;

  for (i = 0; i < move->npages; ++i) {
    move->dst[i] = 0;
    if (!(move->src[i] & MIGRATE_PFN_MIGRATE)) continue;
    from = migrate_pfn_to_page(move->src[i]);
    to = to_device ? new_device_page(from) : new_ordinary_page(from);
    if (to) move->dst[i] = migrate_pfn(page_to_pfn(to));
  }
}

static int move_range(struct migrate_vma* move, bool to_device) {
  const int error = migrate_vma_setup(move);

  if (error) return error;
  find_destinations(move, to_device);
  migrate_vma_pages(move);
  migrate_vma_finalize(move);
  return 0;
}

static void report_moved(struct rec_migrate* what, const unsigned long* src, u32 count) {
  u32 i;

  what->migrated = 0;
  for (i = 0; i < count; ++i) {
    const bool moved = !what->result && (src[i] & MIGRATE_PFN_MIGRATE);

    what->pages[i] = moved ? 'M' : '-';
    what->migrated += moved;
  }
}

int rec_migrate(struct rec_migrate* what) {
  const u32 count = (what->last - what->first) >> PAGE_SHIFT;
  unsigned long src[REC_RANGE_PAGES] = {}, dst[REC_RANGE_PAGES] = {};
  struct migrate_vma move = {.src = src,
                             .dst = dst,
                             .start = what->first,
                             .end = what->last,
                             .flags = MIGRATE_VMA_SELECT_SYSTEM};

  if (count > REC_RANGE_PAGES) return -EINVAL;
  if (what->flags & REC_MIGRATE_OWNER) move.pgmap_owner = rec_owner();
  if (what->flags & REC_MIGRATE_BACK) move.flags = MIGRATE_VMA_SELECT_DEVICE_PRIVATE;
  mmap_read_lock(current->mm);
  move.vma = find_vma(current->mm, what->first);
  what->result = move.vma ? move_range(&move, what->flags & REC_MIGRATE_TO_DEVICE) : -EFAULT;
  mmap_read_unlock(current->mm);
  report_moved(what, src, count);
  return 0;
}

#if defined(CONFIG_DEVICE_PRIVATE) && REC_SINCE_7_3
static vm_fault_t on_migrate_to_ram(struct vm_fault* fault) {
  unsigned long src = 0, dst = 0;
  struct rec_event event = {.kind = REC_MIGRATE_TO_RAM,
                            .flags = REC_HAS_RANGE,
                            .first = fault->address & PAGE_MASK,
                            .last = (fault->address & PAGE_MASK) + PAGE_SIZE};
  struct migrate_vma move = {.vma = fault->vma,
                             .src = &src,
                             .dst = &dst,
                             .start = event.first,
                             .end = event.last,
                             .pgmap_owner = rec_owner(),
                             .flags = MIGRATE_VMA_SELECT_DEVICE_PRIVATE,
                             .fault_page = fault->page};

  rec_log_page(&event, page_to_pfn(fault->page));
  if (move_range(&move, false) || !(src & MIGRATE_PFN_MIGRATE)) return VM_FAULT_SIGBUS;
  return 0;
}

static const struct dev_pagemap_ops device_ops = {.folio_free = on_device_page_free,
                                                  .migrate_to_ram = on_migrate_to_ram};

int rec_exclusive(struct rec_exclusive* what) {
  struct folio* folio;
  struct page* page;
  u64 address;

  what->pages = 0;
  what->result = 0;
  mmap_read_lock(current->mm);
  for (address = what->first; address < what->last; address += PAGE_SIZE) {
    page = make_device_exclusive(current->mm, address, what->owner ? rec_owner() : NULL, &folio);
    if (IS_ERR(page)) {
      what->result = PTR_ERR(page);
      continue;
    }
    what->pages++;
    folio_unlock(folio);
    folio_put(folio);
  }
  mmap_read_unlock(current->mm);
  return 0;
}

int rec_device_init(void) {
  struct resource* place;

  device_contents = vzalloc(DEVICE_PAGES * PAGE_SIZE);
  if (!device_contents) return -ENOMEM;
  place = request_free_mem_region(&iomem_resource, DEVICE_PAGES * PAGE_SIZE, "recorder");
  if (IS_ERR(place)) return 0;
  device_map.type = MEMORY_DEVICE_PRIVATE;
  device_map.range.start = place->start;
  device_map.range.end = place->end;
  device_map.nr_range = 1;
  device_map.ops = &device_ops;
  device_map.owner = rec_owner();
  device_present = !IS_ERR(memremap_pages(&device_map, 0));
  if (!device_present) release_mem_region(place->start, resource_size(place));
  return 0;
}

void rec_device_exit(void) {
  if (device_present) {
    memunmap_pages(&device_map);
    release_mem_region(device_map.range.start, range_len(&device_map.range));
  }
  vfree(device_contents);
}
#else
int rec_exclusive(struct rec_exclusive* what) { return -EOPNOTSUPP; }

int rec_device_init(void) { return 0; }

void rec_device_exit(void) {}
#endif
