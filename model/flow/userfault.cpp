// SPDX-License-Identifier: Apache-2.0
#include "model/flow/userfault.hpp"

#include "model/flow/all.hpp"
#include "model/flow/paging.hpp"

namespace model {
namespace {

bool wholly_mapped(const AddressSpace& space, PageRange pages) {
  std::uint32_t covered = 0;
  for (const Vma& vma : space.vmas) covered += vma.pages.intersect(pages).count;
  return covered == pages.count;
}

void wake_userfaults(Context& c, MmId mm) { c.changed(Wait::Kind::userfault, mm.value); }

}  // namespace

// ---- UffdRegister

Wait UffdRegister::guard() const {
  return step == Step::lock ? write_lock_wait(mm, has_lock) : Wait{};
}

Next UffdRegister::run(Context& c) {
  switch (step) {
    case Step::lock: {
      if (!lock_for_write(c, mm, has_lock)) return Next::again;
      c.spend(Cost::syscall);
      step = Step::resolve;
      return Next::again;
    }
    case Step::resolve: {
      step = Step::flush;
      bool protects = false;
      for (const Vma& vma : std::as_const(c.machine).spaces[mm.index()].vmas) {
        protects = protects || (vma.uffd_wp && vma.pages.overlaps(pages));
      }
      if (on || !protects) return Next::pass;
      return c.call({ChangeProtection{
          .what = ChangeProtection::What::uffd_resolve, .mm = mm, .pages = pages}});
    }
    case Step::flush:
      step = Step::unlock;
      return c.call({TlbFinish{.mm = mm}});
    case Step::unlock: {
      const bool whole = wholly_mapped(c.mm(mm), pages);
      if (whole) {
        c.mm(mm).modify(pages, [this](Vma& vma) {
          vma.uffd_missing = on && (modes & uffd_mode::missing) != 0;
          vma.uffd_wp = on && (modes & uffd_mode::wp) != 0;
          vma.uffd_minor = on && (modes & uffd_mode::minor) != 0;
        });
      }
      wake_userfaults(c, mm);
      unlock_write(c, mm);
      return c.done(whole ? Result::success() : Result::error(EINVAL));
    }
  }
  return c.done();
}

// ---- MarkRange

Wait MarkRange::guard() const {
  return step == Step::lock ? Wait::lock(mmap_lock(mm), LockMode::read) : Wait{};
}

bool MarkRange::by_uffd() const {
  return what == ChangeProtection::What::uffd_wp || what == ChangeProtection::What::uffd_resolve;
}

Next MarkRange::run(Context& c) {
  switch (step) {
    case Step::lock:
      c.take(mmap_lock(mm), LockMode::read);
      c.spend(Cost::syscall);
      cursor = pages.first;
      step = Step::next_vma;
      return Next::again;
    case Step::next_vma: {
      const AddressSpace& space = std::as_const(c.machine).spaces[mm.index()];
      const Vma* vma = cursor < pages.end() ? space.vma_from(cursor) : nullptr;
      if (what == ChangeProtection::What::numa) {  // task_numa_work() leaves these out.
        while (vma != nullptr && (vma->hugetlb || !vma->allows(false))) {
          vma = space.vma_from(vma->pages.end());
        }
      }
      const PageRange part =
          vma == nullptr
              ? PageRange{}
              : vma->pages.intersect({.first = cursor, .count = pages.end().value - cursor.value});
      if (part.count == 0 || (by_uffd() && !vma->uffd_wp)) {
        step = Step::flush;
        return Next::pass;
      }
      cursor = part.end();
      return c.call({ChangeProtection{.what = what, .mm = mm, .pages = part}});
    }
    case Step::flush:
      wake_userfaults(c, mm);
      step = Step::unlock;
      return c.call({TlbFinish{.mm = mm}});
    case Step::unlock: {  // mwriteprotect_range(): as far as VMAs are registered.
      const AddressSpace& space = std::as_const(c.machine).spaces[mm.index()];
      const PageRange rest{.first = cursor, .count = pages.end().value - cursor.value};
      const Vma* next = by_uffd() && rest.count > 0 ? space.vma_from(cursor) : nullptr;
      const bool refused = next != nullptr && next->pages.overlaps(rest);
      const bool none = by_uffd() && cursor == pages.first;
      c.release(mmap_lock(mm));
      return c.done(refused || none ? Result::error(ENOENT) : Result::success());
    }
  }
  return c.done();
}

// ---- UffdFill

Wait UffdFill::guard() const {
  if (step == Step::lock) return Wait::lock(mmap_lock(mm), LockMode::read);
  if (step == Step::fill) return Wait::lock(page_table_lock(mm), LockMode::write);
  return {};
}

Next UffdFill::run(Context& c) {
  switch (step) {
    case Step::lock:
      c.take(mmap_lock(mm), LockMode::read);
      c.spend(Cost::syscall);
      step = Step::fill;
      return Next::again;
    case Step::fill:
      for (; cursor < pages.count; ++cursor) {
        const int error = fill(c, pages.at(cursor));
        if (error == 0) continue;
        c.release(mmap_lock(mm));
        return c.done(Result::error(error));
      }
      wake_userfaults(c, mm);
      step = Step::unlock;
      return Next::again;
    case Step::unlock:
      c.release(mmap_lock(mm));
      return c.done();
  }
  return c.done();
}

int UffdFill::fill(Context& c, Page page) {
  Vma* vma = c.mm(mm).find_vma(page);
  if (vma == nullptr) return ENOENT;
  const Pte there = c.mm(mm).page_table.at(page);
  if (there.populated() && there.kind != Pte::Kind::marker) return EEXIST;
  if (with == With::zero && !vma->file.some()) {
    map_frame(c, mm, page, c.host(c.mm(mm).host).zero, {});
    return 0;
  }
  if (with == With::cached) {
    const Pte cached = vma->file.some() ? c.mapping(vma->file).cached(vma->index_of(page)) : Pte{};
    if (!cached.present()) return EFAULT;
    c.get(cached.frame());
    map_frame(c, mm, page, cached.frame(), {.write = vma->write && vma->shared, .dirty = true});
    return 0;
  }
  const auto frame = c.allocate(c.mm(mm).host);
  if (!frame) return ENOMEM;
  c.frame(*frame).value = with == With::copy ? value : 0;
  c.spend(Cost::copy_page);
  if (vma->file.some() && vma->shared) {
    c.frame(*frame).mapping = vma->file;
    c.frame(*frame).index = vma->index_of(page);
    c.get(*frame);
    c.mapping(vma->file).set_cached(vma->index_of(page),
                                    {.target = frame->value, .kind = Pte::Kind::present});
  } else {
    vma->prepared = true;
    belongs(c, *frame, *vma, page);
  }
  lru_add(c, *frame);
  map_frame(c, mm, page, *frame, {.write = vma->write, .dirty = true, .exclusive = !vma->shared});
  return 0;
}

// ---- UffdMove

Wait UffdMove::guard() const {
  if (step == Step::lock) return Wait::lock(mmap_lock(mm), LockMode::read);
  if (step == Step::lock_ptl) return Wait::lock(page_table_lock(mm), LockMode::write);
  return {};
}

NotifierRange UffdMove::range() const {
  return {.mm = mm, .pages = one_page(from.at(cursor)), .event = NotifierEvent::clear};
}

// move_pages_pte()
Next UffdMove::run(Context& c) {
  switch (step) {
    case Step::lock:
      c.take(mmap_lock(mm), LockMode::read);
      c.spend(Cost::syscall);
      step = Step::next;
      return Next::again;
    case Step::next:
      if (cursor == from.count) {
        step = Step::unlock;
        return Next::pass;
      }
      step = Step::lock_ptl;
      return c.call({RangeStart{.range = range()}});
    case Step::lock_ptl: {
      c.take(page_table_lock(mm), LockMode::write);
      entry = c.mm(mm).page_table.at(from.at(cursor));
      const Page target{to.value + cursor};
      const bool fits = entry.present() && entry.exclusive &&
                        c.mm(mm).find_vma(target) != nullptr &&
                        !c.mm(mm).page_table.at(target).populated();
      step = Step::end;
      if (!fits) return Next::again;
      unmap_frame(c, mm, from.at(cursor));
      step = Step::flush;
      return Next::again;
    }
    case Step::flush:
      step = Step::set;
      return c.call({flush_page(mm, from.at(cursor))});
    case Step::set: {
      const Page target{to.value + cursor};
      Vma& vma = *c.mm(mm).find_vma(target);
      vma.prepared = true;
      belongs(c, entry.frame(), vma, target);
      map_frame(c, mm, target, entry.frame(),
                {.write = vma.write, .dirty = true, .exclusive = true});
      step = Step::end;
      return Next::again;
    }
    case Step::end: {
      c.release(page_table_lock(mm));
      const NotifierRange closed = range();
      ++cursor;
      wake_userfaults(c, mm);
      step = Step::next;
      return c.call({RangeEnd{.range = closed}});
    }
    case Step::unlock:
      c.release(mmap_lock(mm));
      return c.done();
  }
  return c.done();
}

// ---- ClearRefs

Wait ClearRefs::guard() const {
  switch (step) {
    case Step::lock:
      return kind == 4 ? write_lock_wait(mm, has_lock) : Wait::lock(mmap_lock(mm), LockMode::read);
    case Step::lock_ptl:
      return Wait::lock(page_table_lock(mm), LockMode::write);
    default:
      return {};
  }
}

Next ClearRefs::run(Context& c) {
  const bool soft = kind == 4;
  const NotifierRange range{.mm = mm, .pages = all_pages, .event = NotifierEvent::soft_dirty};
  switch (step) {
    case Step::lock:
      if (soft && !lock_for_write(c, mm, has_lock)) return Next::again;
      if (!soft) c.take(mmap_lock(mm), LockMode::read);
      c.spend(Cost::syscall);
      step = kind > 4 ? Step::unlock : Step::start;
      return Next::again;
    case Step::start:
      step = Step::lock_ptl;
      if (!soft) return Next::pass;
      c.mm(mm).modify(all_pages, [](Vma& vma) { vma.soft_dirty = false; });
      return c.call({RangeStart{.range = range}});
    case Step::lock_ptl: {
      Small<std::pair<Page, Pte>, 8> entries;
      for (const Vma& vma : std::as_const(c.machine).spaces[mm.index()].vmas) {
        const bool ours = kind == 2 ? !vma.file.some() : kind == 3 ? vma.file.some() : true;
        if (!ours) continue;
        std::as_const(c.machine).spaces[mm.index()].page_table.for_each(
            vma.pages, [&](Page page, const Pte& pte) {
              if (!pte.huge || page.value % pmd_pages == 0) entries.push_back({page, pte});
            });
      }
      for (auto [page, pte] : entries) {
        const bool shared_file = pte.present() && is_file(c.machine, pte.frame());
        if (soft && pte.present()) {
          if (pte.write && !shared_file) protect(c, mm, page);
          pte = std::as_const(c.machine).spaces[mm.index()].page_table.at(page);
          pte.soft_clean = true;
          if (shared_file) pte.write = false;
          set_bits(c, mm, page, pte);
        } else if (!soft && pte.present() && pte.young) {
          pte.young = false;
          set_bits(c, mm, page, pte);
        }
      }
      step = soft ? Step::end : Step::unlock;
      return Next::again;
    }
    case Step::end:
      step = Step::flush;
      return c.call({RangeEnd{.range = range}});
    case Step::flush:
      step = Step::unlock;
      return c.call({flush_mm(mm)});
    case Step::unlock:
      if (soft) {
        unlock_write(c, mm);
      } else {
        c.release(mmap_lock(mm));
      }
      return c.done();
  }
  return c.done();
}

// ---- Guard

Wait Guard::guard() const {
  return step == Step::install ? Wait::lock(page_table_lock(mm), LockMode::write) : Wait{};
}

Next Guard::run(Context& c) {
  PageTable& table = c.mm(mm).page_table;
  switch (step) {
    case Step::install: {
      bool in_the_way = false;
      table.for_each(pages, [&](Page, const Pte& pte) {
        in_the_way = in_the_way || (pte.kind != Pte::Kind::marker);
      });
      if (on && in_the_way) {
        step = Step::zapped;
        return c.call({Zap{.range = {.mm = mm, .pages = pages, .event = NotifierEvent::clear}}});
      }
      for (std::uint32_t i = 0; i < pages.count; ++i) {
        const Page page = pages.at(i);
        const Pte there = table.at(page);
        if (on && !there.populated()) table.set(page, {.kind = Pte::Kind::marker});
        if (!on && there.kind == Pte::Kind::marker && !there.uffd_wp) table.clear(page);
      }
      return c.done();
    }
    case Step::zapped:
      if (!c.task().result.ok()) return c.give(c.task().result);
      step = Step::install;
      return Next::pass;
  }
  return c.done();
}

// ---- AgePages

Wait AgePages::guard() const {
  if (step == Step::lock) return Wait::lock(mmap_lock(mm), LockMode::read);
  return Wait::lock(page_table_lock(mm), LockMode::write);
}

Next AgePages::run(Context& c) {
  if (step == Step::lock) {
    c.take(mmap_lock(mm), LockMode::read);
    step = Step::clear;
    return Next::again;
  }
  Small<std::pair<Page, Pte>, 8> entries;
  std::as_const(c.machine).spaces[mm.index()].page_table.for_each(pages,
                                                                  [&](Page page, const Pte& pte) {
                                                                    entries.push_back({page, pte});
                                                                  });
  for (auto [page, pte] : entries) {
    if (!pte.present()) continue;
    pte.young = false;
    set_bits(c, mm, page, pte);
    c.emit({.kind = EventKind::clear_young,
            .context = {.atomic = true},
            .mm = mm,
            .pages = one_page(page)});
  }
  c.release(mmap_lock(mm));
  return c.done();
}

}  // namespace model
