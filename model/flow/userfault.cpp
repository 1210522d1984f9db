// SPDX-License-Identifier: Apache-2.0
#include "model/flow/userfault.hpp"

#include "model/flow/all.hpp"
#include "model/flow/paging.hpp"

namespace model {
namespace {

// uffd_wp_range() of a part of a VMA, or the scan of NUMA balancing.
Flow change_of(ChangeProtection::What what, MmId mm, const Vma& part) {
  using What = ChangeProtection::What;
  if (!part.hugetlb || what == What::numa) {
    return {ChangeProtection{.what = what, .mm = mm, .pages = part.pages}};
  }
  const auto of_hugetlb =
      what == What::uffd_wp ? ProtectHugetlb::What::uffd_wp : ProtectHugetlb::What::uffd_resolve;
  return {ProtectHugetlb{.what = of_hugetlb, .mm = mm, .pages = part.pages}};
}

void wake_userfaults(Context& c, MmId mm) { c.changed(Wait::Kind::userfault, mm.value); }

// What UFFDIO_POISON leaves.
Pte poison_marker() {
  Pte marker{.kind = Pte::Kind::marker};
  marker.no_access = true;
  return marker;
}

// Of markers only userfaultfd's own give way to a page (pte_is_uffd_marker()), and none if it is
// `strict`.
bool in_the_way(const Pte& there, bool strict) {
  const bool own = there.kind == Pte::Kind::marker && (there.uffd_wp || there.no_access);
  return there.populated() && (strict || !own);
}

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
      cursor = pages.first;
      step = Step::split;
      return Next::again;
    }
    case Step::split: {
      for (const Page at : {pages.first, pages.end()}) {  // vma_adjust_trans_huge()
        const Vma* vma = c.mm(mm).find_vma(at);
        if (vma == nullptr || vma->hugetlb || vma->pages.first == at) continue;
        if (!cuts_huge(c, mm, at)) continue;
        return c.call({SplitPmd{.mm = mm, .first = span_of(at, pmd_pages).first}});
      }
      step = Step::resolve;
      const AddressSpace& space = std::as_const(c.machine).spaces[mm.index()];
      if (space.covered(pages) == 0 || cuts_hugetlb(space, pages) || !can_register(c)) {
        unlock_write(c, mm);
        return c.done(Result::error(EINVAL));
      }
      return Next::pass;
    }
    case Step::resolve: {  // userfaultfd_clear_vma(): each VMA that was protected.
      step = Step::unshare;
      if (on) return Next::pass;
      for (const Vma& vma : c.mm(mm).parts(pages)) {
        if (!vma.uffd_wp || vma.pages.first < cursor) continue;
        cursor = vma.pages.end();
        step = Step::flush;
        return c.call(change_of(ChangeProtection::What::uffd_resolve, mm, vma));
      }
      return Next::pass;
    }
    case Step::flush:
      step = Step::resolve;
      return c.call({TlbFinish{.mm = mm}});
    case Step::unshare:  // hugetlb_unshare_all_pmds(): userfaultfd wants tables of its own.
      for (const Vma& vma : std::as_const(c.machine).spaces[mm.index()].parts(pages)) {
        const bool needs = on && (modes & (uffd_mode::wp | uffd_mode::minor)) != 0;
        const PageRange tables = needs ? shareable_part(vma) : PageRange{};
        if (tables.count == 0 || tables.first < cursor) continue;
        cursor = tables.end();
        return c.call({UnsharePmds{.mm = mm, .pages = tables}});
      }
      if (const auto table = unshared_by_change(c.mm(mm), pages, unshared)) {
        return c.call({UnsharePmds{.mm = mm, .pages = *table}});
      }
      step = Step::unlock;
      return Next::pass;
    case Step::unlock:
      c.mm(mm).modify(pages, [&](Vma& vma) {
        vma.uffd_missing = on && (modes & uffd_mode::missing) != 0;
        vma.uffd_wp = on && (modes & uffd_mode::wp) != 0;
        vma.uffd_minor = on && (modes & uffd_mode::minor) != 0;
        vma.uffd_async = on && (modes & uffd_mode::async) != 0;
        vma.uffd_unpopulated = on && (modes & (uffd_mode::async | uffd_mode::unpopulated)) != 0;
        c.spend(Cost::vma);
      });
      wake_userfaults(c, mm);
      unlock_write(c, mm);
      return c.done();
  }
  return c.done();
}

// vma_can_userfault(), and whether the kernel has the features. If a write lifts the protection by
// itself and nothing else is asked for, it is for all kinds of memory.
bool UffdRegister::can_register(Context& c) const {
  const bool newer = (modes & (uffd_mode::async | uffd_mode::unpopulated)) != 0;
  if (newer && !c.setup.switches.uffd_moves) return false;
  const unsigned kinds = modes & (uffd_mode::missing | uffd_mode::wp | uffd_mode::minor);
  const bool async = (modes & uffd_mode::async) != 0 && kinds == uffd_mode::wp;
  return std::ranges::none_of(c.mm(mm).parts(pages), [&](const Vma& vma) {
    const bool minor = on && (modes & uffd_mode::minor) != 0;
    const bool for_all = on ? async : vma.uffd_async && !vma.uffd_missing && !vma.uffd_minor;
    return vma.xpmem || (vma.disk && !for_all) || (minor && !vma.file.some() && !vma.hugetlb);
  });
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
      if (by_uffd() && !c.mm(mm).alive) return c.done(Result::error(ESRCH));  // mmget_not_zero()
      c.take(mmap_lock(mm), LockMode::read);
      c.spend(Cost::syscall);
      cursor = pages.first;
      step = Step::next_vma;
      return Next::again;
    case Step::next_vma: {
      const AddressSpace& space = std::as_const(c.machine).spaces[mm.index()];
      const Vma* vma = cursor < pages.end() ? space.vma_from(cursor) : nullptr;
      if (what == ChangeProtection::What::numa) {  // task_numa_work() leaves these out.
        while (vma != nullptr && (vma->hugetlb || vma->xpmem || !vma->allows(false))) {
          vma = space.vma_from(vma->pages.end());
        }
      }
      Vma part = vma == nullptr ? Vma{} : *vma;
      part.pages =
          part.pages.intersect({.first = cursor, .count = pages.end().value - cursor.value});
      step = Step::unlock;
      if (part.pages.count == 0 || (by_uffd() && !part.uffd_wp)) return Next::pass;
      if (by_uffd() && (part.pages.first.value | part.pages.count) % part.pagesize() != 0) {
        c.release(mmap_lock(mm));
        return c.done(Result::error(EINVAL));
      }
      cursor = part.pages.end();
      step = Step::flush;
      return c.call(change_of(what, mm, part));
    }
    case Step::flush:
      step = Step::next_vma;
      return c.call({TlbFinish{.mm = mm}});
    case Step::unlock: {  // mwriteprotect_range(): as far as VMAs are registered.
      const AddressSpace& space = std::as_const(c.machine).spaces[mm.index()];
      const PageRange rest{.first = cursor, .count = pages.end().value - cursor.value};
      const Vma* next = by_uffd() && rest.count > 0 ? space.vma_from(cursor) : nullptr;
      const bool refused = next != nullptr && next->pages.overlaps(rest);
      const bool none = by_uffd() && cursor == pages.first;
      c.release(mmap_lock(mm));
      if (what == ChangeProtection::What::uffd_resolve) wake_userfaults(c, mm);
      return c.done(refused || none ? Result::error(ENOENT) : Result::success());
    }
  }
  return c.done();
}

// ---- UffdFill

Wait UffdFill::guard() const {
  if (step == Step::lock) return Wait::lock(by_vma ? vma_lock(mm) : mmap_lock(mm), LockMode::read);
  if (step == Step::fill) return Wait::lock(page_table_lock(mm), LockMode::write);
  return {};
}

Next UffdFill::run(Context& c) {
  const LockId lock = by_vma ? vma_lock(mm) : mmap_lock(mm);
  switch (step) {
    case Step::lock:
      if (!c.mm(mm).alive) return c.done(Result::error(ESRCH));  // mmget_not_zero()
      c.take(lock, LockMode::read);
      c.spend(Cost::syscall);
      step = Step::fill;
      return Next::again;
    case Step::fill:
      while (cursor < pages.count) {
        if (const auto swapped = swapped_out(c, pages.at(cursor))) {
          step = Step::swapped_in;
          return c.call({*swapped});
        }
        Vma* vma = c.mm(mm).find_vma(pages.at(cursor));
        const bool huge = vma != nullptr && vma->hugetlb;
        const int error = huge ? fill_huge(c, *vma, pages.at(cursor)) : fill(c, pages.at(cursor));
        if (error == ENOMEM && !huge && c.reclaims(reclaims)) {
          return c.call({ReclaimSome{.host = c.mm(mm).host}});
        }
        if (error != 0) return finish(c, lock, cursor == 0 ? error : EAGAIN);
        cursor += huge ? vma->pagesize() : 1;
        reclaims = 0;
      }
      wake_userfaults(c, mm);
      step = Step::unlock;
      return Next::again;
    case Step::swapped_in:
      if (!c.task().result.ok()) return finish(c, lock, cursor == 0 ? ENOMEM : EAGAIN);
      step = Step::fill;
      return Next::again;
    case Step::unlock:
      c.release(lock);
      return c.done();
  }
  return c.done();
}

Next UffdFill::finish(Context& c, LockId lock, int error) const {
  if (cursor > 0) wake_userfaults(c, mm);
  c.release(lock);
  return c.done(Result::error(error));
}

// UFFDIO_CONTINUE: shmem_get_folio() brings a page of the page cache back from swap.
std::optional<FileAccess> UffdFill::swapped_out(Context& c, Page page) const {
  const Vma* vma = std::as_const(c.machine).spaces[mm.index()].find_vma(page);
  if (with != With::cached || vma == nullptr || !vma->file.some()) return std::nullopt;
  const std::uint32_t index = vma->index_of(page);
  const Mapping& cache = std::as_const(c.machine).mappings[vma->file.index()];
  if (index >= cache.size || !cache.cached(index).swapped()) return std::nullopt;
  return FileAccess{.file = vma->file, .index = index};
}

// mfill_atomic(), mfill_atomic_install_pte()
int UffdFill::fill(Context& c, Page page) {
  Vma* vma = c.mm(mm).find_vma(page);
  if (vma == nullptr || !vma->uffd() || pages.end() > vma->pages.end()) return ENOENT;
  if (protect && !vma->uffd_wp) return EINVAL;
  PageTable& table = c.mm(mm).page_table;
  const bool zeroes = with == With::zero && !vma->shared;
  const bool strict = zeroes || with == With::poison;
  if (with == With::cached) {  // What it is about comes before what is in the way.
    const Pte cached = vma->file.some() ? c.mapping(vma->file).cached(vma->index_of(page)) : Pte{};
    if (!cached.present()) return EFAULT;
    if (c.frame(cached.frame()).poisoned) return EIO;
  }
  if (in_the_way(table.at(page), strict)) return EEXIST;
  if (with != With::cached && vma->shared) {
    const Mapping& cache = std::as_const(c.machine).mappings[vma->file.index()];
    if (cache.file && vma->index_of(page) >= cache.size) return EFAULT;
    if (with != With::poison && cache.cached(vma->index_of(page)).populated()) return EEXIST;
  }
  if (with == With::poison) {
    vma->prepared = vma->prepared || !vma->shared;
    table.set(page, poison_marker());
    c.spend(Cost::pte_change);
    return 0;
  }
  if (zeroes) {
    map_frame(c, mm, page, c.host(c.mm(mm).host).zero, {});
    return 0;
  }
  if (with == With::cached) {
    const Pte cached = c.mapping(vma->file).cached(vma->index_of(page));
    c.get(cached.frame());
    c.spend(Cost::page_cache);
    map_frame(c, mm, page, cached.frame(),
              {.write = vma->write && vma->shared && !protect, .dirty = true, .uffd_wp = protect});
    return 0;
  }
  const auto frame = c.allocate(c.mm(mm).host);
  if (!frame) return ENOMEM;
  c.frame(*frame).value = with == With::copy ? value : 0;
  c.spend(Cost::page_alloc);
  c.spend(with == With::copy ? Cost::copy_page : Cost::clear_page);
  if (vma->file.some() && vma->shared) {
    c.frame(*frame).mapping = vma->file;
    c.frame(*frame).index = vma->index_of(page);
    c.get(*frame);
    c.mapping(vma->file).set_cached(vma->index_of(page),
                                    {.target = frame->value, .kind = Pte::Kind::present});
    c.spend(Cost::page_cache);
  } else {
    vma->prepared = true;
    belongs(c, *frame, *vma, page);
  }
  lru_add(c, *frame);
  map_frame(c, mm, page, *frame,
            {.write = vma->write && !protect,
             .dirty = true,
             .exclusive = !vma->shared,
             .uffd_wp = protect});
  return 0;
}

// mfill_atomic_hugetlb(): whole pages of the pool.
int UffdFill::fill_huge(Context& c, Vma& vma, Page first) {
  if (!vma.uffd() || pages.end() > vma.pages.end()) return ENOENT;
  if (protect && !vma.uffd_wp) return EINVAL;
  const std::uint32_t size = vma.pagesize();
  if (with == With::zero || (first.value | pages.count) % size != 0) return EINVAL;
  PageTable& table = c.mm(mm).page_table;
  const std::uint32_t index = vma.index_of(first);
  const Pte cached = vma.file.some() ? c.mapping(vma.file).cached(index) : Pte{};
  if (with == With::cached && !cached.present()) return EFAULT;
  if (with == With::cached && c.frame(cached.frame()).poisoned) return EIO;
  if (in_the_way(table.at(first), with == With::poison)) return EEXIST;
  if (with == With::poison) {
    Pte marker = poison_marker();
    marker.gigantic = vma.gigantic;
    vma.prepared = vma.prepared || !vma.shared;
    table.set_huge(first, marker);
    c.spend(Cost::pte_change);
    return 0;
  }
  const PteBits bits{
      .write = vma.write && !protect, .dirty = true, .exclusive = !vma.shared, .uffd_wp = protect};
  if (with == With::cached) {
    c.get(cached.frame());
    c.spend(Cost::page_cache);
    map_huge(c, mm, first, cached.frame(), bits);
    return 0;
  }
  if (vma.file.some() && vma.shared) {
    const Mapping& cache = std::as_const(c.machine).mappings[vma.file.index()];
    if (cache.file && index >= cache.size) return EFAULT;
    if (cache.cached(index).populated()) return EEXIST;
  }
  const auto head = hugetlb_page(c, c.mm(mm).host, size);
  if (!head) return ENOMEM;
  c.machine.frames.fill(*head, value);
  c.spend(Cost::copy_page, size);
  if (vma.file.some() && vma.shared) {
    c.frame(*head).mapping = vma.file;
    c.frame(*head).index = index;
    c.get(*head);
    c.mapping(vma.file).set_cached(index, {.target = head->value, .kind = Pte::Kind::present});
    c.spend(Cost::page_cache);
  } else {
    vma.prepared = true;
    belongs(c, *head, vma, first);
  }
  map_huge(c, mm, first, *head, bits);
  return 0;
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
      if (!c.setup.switches.soft_dirty_notifies) return Next::pass;
      return c.call({RangeStart{.range = range}});
    case Step::lock_ptl: {
      Small<std::pair<Page, Pte>, 8> entries;
      for (const Vma& vma : std::as_const(c.machine).spaces[mm.index()].vmas) {
        const bool ours = kind == 2 ? !vma.file.some() : kind == 3 ? vma.file.some() : true;
        if (!ours || vma.hugetlb || vma.xpmem) continue;  // VM_PFNMAP; it has no hugetlb_entry().
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
      if (!c.setup.switches.soft_dirty_notifies) return Next::pass;
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
      Vma& vma = *c.mm(mm).find_vma(pages.first);
      bool zaps = false;
      table.for_each(pages, [&](Page, const Pte& pte) {
        const bool stays = pte.uffd_wp && vma.file.some();  // Zap leaves it.
        zaps = zaps || pte.kind != Pte::Kind::marker || (pte.uffd_wp && !stays) || pte.no_access;
      });
      if (on && zaps) {
        step = Step::zapped;
        return c.call({Zap{.range = {.mm = mm, .pages = pages, .event = NotifierEvent::clear}}});
      }
      for (std::uint32_t i = 0; i < pages.count; ++i) {
        const Page page = pages.at(i);
        const Pte there = table.at(page);
        c.spend(Cost::pte_change);
        const bool free = !there.populated() || there.uffd_wp;
        if (on && free) table.set(page, {.kind = Pte::Kind::marker});
        const bool guard = there.kind == Pte::Kind::marker && !there.uffd_wp && !there.no_access;
        if (!on && guard) table.clear(page);
      }
      if (on) {  // fork() must look into the page table from here on.
        vma.guarded = true;
        vma.prepared = vma.prepared || !vma.file.some();
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

}  // namespace model
