// SPDX-License-Identifier: Apache-2.0
#include "model/flow/paging.hpp"

#include "model/flow/pmd_sharing.hpp"
#include "sim/check.hpp"

namespace model {
namespace {

Pte entry_of(FrameId frame, PteBits bits) {
  Pte entry{.target = frame.value, .kind = Pte::Kind::present};
  entry.write = bits.write;
  entry.dirty = bits.dirty;
  entry.young = bits.young;
  entry.exclusive = bits.exclusive;
  entry.uffd_wp = bits.uffd_wp;
  return entry;
}

// Page tables have no reference of the zero page, nor of a driver's own pages.
bool counts(const Context& c, FrameId frame) {
  return !c.machine.is_zero(frame) && !std::as_const(c.machine).frames[frame].pfnmap;
}

void count_map(Context& c, FrameId frame) {
  if (counts(c, frame)) ++c.frame(c.machine.frames.head(frame)).maps;
}

void uncount_map(Context& c, FrameId frame, const Pte& pte) {
  if (!counts(c, frame)) return;
  Frame& folio = c.frame(c.machine.frames.head(frame));
  --folio.maps;
  folio.dirty = folio.dirty || pte.dirty;
  if (pte.dirty) folio.lazy_free = false;
}

void drop_swap_entry(Context& c, MmId mm, Page page) {
  const SlotId slot = c.mm(mm).page_table.at(page).slot();
  c.mm(mm).page_table.clear(page);
  c.spend(Cost::page_cache);
  put_swap_entry(c, c.mm(mm).host, slot);
}

}  // namespace

void map_frame(Context& c, MmId mm, Page page, FrameId frame, PteBits bits) {
  c.mm(mm).page_table.set(page, entry_of(frame, bits));
  count_map(c, frame);
  c.spend(Cost::pte_change);
  c.emit({.kind = EventKind::pte_set,
          .detail = bits.write,
          .mm = mm,
          .pages = one_page(page),
          .frame = frame});
}

static_assert(FrameTable::gigantic_pages == pud_pages);

void map_huge(Context& c, MmId mm, Page first, FrameId head, PteBits bits) {
  Pte entry = entry_of(head, bits);
  entry.huge = true;
  entry.gigantic = c.frame(head).pages() == pud_pages;
  set_shared_huge(c, mm, first, entry);
  count_map(c, head);
  c.spend(Cost::pte_change);
  c.emit({.kind = EventKind::pte_set,
          .detail = bits.write,
          .mm = mm,
          .pages = entry_range(first, entry),
          .frame = head});
}

FrameId unmap_frame(Context& c, MmId mm, Page page) {
  const Pte pte = c.mm(mm).page_table.at(page);
  check(pte.present() && !pte.huge);
  const FrameId frame = pte.frame();
  c.mm(mm).page_table.clear(page);
  uncount_map(c, frame, pte);
  c.spend(Cost::pte_change);
  if (!pte.invalid) {  // Else the hardware has lost it before, and that was told.
    c.emit({.kind = EventKind::pte_cleared, .mm = mm, .pages = one_page(page), .frame = frame});
  }
  return frame;
}

FrameId unmap_huge(Context& c, MmId mm, Page first) {
  const Pte pte = c.mm(mm).page_table.at(first);
  check(pte.present() && pte.huge);
  set_shared_huge(c, mm, first, {});
  uncount_map(c, pte.frame(), pte);
  c.spend(Cost::pte_change);
  c.emit({.kind = EventKind::pte_cleared,
          .mm = mm,
          .pages = entry_range(first, pte),
          .frame = pte.frame()});
  return pte.frame();
}

Pte wp_marker(std::uint32_t pages) {
  Pte marker{.kind = Pte::Kind::marker};
  marker.gigantic = pages == pud_pages;
  marker.uffd_wp = true;
  return marker;
}

Pte without_uffd_wp(Pte entry) {
  if (entry.kind == Pte::Kind::marker && entry.uffd_wp) return {};
  entry.uffd_wp = false;
  return entry;
}

FrameId drop_special(Context& c, MmId mm, Page page) {
  const Pte pte = c.mm(mm).page_table.at(page);
  c.spend(Cost::pte_change);
  switch (pte.kind) {
    case Pte::Kind::swapped:
      drop_swap_entry(c, mm, page);
      return {};
    case Pte::Kind::device_private:
    case Pte::Kind::device_exclusive:
      c.mm(mm).page_table.clear(page);
      uncount_map(c, pte.frame(), pte);
      return pte.frame();
    default:
      c.mm(mm).page_table.clear(page);
      return {};
  }
}

void protect(Context& c, MmId mm, Page page) {
  Pte pte = c.mm(mm).page_table.at(page);
  if (!pte.present() || !pte.write) return;
  pte.write = false;
  set_bits(c, mm, page, pte);
  c.emit({.kind = EventKind::pte_protected,
          .mm = mm,
          .pages = entry_range(page, pte),
          .frame = pte.frame()});
}

void set_bits(Context& c, MmId mm, Page page, Pte entry) {
  c.spend(Cost::pte_change);
  PageTable& table = c.mm(mm).page_table;
  if (!entry.huge) return table.set(page, entry);
  const Page first = entry_range(page, entry).first;
  entry.target -= page.value - first.value;
  set_shared_huge(c, mm, first, entry);
}

void free_unmapped(Context& c, FrameId id) {
  if (c.machine.is_zero(id)) return;
  const Frame& frame = c.frame(id);
  // The caller's reference and the cache's are all there are.
  if (frame.slot.some() && frame.maps == 0 && frame.references == 2 && !frame.locked_by.some() &&
      only_cached(c.machine, id)) {
    remove_from_swap_cache(c, id);
  }
  if (frame.references == 1) c.spend(Cost::page_alloc);
  c.put(id);
}

void add_to_swap_cache(Context& c, FrameId frame, SlotId slot) {
  c.get(frame);
  c.spend(Cost::page_cache);
  c.frame(frame).slot = slot;
  SwapDevice& swap = c.host(c.frame(frame).host).swap;
  for (std::uint32_t i = 0; i < c.frame(frame).pages(); ++i) {
    swap[SlotId{slot.value + i}].cached = FrameId{frame.value + i};
  }
}

void await_swap(Context& c, FrameId frame, SlotId slot) {
  ++c.host(c.frame(frame).host).swap[slot].users;
  add_to_swap_cache(c, frame, slot);
  c.lock_folio(frame);
}

std::optional<FrameId> read_into_swap_cache(Context& c, HostId host, SlotId slot) {
  const std::optional<FrameId> frame = c.allocate(host);
  if (frame) await_swap(c, *frame, slot);
  return frame;
}

bool only_cached(const Machine& machine, FrameId head) {
  const Frame& folio = machine.frames[head];
  const SwapDevice& swap = machine.hosts[folio.host.index()].swap;
  for (std::uint32_t i = 0; i < folio.pages(); ++i) {
    if (swap[SlotId{folio.slot.value + i}].users != 1) return false;
  }
  return true;
}

void remove_from_swap_cache(Context& c, FrameId id) {
  Frame& frame = c.frame(id);
  c.spend(Cost::page_cache);
  SwapDevice& swap = c.host(frame.host).swap;
  for (std::uint32_t i = 0; i < frame.pages(); ++i) {
    const SlotId slot{frame.slot.value + i};
    swap[slot].cached = FrameId{};
    swap.put(slot);
  }
  frame.slot = SlotId{};
  c.put(id);
}

void put_swap_entry(Context& c, HostId host, SlotId slot) {
  SwapDevice& swap = c.host(host).swap;
  const FrameId cached = swap[slot].cached;
  swap.put(slot);
  if (!cached.some()) return;
  const FrameId head = c.machine.frames.head(cached);
  if (only_cached(c.machine, head) && c.frame(head).maps == 0 && !c.frame(head).locked_by.some()) {
    remove_from_swap_cache(c, head);
  }
}

void add_to_page_cache(Context& c, MappingId file, std::uint32_t index, FrameId head) {
  Frame& folio = c.frame(head);
  folio.mapping = file;
  folio.index = index;
  for (std::uint32_t i = 0; i < folio.cache_references(); ++i) c.get(head);
  c.spend(Cost::page_cache);
  c.mapping(file).set_cached(index, {.target = head.value,
                                     .kind = Pte::Kind::present,
                                     .huge = folio.pages() > 1 && !folio.hugetlb});
}

void put_cached(Context& c, FrameId head) {
  const std::uint32_t references = c.frame(head).cache_references();
  for (std::uint32_t i = 0; i < references; ++i) c.put(head);
}

void swap_into_page_cache(Context& c, MappingId file, std::uint32_t index, FrameId id) {
  Frame& frame = c.frame(id);
  c.get(id);
  c.mapping(file).set_cached(index, {.target = id.value, .kind = Pte::Kind::present});
  frame.mapping = file;
  frame.index = index;
  c.host(frame.host).swap.put(frame.slot);
  frame.dirty = true;
  remove_from_swap_cache(c, id);
  lru_add(c, id);
}

void lru_add(Context& c, FrameId id) {
  Frame& frame = c.frame(id);
  if (frame.listed) return;
  frame.listed = true;
  c.spend(Cost::lru);
  c.host(frame.host).lru.push_back(id);
  c.changed(Wait::Kind::pressure, frame.host.value);
  const std::uint32_t batch = c.setup.hosts[frame.host.index()].lru_batch;
  if (batch == 0 || !c.machine.running || !c.self.some() || !c.task().cpu.some()) return;
  c.get(id);
  auto& held = c.machine.cpus[c.task().cpu.index()].lru_batch;
  held.push_back(id);
  if (held.size() >= batch || frame.pages() > 1) drain_lru(c);
}

namespace {

void drain_cpu(Context& c, std::size_t cpu) {
  if (std::as_const(c.machine).cpus[cpu].lru_batch.empty()) return;
  const auto held = c.machine.cpus[cpu].lru_batch;
  c.machine.cpus[cpu].lru_batch.clear();
  for (const FrameId frame : held) free_unmapped(c, frame);
}

}  // namespace

void drain_lru(Context& c) {
  if (c.task().cpu.some()) drain_cpu(c, c.task().cpu.index());
}

void drain_all_lru(Context& c, HostId host) {
  for (std::size_t cpu = 0; cpu < c.machine.cpus.size(); ++cpu) {
    if (std::as_const(c.machine).cpus[cpu].host == host) drain_cpu(c, cpu);
  }
}

void lru_remove(Context& c, FrameId id) {
  Frame& frame = c.frame(id);
  if (!frame.listed) return;
  frame.listed = false;
  c.spend(Cost::lru);
  drop_if(c.host(frame.host).lru, [id](FrameId other) { return other == id; });
  c.changed(Wait::Kind::pressure, frame.host.value);
}

void belongs(Context& c, FrameId frame, const Vma& vma, Page page) {
  c.frame(frame).mapping = vma.anon.some() ? vma.anon : vma.file;
  c.frame(frame).index = vma.index_of(page);
}

void drop_unused_memory(Context& c) {
  for (std::uint32_t i = 0; i < c.machine.mappings.size(); ++i) {
    const Mapping& unused = std::as_const(c.machine.mappings)[i];
    if (unused.file || unused.cache.empty()) continue;
    const bool used =
        std::ranges::any_of(std::as_const(c.machine.spaces), [i](const AddressSpace& space) {
          const auto names = [i](const Vma& vma) { return vma.file == MappingId{i}; };
          return std::ranges::any_of(space.vmas, names) ||
                 std::ranges::any_of(space.detached, names);
        });
    if (used) continue;
    const auto cache = unused.cache;
    c.mapping(MappingId{i}).cache.clear();
    for (const auto& [index, entry] : cache) {
      c.spend(Cost::page_cache);
      if (entry.present()) {
        c.spend(Cost::page_alloc);
        c.frame(entry.frame()).mapping = MappingId{};
        put_cached(c, entry.frame());
      } else {
        put_swap_entry(c, unused.host, entry.slot());
      }
    }
  }
}

PageRange part_at(const Machine& machine, FrameId head, RmapPlace place) {
  const Frame& folio = machine.frames[head];
  const Vma* vma = machine.spaces[place.mm.index()].find_vma(place.page);
  if (folio.pages() == 1) return one_page(place.page);
  if (vma == nullptr || !vma->belongs_to(folio.mapping)) return {.first = place.page, .count = 0};
  const std::uint32_t skipped = vma->index_of(place.page) - folio.index;
  const PageRange rest{.first = place.page, .count = folio.pages() - skipped};
  return rest.intersect(vma->pages);
}

FrameId page_of(const Machine& machine, FrameId head, MmId mm, Page page) {
  const Vma* vma = machine.spaces[mm.index()].find_vma(page);
  if (vma == nullptr || machine.frames[head].pages() == 1) return head;
  return FrameId{head.value + (vma->index_of(page) - machine.frames[head].index)};
}

bool is_anonymous(const Machine& machine, FrameId id) {
  const Frame& frame = machine.frames[machine.frames.head(id)];
  return frame.mapping.some() && machine.mappings[frame.mapping.index()].anonymous();
}

bool is_file(const Machine& machine, FrameId id) {
  const Frame& frame = machine.frames[machine.frames.head(id)];
  return frame.mapping.some() && !machine.mappings[frame.mapping.index()].anonymous();
}

}  // namespace model
