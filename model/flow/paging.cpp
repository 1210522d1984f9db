// SPDX-License-Identifier: Apache-2.0
#include "model/flow/paging.hpp"

#include "sim/check.hpp"

namespace model {

void map_frame(Context& c, MmId mm, Page page, FrameId frame, PteBits bits) {
  c.mm(mm).page_table.set(page, {.target = frame.value,
                                 .kind = Pte::Kind::present,
                                 .write = bits.write,
                                 .young = true,
                                 .dirty = bits.dirty});
  if (!c.machine.is_zero(frame)) ++c.frame(frame).maps;
  c.spend(Cost::pte_change);
  c.emit({.kind = EventKind::pte_set,
          .detail = bits.write,
          .mm = mm,
          .pages = one_page(page),
          .frame = frame});
}

FrameId unmap_frame(Context& c, MmId mm, Page page) {
  const Pte pte = c.mm(mm).page_table.at(page);
  check(pte.present());
  const FrameId frame = pte.frame();
  c.mm(mm).page_table.clear(page);
  if (!c.machine.is_zero(frame)) {
    --c.frame(frame).maps;
    c.frame(frame).dirty |= pte.dirty;
  }
  c.spend(Cost::pte_change);
  c.emit({.kind = EventKind::pte_cleared, .mm = mm, .pages = one_page(page), .frame = frame});
  return frame;
}

void drop_swap_entry(Context& c, MmId mm, Page page) {
  const SlotId slot = c.mm(mm).page_table.at(page).slot();
  c.mm(mm).page_table.clear(page);
  SwapDevice& swap = c.host(c.mm(mm).host).swap;
  const FrameId cached = swap[slot].cached;
  swap.put(slot);
  if (cached.some() && swap[slot].users == 1 && c.frame(cached).maps == 0 &&
      !c.frame(cached).locked_by.some()) {
    remove_from_swap_cache(c, cached);
  }
}

void protect(Context& c, MmId mm, Page page) {
  Pte pte = c.mm(mm).page_table.at(page);
  if (!pte.present() || !pte.write) return;
  pte.write = false;
  c.mm(mm).page_table.set(page, pte);
  c.spend(Cost::pte_change);
  c.emit(
      {.kind = EventKind::pte_protected, .mm = mm, .pages = one_page(page), .frame = pte.frame()});
}

void free_unmapped(Context& c, FrameId id) {
  if (c.machine.is_zero(id)) return;
  const Frame& frame = c.frame(id);
  // The caller's reference and the cache's are all there are.
  if (frame.slot.some() && frame.maps == 0 && frame.references == 2 && !frame.locked_by.some() &&
      c.host(frame.host).swap[frame.slot].users == 1) {
    remove_from_swap_cache(c, id);
  }
  c.put(id);
}

void add_to_swap_cache(Context& c, FrameId frame, SlotId slot) {
  c.get(frame);
  c.frame(frame).slot = slot;
  c.host(c.frame(frame).host).swap[slot].cached = frame;
}

void remove_from_swap_cache(Context& c, FrameId id) {
  Frame& frame = c.frame(id);
  SwapDevice& swap = c.host(frame.host).swap;
  swap[frame.slot].cached = FrameId{};
  swap.put(frame.slot);
  frame.slot = SlotId{};
  c.put(id);
}

void lru_add(Context& c, FrameId id) {
  Frame& frame = c.frame(id);
  if (frame.listed) return;
  frame.listed = true;
  c.host(frame.host).lru.push_back(id);
  c.changed(Wait::Kind::pressure, frame.host.value);
}

void lru_remove(Context& c, FrameId id) {
  Frame& frame = c.frame(id);
  if (!frame.listed) return;
  frame.listed = false;
  drop_if(c.host(frame.host).lru, [id](FrameId other) { return other == id; });
  c.changed(Wait::Kind::pressure, frame.host.value);
}

}  // namespace model
