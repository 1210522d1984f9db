// SPDX-License-Identifier: Apache-2.0
// A program touches attached memory that is not mapped yet.
#include "model/flow/all.hpp"
#include "model/flow/paging.hpp"

namespace model {

Wait XpmemFault::guard() const {
  switch (step) {
    case Step::block_recall:
      return {.kind = Wait::Kind::unrecalled, .index = group};
    case Step::down_read:
      return Wait::lock(segment_lock(segment), LockMode::read);
    case Step::relock:
    case Step::relocked:
      return Wait::lock(mmap_lock(mm), LockMode::read);
    case Step::lock_owner:
      return mm < owner || yields ? Wait::lock(mmap_lock(owner), LockMode::read) : Wait{};
    case Step::lock:
      return Wait::lock(attachment_lock(attachment), LockMode::write);
    case Step::lock_invalidate:
      return Wait::lock(invalidate_lock(attachment), LockMode::write);
    case Step::insert:
      return Wait::lock(page_table_lock(mm), LockMode::write);
    default:
      return {};
  }
}

Next XpmemFault::run(Context& c) {
  switch (step) {
    case Step::enter:
      return enter(c);
    case Step::block_recall:
      blocks = true;
      ++change_module(c).groups[group].blockers;
      c.changed(Wait::Kind::recallable, group);
      step = Step::down_read;
      return Next::again;
    case Step::down_read:
      return down_read(c);
    case Step::relock:
    case Step::relocked:
      c.take(mmap_lock(mm), LockMode::read);
      if (bus) return unlock(c);
      step = step == Step::relock ? Step::lock_owner : Step::lock;
      return Next::again;
    case Step::lock_owner:
      return lock_owner(c);
    case Step::lock:
      return lock(c);
    case Step::pin:
      return pin(c);
    case Step::pinned:
      return pinned(c);
    case Step::look: {  // Once more, by xpmem_vaddr_to_PFN(): what is not there now is a hole.
      const Page source = module_of(c).attachments[attachment].source_of(page);
      bus = !std::as_const(c.machine).spaces[owner.index()].page_table.at(source).present();
      if (bus) c.collected().found.clear();  // And nobody drops the references.
      step = Step::up_read;
      return Next::again;
    }
    case Step::up_read:
      return up_read(c);
    case Step::lock_invalidate:
      c.take(invalidate_lock(attachment), LockMode::write);
      step = Step::insert;
      return Next::again;
    case Step::insert:
      return insert(c);
    case Step::unlock:
      return unlock(c);
  }
  return c.done();
}

// xpmem_seg_down_read() without waiting; if that fails, with mmap_lock given up.
Next XpmemFault::enter(Context& c) {
  const Xpmem& module = module_of(c);
  const auto found = module.listed_at(mm, page);
  c.task().lookup_failed = false;
  if (!found) return c.give(Result::error(ENOMEM));  // mmap() of /dev/xpmem; or moved by mremap().
  attachment = *found;
  const XpmemPermit& permit = module.permits[module.attachments[attachment].permit];
  segment = permit.segment;
  group = module.segments[segment].group;
  owner = module.segments[segment].owner;
  c.spend(Cost::lock);
  if (permit.destroying || module.groups[permit.group].destroying) {
    bus = true;
    return unlock(c);
  }
  const bool free = module.groups[group].recalls == 0 &&
                    c.machine.lock_available(segment_lock(segment), LockMode::read);
  if (free) {
    blocks = true;
    ++change_module(c).groups[group].blockers;
    c.changed(Wait::Kind::recallable, group);
    return down_read(c);
  }
  if (!xpmem_policy(c, mm).waits_locked) {
    c.release(mmap_lock(mm));
    unlocked = true;
  }
  step = Step::block_recall;
  return Next::again;
}

Next XpmemFault::down_read(Context& c) {
  c.take(segment_lock(segment), LockMode::read);
  has_sema = true;
  const XpmemSegment& from = module_of(c).segments[segment];
  bus = from.destroying || module_of(c).groups[group].destroying;
  step = unlocked ? Step::relock : Step::lock_owner;
  if (unlocked) return Next::again;
  return bus ? unlock(c) : Next::again;
}

// The smaller address first.
Next XpmemFault::lock_owner(Context& c) {
  step = Step::lock;
  if (owner == mm) return Next::again;
  if (mm < owner || yields || c.machine.lock_available(mmap_lock(owner), LockMode::read)) {
    c.take(mmap_lock(owner), LockMode::read);
    has_owner = true;
    if (yields) step = Step::relocked;
    return Next::again;
  }
  c.release(mmap_lock(mm));
  unlocked = yields = true;
  step = Step::lock_owner;
  return Next::again;
}

Next XpmemFault::lock(Context& c) {
  c.take(attachment_lock(attachment), LockMode::write);
  has_mutex = true;
  const Xpmem& module = module_of(c);
  const XpmemAttachment& use = module.attachments[attachment];
  const Vma* vma = std::as_const(c.machine).spaces[mm.index()].find_vma(page);
  const bool moved = vma == nullptr || !vma->xpmem || module.listed_at(mm, page) != attachment;
  const bool over = use.destroying || module.groups[module.permits[use.permit].group].destroying ||
                    module.groups[group].destroying;
  if ((unlocked && moved) || over) {
    bus = true;
    return unlock(c);
  }
  const MrId notifier = module.groups[group].mr;
  const XpmemModulePolicy& policy = xpmem_policy(c, mm);
  serialize = policy.serialize;
  sequence = std::as_const(c.machine).registrations[notifier.index()].invalidate_seq;
  again = policy.recheck && c.machine.in_progress(notifier);
  if (again) return unlock(c);
  c.task().collected.emplace_back();
  next = page;
  step = Step::pin;
  return Next::pass;
}

// Whether `next` can be got at all: xpmem_ensure_valid_PFN() and xpmem_pin_pages().
bool XpmemFault::may_pin(Context& c) {
  const Xpmem& module = module_of(c);
  const Page source = module.attachments[attachment].source_of(next);
  const Vma* vma = std::as_const(c.machine).spaces[owner.index()].find_vma(source);
  return !module.segments[segment].destroying && vma != nullptr && !vma->xpmem;
}

Next XpmemFault::pin(Context& c) {
  if (!may_pin(c)) {
    c.task().result = Result::error(ENOENT);
    step = Step::pinned;
    return Next::pass;
  }
  const XpmemAttachment& use = module_of(c).attachments[attachment];
  const Page source = use.source_of(next);
  const Vma* vma = std::as_const(c.machine).spaces[owner.index()].find_vma(source);
  step = Step::pinned;
  return c.call({GetPage{.step = GetPage::Step::walk,
                         .mode = GetPage::Mode::hold,
                         .write = vma->write,
                         .held = true,
                         .mm = owner,
                         .page = source,
                         .mr = use.mr}});
}

// The next page that is mapped with it: behind it as far as they can be had, then before it. Within
// its attachment and the owner's VMA; what is mapped already is passed over.
bool XpmemFault::more(Context& c) {
  const XpmemModulePolicy& policy = xpmem_policy(c, mm);
  const XpmemAttachment& use = module_of(c).attachments[attachment];
  const AddressSpace& space = std::as_const(c.machine).spaces[mm.index()];
  const Vma* vma = std::as_const(c.machine).spaces[owner.index()].find_vma(use.source_of(page));
  for (;;) {
    const std::uint32_t gap = backwards ? page.value - next.value : next.value - page.value;
    if (gap >= (backwards ? policy.faults_before : policy.faults_after)) return false;
    if (backwards && next == use.pages.first) return false;
    next = Page{backwards ? next.value - 1 : next.value + 1};
    if (!use.pages.contains(next) || !vma->pages.contains(use.source_of(next))) return false;
    if (!space.page_table.at(next).populated()) return true;
  }
}

Next XpmemFault::pinned(Context& c) {
  const bool got = c.task().result.ok();
  const XpmemModulePolicy& policy = xpmem_policy(c, mm);
  if (!got && next == page) bus = true;
  if (got) {
    const XpmemAttachment& use = module_of(c).attachments[attachment];
    const PfnEntry entry = c.task().found;
    c.task().found = {};
    const Page source = use.source_of(next);
    const Pte pte = std::as_const(c.machine).spaces[owner.index()].page_table.at(source);
    if (entry.write && !pte.dirty) c.frame(c.machine.frames.head(entry.frame)).dirty = true;
    c.collected().pages.push_back(next);
    c.collected().found.push_back(entry);
  }
  step = Step::pin;
  if (got && more(c)) return Next::pass;
  if (!bus && !backwards) {
    backwards = true;
    next = page;
    if (more(c)) return Next::pass;
  }
  step = policy.pfn_by_walk && !bus ? Step::look : Step::up_read;
  return Next::again;
}

Next XpmemFault::up_read(Context& c) {
  if (!c.collected().found.empty()) change_module(c).attachments[attachment].valid = true;
  c.release(segment_lock(segment));
  has_sema = false;
  --change_module(c).groups[group].blockers;
  blocks = false;
  c.changed(Wait::Kind::recallable, group);
  if (c.collected().found.empty()) {
    c.task().collected.pop_back();
    return unlock(c);
  }
  step = serialize ? Step::lock_invalidate : Step::insert;
  return Next::again;
}

// xpmem_remap_pages(), under the page table lock.
Next XpmemFault::insert(Context& c) {
  const Small<PfnEntry, 1> found = c.collected().found;
  const Small<Page, 2> pages = c.collected().pages;
  c.task().collected.pop_back();
  const MrId notifier = module_of(c).groups[group].mr;
  const Registration& ranges = std::as_const(c.machine).registrations[notifier.index()];
  again = xpmem_policy(c, mm).recheck &&
          (c.machine.in_progress(notifier) || ranges.invalidate_seq != sequence);
  for (std::uint32_t i = 0; i < found.size(); ++i) {
    const bool fits = !again && insert_one(c, pages[i], found[i]);
    if (!again && pages[i] == page) bus = !fits;
    const Page source = module_of(c).attachments[attachment].source_of(pages[i]);
    c.notifier(owner).end_lookup(c.self, source);
    if (again && !c.machine.is_zero(found[i].frame)) free_unmapped(c, found[i].frame);
  }
  if (serialize) c.release(invalidate_lock(attachment));
  return unlock(c);
}

// False: another page of the owner's is mapped there ("pfn mismatch").
bool XpmemFault::insert_one(Context& c, Page where, const PfnEntry& entry) {
  const XpmemAttachment& use = module_of(c).attachments[attachment];
  const AddressSpace& space = std::as_const(c.machine).spaces[mm.index()];
  const Pte old = space.page_table.at(where);
  if (old.populated()) {
    if (!c.machine.is_zero(entry.frame)) free_unmapped(c, entry.frame);
    return old.maps(entry.frame);
  }
  Pte fresh{.target = entry.frame.value, .kind = Pte::Kind::present};
  const bool always = xpmem_policy(c, mm).map_write == XpmemModulePolicy::MapWrite::always;
  const Vma* vma = space.find_vma(where);
  fresh.write = vma != nullptr && vma->write && (always || entry.write);
  fresh.young = fresh.special = true;
  const Page source = use.source_of(where);
  const MrId mr = use.mr;
  c.mm(mm).page_table.set(where, fresh);
  PfnEntry known = entry;
  known.write = fresh.write;
  known.young = true;
  c.registration(mr).table.set(source, known);
  c.spend(Cost::pte_change);
  c.emit({.kind = EventKind::pte_set,
          .detail = fresh.write,
          .mm = mm,
          .pages = one_page(where),
          .frame = entry.frame});
  c.emit({.kind = EventKind::pfn_installed,
          .mm = owner,
          .pages = one_page(source),
          .mr = mr,
          .frame = entry.frame,
          .generation = entry.generation});
  return true;
}

// Whatever is held is let go; but mmap_lock is the caller's.
Next XpmemFault::unlock(Context& c) {
  if (has_sema) c.release(segment_lock(segment));
  if (blocks) {
    --change_module(c).groups[group].blockers;
    c.changed(Wait::Kind::recallable, group);
  }
  if (has_owner) c.release(mmap_lock(owner));
  if (has_mutex) c.release(attachment_lock(attachment));
  if (again) {
    const MrId notifier = module_of(c).groups[group].mr;
    c.task().awaited = {};
    if (c.machine.in_progress(notifier)) {
      c.task().awaited = {.kind = Wait::Kind::idle, .index = notifier.value};
    }
    return c.give(Result::error(EBUSY));
  }
  if (!bus) return c.done();
  const XpmemAttachment& use = module_of(c).attachments[attachment];
  c.emit({.kind = EventKind::sigbus,
          .detail = write,
          .mm = owner,
          .pages = one_page(use.source_of(page)),
          .mr = use.mr});
  return c.give(Result::error(ENOMEM));
}

}  // namespace model
