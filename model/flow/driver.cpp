// SPDX-License-Identifier: Apache-2.0
#include "model/policy/driver.hpp"

#include "model/flow/all.hpp"
#include "model/flow/users.hpp"

namespace model {

const Registration& Driver::registration(MrId mr) const { return context_.registration(mr); }

void Driver::lock(MrId mr) { context_.take(driver_lock(mr), LockMode::write); }
bool Driver::may_try(MrId mr) const {
  const AdapterId adapter = registration(mr).adapter;
  return context_.machine.is(adapter, AdapterSetup::Kind::mirror) &&
         context_.machine.lock_available(driver_lock(mr), LockMode::write);
}

void Driver::lock_shared(MrId mr) { context_.take(driver_lock(mr), LockMode::read); }
void Driver::unlock(MrId mr) { context_.release(driver_lock(mr)); }

void Driver::watch_interval(MrId mr) {
  const Registration& region = context_.registration(mr);
  context_.notifier(region.mm).intervals.insert(mr, region.pages);
}

void Driver::watch_two_pass(MrId mr) {
  context_.registration(mr).two_pass = true;
  watch_interval(mr);
}

void Driver::unwatch_interval(MrId mr) {
  context_.notifier(context_.registration(mr).mm).intervals.remove(mr);
  context_.changed(Wait::Kind::unwatched, mr.value);
}

void Driver::listen(MrId mr) { context_.notifier(context_.registration(mr).mm).listen(mr); }
void Driver::unlisten(MrId mr) {
  context_.notifier(context_.registration(mr).mm).unlisten(mr);
  context_.changed(Wait::Kind::idle, mr.value);
}

std::uint32_t Driver::read_begin(MrId mr) {
  context_.spend(Cost::lock);
  return context_.notifier(context_.registration(mr).mm).intervals.read_begin(mr);
}

bool Driver::read_retry(MrId mr, std::uint32_t begun) const {
  return context_.notifier(context_.registration(mr).mm).intervals.read_retry(mr, begun);
}

bool Driver::invalidation_active(MrId mr) const {
  return context_.notifier(context_.registration(mr).mm).intervals.active() > 0;
}

std::uint32_t Driver::epoch(MrId mr) const {
  return context_.notifier(context_.registration(mr).mm).intervals.epoch();
}

void Driver::set_sequence(MrId mr, std::uint32_t sequence) {
  context_.notifier(context_.registration(mr).mm).intervals.set_sequence(mr, sequence);
}

void Driver::count_start(MrId mr) {
  ++context_.registration(mr).ranges;
  context_.changed(Wait::Kind::idle, mr.value);
}

void Driver::count_end(MrId mr) {
  uncount(mr);
  move_sequence(mr);
}

void Driver::uncount(MrId mr) {
  Registration& region = context_.registration(mr);
  if (region.ranges == 0) {
    context_.emit({.kind = EventKind::unpaired_end, .mm = region.mm, .mr = mr});
  } else {
    --region.ranges;
  }
  context_.changed(Wait::Kind::idle, mr.value);
}

void Driver::move_sequence(MrId mr) { ++context_.registration(mr).invalidate_seq; }

void Driver::allocate_memory() { context_.might_alloc(); }

void Driver::put_address_space(MrId mr) {
  const MmId mm = registration(mr).mm;
  context_.might_wait(Wait::lock(mmap_lock(mm), LockMode::write));
  for (const Vma& vma : std::as_const(context_.machine).spaces[mm.index()].vmas) {
    if (vma.anon.some()) context_.might_wait(Wait::lock(rmap_lock(vma.anon), LockMode::write));
  }
}

bool Driver::test_young(MrId mr, PageRange pages) const {
  bool young = false;
  for (const Part& part : parts(mr, pages)) {
    registration(part.mr).table.for_each(
        part.pages, [&](Page, const PfnEntry& entry) { young = young || entry.young; });
  }
  return young;
}

void Driver::clear_young(MrId mr, PageRange pages) {
  for (const Part& part : parts(mr, pages)) {
    Registration& region = context_.registration(part.mr);
    for (std::uint32_t i = 0; i < part.pages.count; ++i) {
      PfnEntry entry = region.table.at(part.pages.at(i));
      if (!entry.young) continue;
      entry.young = false;
      region.table.set(part.pages.at(i), entry);
    }
  }
}

bool Driver::in_progress(MrId mr) const { return context_.machine.in_progress(mr); }

Next Driver::look_up(MrId mr, Page page, bool write) {
  return context_.call({GetPage{.mode = GetPage::Mode::look_up,
                                .write = write,
                                .mm = context_.registration(mr).mm,
                                .page = page,
                                .mr = mr}});
}

Next Driver::look_up_held(MrId mr, Page page, bool write) {
  return context_.call({GetPage{.mode = GetPage::Mode::look_up,
                                .write = write,
                                .held = true,
                                .mm = context_.registration(mr).mm,
                                .page = page,
                                .mr = mr}});
}

void Driver::lock_mmap(MrId mr) {
  context_.take(mmap_lock(context_.registration(mr).mm), LockMode::write);
}

void Driver::unlock_mmap(MrId mr) { context_.release(mmap_lock(context_.registration(mr).mm)); }

Next Driver::pin(MrId mr, Page page, bool write) {
  return context_.call({GetPage{.mode = GetPage::Mode::pin,
                                .write = write,
                                .mm = context_.registration(mr).mm,
                                .page = page,
                                .mr = mr}});
}

Next Driver::snapshot(MrId mr, Page page) {
  return context_.call({GetPage{.mode = GetPage::Mode::snapshot,
                                .mm = context_.registration(mr).mm,
                                .page = page,
                                .mr = mr}});
}

Next Driver::hold(MrId mr, Page page, bool write) {
  return context_.call({GetPage{.mode = GetPage::Mode::hold,
                                .write = write,
                                .mm = context_.registration(mr).mm,
                                .page = page,
                                .mr = mr}});
}

Next Driver::migrate_to_device(MrId mr, PageRange pages) {
  return context_.call({MirrorTake{.mr = mr, .pages = pages}});
}

Next Driver::make_exclusive(MrId mr, PageRange pages) {
  return context_.call({MirrorTake{.exclusive = true, .mr = mr, .pages = pages}});
}

PfnEntry Driver::found() {
  const PfnEntry entry = context_.task().found;
  context_.task().found = {};
  return entry;
}

void Driver::keep(PolicyCall& call) {
  if (call.page == call.pages.first) context_.task().collected.emplace_back();
  context_.collected().found.push_back(call.found);
  call.found = {};
  ++call.page.value;
}

void Driver::forget(const PolicyCall& call) {
  if (call.page != call.pages.first) context_.task().collected.pop_back();
}

void Driver::install_kept(const PolicyCall& call) {
  if (call.page == call.pages.first) return;
  const Small<PfnEntry, 1> found = context_.collected().found;
  context_.task().collected.pop_back();
  for (std::uint32_t i = 0; i < found.size(); ++i) {  // One write, with the entry that follows.
    set_entry(call.mr, call.pages.at(i), found[i], Cost::pfn_update_page);
  }
}

void Driver::put(const PfnEntry& entry) {
  if (entry.populated() && !context_.machine.is_zero(entry.frame)) context_.put(entry.frame);
}

void Driver::take(MrId mr, PageRange pages) {
  context_.task().collected.emplace_back();
  registration(mr).table.for_each(
      pages, [&](Page, const PfnEntry& entry) { context_.collected().found.push_back(entry); });
  clear(mr, pages);
}

void Driver::put_taken() {
  const Small<PfnEntry, 1> taken = context_.collected().found;
  forget_taken();
  for (const PfnEntry& entry : taken) put(entry);
}

void Driver::forget_taken() { context_.task().collected.pop_back(); }

void Driver::unpin_all(MrId mr) {
  for (const FrameId frame : context_.registration(mr).pinned) {
    --context_.frame(frame).pins;
    context_.frame(frame).dirty = true;  // unpin_user_pages_dirty_lock().
    context_.emit({.kind = EventKind::page_unpinned, .frame = frame});
    context_.put(frame);
  }
  context_.registration(mr).pinned.clear();
}

void Driver::mark_dirty(MrId mr, PageRange pages) {
  Machine& machine = context_.machine;
  for (const Part& part : parts(mr, pages)) {
    registration(part.mr).table.for_each(part.pages, [&](Page, const PfnEntry& entry) {
      Frame& frame = machine.frames[entry.frame];
      if (entry.write && frame.generation == entry.generation) frame.dirty = true;
    });
  }
}

void Driver::install(MrId mr, Page page, PfnEntry entry) {
  set_entry(mr, page, entry, Cost::pfn_update);
}

void Driver::set_entry(MrId mr, Page page, PfnEntry entry, Cost update) {
  if (!entry.populated()) return end_lookup(mr, page);
  entry.young = true;
  if (is_behind_iommu(mr)) {
    context_.spend(Cost::iommu_map);
  } else if (!registration(mr).pinned.empty()) {
    context_.spend(Cost::reg_mr_page);
  } else {
    context_.spend(update);
    context_.spend(Cost::driver_map_page);
  }
  if (registration(mr).vm.some()) unmap_guest(mr, page);
  model::install(context_, mr, page, entry);
  end_lookup(mr, page);
}

bool Driver::is_behind_iommu(MrId mr) const {
  return context_.machine.is(registration(mr).adapter, AdapterSetup::Kind::pci);
}

// The zap and the adapter's answer, and what the driver has kept of the pages. What was not mapped
// costs nothing.
void Driver::spend_zap(MrId mr, PageRange pages) {
  std::uint32_t entries = 0;
  registration(mr).table.for_each(pages, [&](Page, const PfnEntry&) { ++entries; });
  if (is_behind_iommu(mr)) return context_.spend(Cost::iommu_unmap, entries);
  context_.spend(Cost::dev_invalidate);
  context_.spend(Cost::dev_invalidate_page, entries - 1);
  context_.spend(Cost::driver_unmap);
  context_.spend(Cost::driver_unmap_page, entries - 1);
}

void Driver::clear(MrId mr, PageRange pages) {
  for (const Part& part : parts(mr, pages)) {
    if (!registration(part.mr).table.any(part.pages)) continue;
    spend_zap(part.mr, part.pages);
    Registration& region = context_.registration(part.mr);
    region.table.clear(part.pages);
    context_.emit(
        {.kind = EventKind::pfn_cleared, .mm = region.mm, .pages = part.pages, .mr = part.mr});
  }
}

void Driver::flush(MrId mr, PageRange pages) {
  flush_iotlb(mr, pages);
  flush_atc(mr, pages);
}

void Driver::flush_iotlb(MrId mr, PageRange pages) {
  const AdapterId adapter = context_.registration(mr).adapter;
  if (std::as_const(context_.machine).adapters[adapter.index()].iotlb.empty()) return;
  context_.adapter(adapter).iotlb.flush(mr, pages);
  context_.spend(Cost::iotlb_flush);
  context_.emit({.kind = EventKind::iotlb_flush,
                 .mm = context_.registration(mr).mm,
                 .pages = pages,
                 .mr = mr,
                 .adapter = adapter});
}

// mlx5r_umr_post_send(), without the wait for its completion.
void Driver::post_update(MrId mr, PageRange pages) {
  const Registration& region = context_.registration(mr);
  if (context_.adapter(region.adapter).removed) {  // There is nothing to wait for any more.
    clear(mr, pages);
    return flush(mr, pages);
  }
  ++context_.registration(mr).updates;
  context_.changed(Wait::Kind::updated, mr.value);
  context_.emit({.kind = EventKind::update_posted,
                 .mm = region.mm,
                 .pages = pages,
                 .mr = mr,
                 .adapter = region.adapter});
  context_.spawn(
      {PolicyCall{.hook = Hook::work, .mr = mr, .range = {.mm = region.mm}, .pages = pages}},
      context_.adapter(region.adapter).host);
}

void Driver::finish_update(MrId mr) {
  if (registration(mr).updates > 0) --context_.registration(mr).updates;
  context_.changed(Wait::Kind::updated, mr.value);
}

void Driver::free_iova(MrId mr) { context_.registration(mr).iova_held = false; }

bool Driver::hung(MrId mr) const { return context_.adapter(registration(mr).adapter).hung; }

void Driver::block(MrId mr) {
  const AdapterId adapter = registration(mr).adapter;
  context_.adapter(adapter).blocked = true;
  context_.adapter(adapter).invalidations.clear();
  for (std::uint32_t i = 0; i < context_.machine.registrations.size(); ++i) {
    context_.changed(Wait::Kind::completed, i);
    context_.changed(Wait::Kind::tagged, i);
    context_.changed(Wait::Kind::pushed, i);
  }
  context_.emit({.kind = EventKind::device_blocked, .mr = mr, .adapter = adapter});
}

void Driver::flush_atc(MrId mr, PageRange pages) {
  const AdapterId adapter = context_.registration(mr).adapter;
  if (is_vm(mr)) {  // kvm_flush_remote_tlbs(): all that vCPUs have.
    drop_if(context_.adapter(adapter).tlb,
            [&](const DeviceTlbEntry& entry) { return registration(entry.mr).vm == mr; });
  } else {
    context_.adapter(adapter).tlb.flush(mr, pages);
    if (context_.machine.is(adapter, AdapterSetup::Kind::sva)) context_.spend(Cost::ats_invalidate);
    if (is_behind_iommu(mr)) context_.spend(Cost::iotlb_flush);  // Its TLB is the IOMMU's.
  }
  context_.emit({.kind = EventKind::device_flush,
                 .mm = context_.registration(mr).mm,
                 .pages = pages,
                 .mr = mr,
                 .adapter = adapter});
}

bool Driver::in_flight(MrId mr, PageRange pages) const {
  return context_.adapter(context_.registration(mr).adapter).in_flight(mr, pages);
}

void Driver::stop(MrId mr) {
  context_.registration(mr).stopped = true;
  context_.changed(Wait::Kind::running, mr.value);
}

void Driver::resume(MrId mr) {
  context_.registration(mr).stopped = false;
  context_.changed(Wait::Kind::running, mr.value);
}

void Driver::queue_work(MrId mr) {
  const Registration& region = context_.registration(mr);
  context_.spawn({PolicyCall{.hook = Hook::work,
                             .write = region.write,
                             .mr = mr,
                             .range = {.mm = region.mm, .pages = region.pages},
                             .pages = region.pages,
                             .page = region.pages.first}},
                 context_.adapter(region.adapter).host);
}

void Driver::pause(std::uint64_t duration_ns) { context_.pause(duration_ns); }

MrId Driver::last_begun(const NotifierRange& range) const {
  MrId last{};
  for (const MrId mr : context_.notifier(range.mm).intervals.hits(range.pages)) {
    const Registration& region = context_.registration(mr);
    if (region.two_pass && region.adapter.some()) last = mr;
  }
  return last;
}

void Driver::end_lookup(MrId mr, Page page) {
  context_.notifier(context_.registration(mr).mm).end_lookup(context_.self, page);
}

void Driver::started_over(MrId mr, Page page) {
  const MmId mm = context_.registration(mr).mm;
  end_lookup(mr, page);
  context_.emit({.kind = EventKind::dev_retry, .mm = mm, .pages = one_page(page), .mr = mr});
}

Next Driver::fail(int error) { return context_.done(Result::error(error)); }
Next Driver::raise(int signal) { return context_.done(Result::signal(signal)); }

}  // namespace model
