// SPDX-License-Identifier: Apache-2.0
// Attachments: how they come, how pages are taken from them, and how they go.
#include "model/flow/all.hpp"
#include "model/flow/paging.hpp"

namespace model {
namespace {

using Put = XpmemModulePolicy::Put;

XpmemAttachment& change(Context& c, std::uint32_t attachment) {
  return change_module(c).attachments[attachment];
}

MmId owner_of(const Context& c, std::uint32_t attachment) {
  const Xpmem& module = module_of(c);
  return module.segment_of(module.attachments[attachment]).owner;
}

// The user's pages whose entries XPMEM has set.
Small<Page, 4> mapped_in(const Context& c, std::uint32_t attachment, PageRange pages) {
  Small<Page, 4> found;
  const MmId user = module_of(c).attachments[attachment].user;
  std::as_const(c.machine).spaces[user.index()].page_table.for_each(pages,
                                                                    [&](Page page, const Pte& pte) {
                                                                      if (pte.special)
                                                                        found.push_back(page);
                                                                    });
  return found;
}

void tell_cleared(Context& c, std::uint32_t attachment, PageRange pages) {
  const XpmemAttachment& use = module_of(c).attachments[attachment];
  c.emit({.kind = EventKind::pfn_cleared,
          .mm = owner_of(c, attachment),
          .pages = {.first = use.source_of(pages.first), .count = pages.count},
          .mr = use.mr});
}

}  // namespace

void unpin_pages(Context& c, std::uint32_t attachment, PageRange pages) {
  for (const Page page : mapped_in(c, attachment, pages)) {
    const XpmemAttachment& use = module_of(c).attachments[attachment];
    const FrameId frame =
        std::as_const(c.machine).spaces[use.user.index()].page_table.at(page).frame();
    const std::uint32_t offset = use.offset_of(page);
    if (c.machine.is_zero(frame)) continue;
    if (use.put.contains(offset)) {
      c.emit({.kind = EventKind::dropped_twice, .frame = frame});
      continue;
    }
    change(c, attachment).put.add(offset);
    free_unmapped(c, frame);
  }
}

void mark_attached_dirty(Context& c, std::uint32_t attachment, PageRange pages) {
  const XpmemAttachment& use = module_of(c).attachments[attachment];
  const PageRange sources{.first = use.source_of(pages.first), .count = pages.count};
  std::as_const(c.machine).registrations[use.mr.index()].table.for_each(
      sources, [&](Page, const PfnEntry& entry) {
        Frame& frame = c.frame(c.machine.frames.head(entry.frame));
        if (entry.write && frame.generation == entry.generation) frame.dirty = true;
      });
}

FrameId clear_special(Context& c, MmId mm, Page page) {
  const FrameId frame = c.mm(mm).page_table.at(page).frame();
  c.mm(mm).page_table.clear(page);
  c.spend(Cost::pte_change);
  c.emit({.kind = EventKind::pte_cleared, .mm = mm, .pages = one_page(page), .frame = frame});
  const Xpmem& module = module_of(c);
  for (std::uint32_t i = 0; i < module.attachments.size(); ++i) {
    const XpmemAttachment& use = module.attachments[i];
    if (use.user != mm || !use.pages.contains(page)) continue;
    const Page source = use.source_of(page);
    const MrId mr = use.mr;
    if (!std::as_const(c.machine).registrations[mr.index()].table.at(source).populated()) continue;
    c.registration(mr).table.clear(source);
    const std::uint32_t offset = use.offset_of(page);
    if (!use.put.contains(offset)) return c.machine.is_zero(frame) ? FrameId{} : frame;
    change(c, i).put.remove(offset, 1);
  }
  return {};
}

std::uint16_t attached_generation(const Context& c, MmId mm, Page page) {
  for (const XpmemAttachment& use : module_of(c).attachments) {
    if (use.user != mm || !use.pages.contains(page)) continue;
    const Registration& known = std::as_const(c.machine).registrations[use.mr.index()];
    const PfnEntry entry = known.table.at(use.source_of(page));
    if (entry.populated()) return entry.generation;
  }
  const Pte pte = std::as_const(c.machine).spaces[mm.index()].page_table.at(page);
  return std::as_const(c.machine).frames[pte.frame()].generation;
}

// ---- XpmemAttach

Wait XpmemAttach::guard() const {
  switch (step) {
    case Step::down_read:
      return Wait::lock(segment_lock(segment), LockMode::read);
    case Step::look:
      return Wait::lock(mmap_lock(mm), LockMode::read);
    case Step::lock:
      return write_lock_wait(mm, has_lock);
    default:
      return {};
  }
}

// xpmem_validate_access(), and that memory is not attached on top of itself. 0: none.
int XpmemAttach::refusal(Context& c) const {
  const Xpmem& module = module_of(c);
  const XpmemSegment& from = module.segments[segment];
  if (from.destroying || module.groups[from.group].destroying) return ENOENT;
  if (module.permits[permit].user != mm || !module.permits[permit].write) return EACCES;
  const PageRange wanted{.first = first, .count = place.count};
  const bool within = from.pages.first <= first && wanted.count <= from.pages.count &&
                      first.value - from.pages.first.value <= from.pages.count - wanted.count;
  if (!within) return EINVAL;
  return from.owner == mm && place.overlaps(wanted) ? EINVAL : 0;
}

void XpmemAttach::create(Context& c) {
  const MmId owner = module_of(c).segments[segment].owner;
  const MrId mr{static_cast<std::uint32_t>(c.machine.registrations.size())};
  c.machine.registrations.push_back({.mm = owner,
                                     .pages = {.first = first, .count = place.count},
                                     .adapter = xpmem_device(c.machine, c.machine.host_of(mm))});
  attachment = static_cast<std::uint32_t>(module_of(c).attachments.size());
  change_module(c).attachments.push_back(
      {.permit = permit, .user = mm, .pages = place, .source = first, .mr = mr, .listed = true});
}

Next XpmemAttach::run(Context& c) {
  const bool locked = xpmem_policy(c, mm).attach_locked;
  switch (step) {
    case Step::down_read: {
      c.take(segment_lock(segment), LockMode::read);
      c.spend(Cost::lock);
      if (const int error = refusal(c); error != 0) {
        c.release(segment_lock(segment));
        return c.done(Result::error(error));
      }
      step = Step::look;
      if (!locked) return Next::again;
      create(c);  // On the permit's list; and nobody can have the mutex yet.
      c.take(attachment_lock(attachment), LockMode::write);
      if (module_of(c).permits[permit].destroying) return leave(c, Result::error(ENOENT));
      return Next::again;
    }
    case Step::look:  // An attachment cannot take the place of another one.
      for (const Vma& vma : std::as_const(c.machine).spaces[mm.index()].vmas) {
        if (vma.xpmem && vma.pages.overlaps(place)) return leave(c, Result::error(EINVAL));
      }
      step = Step::lock;
      return Next::again;
    case Step::lock:  // vm_mmap() with MAP_FIXED.
      if (!lock_for_write(c, mm, has_lock)) return Next::again;
      step = Step::unmap;
      return Next::pass;
    case Step::unmap:
      step = Step::insert;
      if (c.mm(mm).covered(place) == 0) return Next::pass;
      return c.call({Unmap{.mm = mm, .pages = place}});
    case Step::insert:
      map(c);
      unlock_write(c, mm);
      return leave(c, Result::success());
  }
  return c.done();
}

void XpmemAttach::map(Context& c) {
  if (!xpmem_policy(c, mm).attach_locked) create(c);
  Vma vma{.pages = place};
  vma.shared = vma.xpmem = true;
  vma.dontfork = vma.dontdump = true;  // And VM_IO, VM_DONTEXPAND, VM_PFNMAP.
  c.mm(mm).insert(vma);
  c.spend(Cost::vma);
}

Next XpmemAttach::leave(Context& c, Result result) {
  const bool locked = xpmem_policy(c, mm).attach_locked;
  if (!result.ok() && locked) {
    XpmemAttachment& failed = change(c, attachment);
    failed.destroying = true;
    failed.listed = false;
    failed.pages = {};
    c.registration(failed.mr).live = false;
  }
  if (locked) c.release(attachment_lock(attachment));
  c.release(segment_lock(segment));
  return c.done(result);
}

// ---- XpmemClear

Wait XpmemClear::guard() const {
  switch (step) {
    case Step::lock_mmap:
      return locked || notifier ? Wait{} : Wait::lock(mmap_lock(user), LockMode::read);
    case Step::lock:
      return Wait::lock(attachment_lock(attachment), LockMode::write);
    case Step::lock_invalidate:
      return Wait::lock(invalidate_lock(attachment), LockMode::write);
    case Step::zap:
      return Wait::lock(page_table_lock(user), LockMode::write);
    default:
      return {};
  }
}

// That of zap_page_range_single(): whoever is told of the user's changes hears of it.
NotifierRange XpmemClear::bracket() const {
  return {.mm = user, .pages = part, .event = NotifierEvent::clear};
}

Next XpmemClear::run(Context& c) {
  const bool late = xpmem_policy(c, user).put == Put::after;
  switch (step) {
    case Step::lock_mmap:
      step = locked ? Step::unpin : notifier ? Step::lock_invalidate : Step::lock;
      if (locked || notifier) return Next::pass;
      c.take(mmap_lock(user), LockMode::read);
      has_mmap = true;
      return Next::again;
    case Step::lock:
      c.take(attachment_lock(attachment), LockMode::write);
      has_mutex = true;
      step = serialize ? Step::lock_invalidate : Step::unpin;
      return Next::pass;
    case Step::lock_invalidate:
      c.take(invalidate_lock(attachment), LockMode::write);
      has_invalidate = true;
      step =
          notifier && module_of(c).attachments[attachment].destroying ? Step::unlock : Step::unpin;
      return Next::pass;
    case Step::unpin:
      return unpin(c);
    case Step::start:
      step = Step::zap;
      return c.call({RangeStart{.range = bracket()}});
    case Step::zap:
      zap(c);
      step = Step::flush;
      return c.call({RangeEnd{.range = bracket()}});
    case Step::flush:
      step = Step::put;
      return c.call({flush_range(user, part)});
    case Step::put:
      if (late) {
        const Small<FrameId, 2> frames = c.collected().folios;
        c.task().collected.pop_back();
        for (const FrameId frame : frames) free_unmapped(c, frame);
      }
      step = Step::unlock;
      return Next::pass;
    case Step::unlock:
      if (has_invalidate) c.release(invalidate_lock(attachment));
      if (has_mutex) c.release(attachment_lock(attachment));
      if (has_mmap) c.release(mmap_lock(user));
      return c.give();
  }
  return c.done();
}

// As it is in reality, a page goes before its entry does.
Next XpmemClear::unpin(Context& c) {
  const XpmemAttachment& use = module_of(c).attachments[attachment];
  const PageRange owned = use.sources().intersect(range);
  step = Step::unlock;
  if (!use.valid || owned.count == 0) return Next::pass;
  part = {.first = use.page_of(owned.first), .count = owned.count};
  const XpmemModulePolicy& policy = xpmem_policy(c, user);
  if (policy.put == Put::before) {
    if (policy.mark_dirty) mark_attached_dirty(c, attachment, part);
    unpin_pages(c, attachment, part);
  }
  step = Step::start;
  return Next::pass;
}

// zap_vma_ptes(). An entry that came after unpin() goes as well, and its reference is nobody's.
void XpmemClear::zap(Context& c) {
  const XpmemModulePolicy& policy = xpmem_policy(c, user);
  const bool late = policy.put == Put::after;
  if (late) {
    if (policy.mark_dirty) mark_attached_dirty(c, attachment, part);
    c.task().collected.emplace_back();
  }
  for (const Page page : mapped_in(c, attachment, part)) {
    const FrameId frame = clear_special(c, user, page);
    if (late && frame.some()) c.collected().folios.push_back(frame);
  }
  tell_cleared(c, attachment, part);
  const PageRange whole = module_of(c).attachments[attachment].pages;
  if (part == whole) change(c, attachment).valid = false;
}

// ---- XpmemWalk

Next XpmemWalk::run(Context& c) {
  switch (step) {
    case Step::vma:
      return vma(c);
    case Step::next:
      return next(c);
  }
  return c.done();
}

// xpmem_invalidate_range(): mapping by mapping, but not what is attached itself. What is unmapped
// has none any more.
Next XpmemWalk::vma(Context& c) {
  const AddressSpace& space = std::as_const(c.machine).spaces[owner.index()];
  cursor = 0;
  step = Step::next;
  if (alone || !notifier || space.covered(range) == 0) {
    part = range;
    range = {};
    alone = true;
    return Next::pass;
  }
  const Vma* vma = range.count == 0 ? nullptr : space.vma_from(range.first);
  part = vma == nullptr ? PageRange{} : vma->pages.intersect(range);
  if (part.count == 0) return c.give();
  range = {.first = part.end(), .count = range.end().value - part.end().value};
  if (vma->xpmem) step = Step::vma;
  if (range.count > 0 && space.covered(range) == 0) range = {};  // A hole at the end.
  return Next::pass;
}

Next XpmemWalk::next(Context& c) {
  const Xpmem& module = module_of(c);
  for (; cursor < module.attachments.size(); ++cursor) {
    const XpmemAttachment& use = module.attachments[cursor];
    const std::uint32_t number = module.permits[use.permit].segment;
    const XpmemSegment& from = module.segments[number];
    const bool ours =
        segment == all_segments ? from.owner == owner && !from.destroying : segment == number;
    if (!ours || !use.listed || !use.valid || !use.sources().overlaps(part)) continue;
    const XpmemModulePolicy& policy = xpmem_policy(c, owner);
    const bool own = notifier && !policy.end_locks;
    return c.call({XpmemClear{.notifier = own,
                              .serialize = policy.serialize,
                              .user = use.user,
                              .attachment = cursor++,
                              .range = part}});
  }
  if (range.count == 0) return c.give();
  step = Step::vma;
  return Next::pass;
}

// ---- XpmemDetach

Wait XpmemDetach::guard() const {
  switch (step) {
    case Step::lock_mmap:
      return Wait::lock(mmap_lock(mm), LockMode::write);
    case Step::lock:
      return Wait::lock(attachment_lock(attachment), LockMode::write);
    case Step::lock_invalidate:
      return Wait::lock(invalidate_lock(attachment), LockMode::write);
    default:
      return {};
  }
}

Next XpmemDetach::run(Context& c) {
  switch (step) {
    case Step::lock_mmap:
      return lock_mmap(c);
    case Step::lock:
      c.take(attachment_lock(attachment), LockMode::write);
      step = Step::lock_invalidate;
      return Next::again;
    case Step::lock_invalidate:
      return lock_invalidate(c);
    case Step::unpin:
      return unpin(c);
    case Step::unlock:
      return unlock(c);
    case Step::unmapped:
      step = Step::over;
      return c.call({Munmap{.mm = mm, .pages = vma}});
    case Step::over:
      return c.give();
  }
  return c.done();
}

Next XpmemDetach::lock_mmap(Context& c) {
  const AddressSpace& space = std::as_const(c.machine).spaces[mm.index()];
  c.take(mmap_lock(mm), LockMode::write);
  c.spend(Cost::lock);
  step = Step::lock;
  if (!by_page) return Next::again;
  const Vma* found = space.find_vma(page);
  const auto use = module_of(c).listed_at(mm, page);
  if (found == nullptr || !found->xpmem || !use) {
    c.release(mmap_lock(mm));
    return c.done(found == nullptr ? Result::success() : Result::error(EINVAL));
  }
  attachment = *use;
  return Next::again;
}

Next XpmemDetach::lock_invalidate(Context& c) {
  if (module_of(c).attachments[attachment].destroying) {
    c.release(attachment_lock(attachment));
    c.release(mmap_lock(mm));
    return c.done();
  }
  change(c, attachment).destroying = true;
  vma = module_of(c).attachments[attachment].pages;
  step = Step::unpin;
  return Next::pass;
}

Next XpmemDetach::unpin(Context& c) {
  const XpmemModulePolicy& policy = xpmem_policy(c, mm);
  step = Step::unlock;
  if (policy.put == Put::after) {
    return c.call({XpmemClear{.locked = true,
                              .user = mm,
                              .attachment = attachment,
                              .range = module_of(c).attachments[attachment].sources()}});
  }
  if (policy.mark_dirty) mark_attached_dirty(c, attachment, vma);
  unpin_pages(c, attachment, vma);
  return Next::pass;
}

Next XpmemDetach::unlock(Context& c) {
  XpmemAttachment& use = change(c, attachment);
  use.listed = use.valid = false;
  c.registration(use.mr).live = false;
  c.release(attachment_lock(attachment));
  c.release(mmap_lock(mm));
  step = exits ? Step::over : Step::unmapped;
  return Next::again;
}

// ---- What munmap() does to them.

std::optional<std::uint32_t> to_close(const Machine& machine, MmId mm, PageRange pages) {
  if (machine.xpmem.empty()) return std::nullopt;
  const auto& all = machine.xpmem[0].attachments;
  for (std::uint32_t i = 0; i < all.size(); ++i) {
    const XpmemAttachment& use = all[i];
    if (use.user == mm && use.listed && !use.destroying && use.pages.overlaps(pages)) return i;
  }
  return std::nullopt;
}

// The references of what was mapped are dropped by nobody, and the process dies. Of an attachment
// that is cut, one part stays; what is cut off behind it is forgotten.
void close_attachment(Context& c, std::uint32_t attachment, PageRange pages) {
  XpmemAttachment& use = change(c, attachment);
  const PageRange part = use.pages.intersect(pages);
  const PageRange before{.first = use.pages.first,
                         .count = part.first.value - use.pages.first.value};
  const PageRange behind{.first = part.end(), .count = use.pages.end().value - part.end().value};
  const PageRange left = before.count > 0 ? before : behind;
  if (!c.mm(use.user).ends.some()) c.mm(use.user).ends = c.self;  // force_sig(SIGKILL)
  if (left.count == 0) {
    use.destroying = true;
    use.listed = use.valid = false;
    c.registration(use.mr).live = false;
    return;
  }
  const Page source = use.source_of(left.first);
  for (std::uint32_t i = 0; i < use.pages.count; ++i) {
    if (left.contains(use.pages.at(i))) continue;
    c.registration(use.mr).table.clear(use.source_of(use.pages.at(i)));
  }
  use.put = {};
  use.pages = left;
  use.source = source;
}

}  // namespace model
