// SPDX-License-Identifier: Apache-2.0
#include "model/flow/rcache.hpp"

#include "model/flow/all.hpp"

namespace model {
namespace {

using State = CachedRegion::State;

const RcacheSetup& settings_of(const Context& c, MmId mm) {
  return c.setup.processes[mm.index()].rcache;
}

Rcache& cache_of(Context& c, MmId mm) { return c.machine.caches[mm.index()]; }

LockId rcache_lock(MmId mm) { return {.kind = LockKind::rcache, .index = mm.value}; }

bool has_all(std::uint8_t prot, std::uint8_t wanted) { return (prot & wanted) == wanted; }

bool within(PageRange part, PageRange whole) {
  return part.first >= whole.first && part.end() <= whole.end();
}

PageRange united(PageRange one, PageRange other) {
  const Page first = std::min(one.first, other.first);
  return {.first = first, .count = std::max(one.end(), other.end()).value - first.value};
}

PageRange aligned(PageRange pages, std::uint32_t alignment) {
  const std::uint32_t first = pages.first.value / alignment * alignment;
  const std::uint32_t end = (pages.end().value + alignment - 1) / alignment * alignment;
  return {.first = Page{first}, .count = end - first};
}

// ucs_get_mem_prot(): what may be done with all of the pages.
std::uint8_t memory_protection(const AddressSpace& space, PageRange pages) {
  std::uint32_t prot = protection::read | protection::write;
  for (std::uint32_t i = 0; i < pages.count; ++i) {
    const Vma* vma = space.find_vma(pages.at(i));
    if (vma == nullptr || !vma->read) prot &= ~protection::read;
    if (vma == nullptr || !vma->write) prot &= ~protection::write;
  }
  return static_cast<std::uint8_t>(prot);
}

// Takes a region that has no user out of the cache, and gives its registration.
MrId take_out(Rcache& cache, CachedRegion* region) {
  const MrId mr = region->mr;
  cache.regions.erase(cache.regions.begin() + (region - cache.regions.data()));
  return mr;
}

// Nobody finds it any more. False if it has a user, with whom it ends.
void invalidate(Context& c, MmId mm, CachedRegion& region) {
  region.state = region.users == 0 ? State::garbage : State::invalid;
  c.emit({.kind = EventKind::rcache_invalidated, .mm = mm, .pages = region.pages, .mr = region.mr});
}

void invalidate_range(Context& c, MmId mm, PageRange pages) {
  const RcacheSetup& setup = settings_of(c, mm);
  for (CachedRegion& region : cache_of(c, mm).regions) {
    const bool concerned =
        setup.drop_within ? within(region.pages, pages) : region.pages.overlaps(pages);
    if (region.state == State::valid && region.mr.some() && concerned) invalidate(c, mm, region);
  }
}

void take_queue(Context& c, MmId mm) {
  const Small<PageRange, 1> queue = cache_of(c, mm).queue;
  cache_of(c, mm).queue.clear();
  for (const PageRange pages : queue) invalidate_range(c, mm, pages);
}

// A tree of intervals keeps what meets as one.
void put_in_queue(Context& c, MmId mm, PageRange pages) {
  Small<PageRange, 1>& queue = cache_of(c, mm).queue;
  if (settings_of(c, mm).interval_tree) {
    const auto meets = [&](PageRange other) {
      return other.first <= pages.end() && pages.first <= other.end();
    };
    for (const PageRange other : queue) {
      if (meets(other)) pages = united(pages, other);
    }
    drop_if(queue, [&](PageRange other) { return within(other, pages); });
  }
  queue.push_back(pages);
  c.emit({.kind = EventKind::rcache_queued,
          .mm = mm,
          .pages = pages,
          .value = static_cast<Value>(queue.size())});
}

// One more user. The region that was used last is the last one to be evicted.
Result use(Context& c, MmId mm, CachedRegion* found) {
  Rcache& cache = cache_of(c, mm);
  ++found->users;
  const auto region = cache.regions.begin() + (found - cache.regions.data());
  std::rotate(region, region + 1, cache.regions.end());
  const CachedRegion& last = cache.regions.back();
  c.count_hit();
  c.emit({.kind = EventKind::rcache_hit, .mm = mm, .pages = last.pages, .mr = last.mr});
  return Result::object(last.mr.value);
}

CachedRegion* next_garbage(Rcache& cache) {
  const auto found = std::ranges::find(cache.regions, State::garbage, &CachedRegion::state);
  return found == cache.regions.end() ? nullptr : &*found;
}

CachedRegion* next_unused(Rcache& cache) {
  const auto found = std::ranges::find_if(cache.regions, [](const CachedRegion& region) {
    return region.users == 0 && region.mr.some();
  });
  return found == cache.regions.end() ? nullptr : &*found;
}

bool over_limit(const RcacheSetup& setup, const Rcache& cache) {
  std::uint32_t pages = 0;
  for (const CachedRegion& region : cache.regions) pages += region.pages.count;
  return (setup.limit != 0 && cache.regions.size() > setup.limit) ||
         (setup.limit_pages != 0 && pages > setup.limit_pages);
}

Next end_region(Context& c, MmId mm, MrId mr) { return c.call({RcacheDereg{.mm = mm, .mr = mr}}); }

}  // namespace

// ---- rcache_get()

Wait RcacheGet::guard() const {
  if (step == Step::find) return Wait::lock(rcache_lock(mm), LockMode::read);
  return step == Step::lock ? Wait::lock(rcache_lock(mm), LockMode::write) : Wait{};
}

Next RcacheGet::run(Context& c) {
  Rcache& cache = cache_of(c, mm);
  switch (step) {
    case Step::find:  // Under the lock for reading: users are counted atomically.
      start_over(c);
      c.spend(Cost::rcache_hit);
      if (cache.queue.empty()) return find(c);
      step = Step::lock;
      return Next::again;
    case Step::lock:
      c.take(rcache_lock(mm), LockMode::write);
      step = Step::drain;
      return Next::again;
    case Step::drain:  // ucs_rcache_check_inv_queue(), under the queue's spinlock.
      take_queue(c, mm);
      step = Step::clean;
      return Next::pass;
    case Step::clean:  // ucs_rcache_check_gc_list()
      if (CachedRegion* region = next_garbage(cache)) {
        return end_region(c, mm, take_out(cache, region));
      }
      step = Step::merge;
      return Next::pass;
    case Step::merge:
      return merge(c);
    case Step::insert:
      return insert(c);
    case Step::registered:
      return registered(c);
    case Step::evict:  // ucs_rcache_lru_evict()
      if (CachedRegion* region = next_unused(cache);
          region != nullptr && over_limit(settings_of(c, mm), cache)) {
        return end_region(c, mm, take_out(cache, region));
      }
      step = Step::unlock;
      return Next::pass;
    case Step::unlock:
      c.release(rcache_lock(mm));
      return c.done(result);
  }
  return c.done();
}

void RcacheGet::start_over(Context& c) {
  merged = false;
  prot = asked;
  pages = aligned(wanted, settings_of(c, mm).alignment);
}

namespace {

// What a look-up finds: a region that has all of the pages, for such accesses.
CachedRegion* look_up(Context& c, const RcacheGet& call) {
  const RcacheSetup& setup = settings_of(c, call.mm);
  for (CachedRegion& region : cache_of(c, call.mm).regions) {
    const bool usable =
        region.state == State::valid || (region.state == State::invalid && !setup.check_valid);
    const bool fits =
        setup.find_overlap ? region.pages.overlaps(call.wanted) : within(call.wanted, region.pages);
    if (usable && region.mr.some() && region.adapter == call.adapter && fits &&
        has_all(region.prot, call.asked)) {
      return &region;
    }
  }
  return nullptr;
}

}  // namespace

Next RcacheGet::find(Context& c) {
  if (CachedRegion* region = look_up(c, *this)) return c.done(use(c, mm, region));
  step = Step::lock;
  return Next::again;
}

// ucs_rcache_check_overlap(): one region that has some of the pages at a time. It is merged with,
// if all of the memory allows what both are for; and ended in any case.
Next RcacheGet::merge(Context& c) {
  Rcache& cache = cache_of(c, mm);
  if (CachedRegion* region = look_up(c, *this)) {
    result = use(c, mm, region);
    step = Step::unlock;
    return Next::pass;
  }
  step = Step::insert;
  if (!settings_of(c, mm).merge) return Next::pass;
  for (CachedRegion& region : cache.regions) {
    const bool meets =
        region.state == State::valid && region.adapter == adapter && region.pages.overlaps(pages);
    if (!meets) continue;
    const std::uint8_t memory = memory_protection(c.mm(mm), pages);
    const auto both = static_cast<std::uint8_t>(prot | region.prot);
    if (has_all(prot, region.prot) || has_all(memory, both)) {
      prot = both;
      pages = united(pages, region.pages);
      merged = true;
    }
    invalidate(c, mm, region);
    step = Step::clean;  // Comes back for the next.
    return Next::pass;
  }
  return Next::pass;
}

Next RcacheGet::insert(Context& c) {
  cache_of(c, mm).regions.push_back({.prot = prot, .adapter = adapter, .pages = pages, .users = 1});
  step = Step::registered;
  return c.call({Register{
      .pinned = true,
      .access = (prot & protection::write) != 0 ? Register::Access::write : Register::Access::read,
      .mm = mm,
      .adapter = adapter,
      .pages = pages}});
}

// Memory that the regions merged with had may not allow what is wanted any more: then without it.
Next RcacheGet::registered(Context& c) {
  Rcache& cache = cache_of(c, mm);
  result = c.task().result;
  const auto region = std::ranges::find(cache.regions, MrId{}, &CachedRegion::mr);
  if (result.ok()) {
    region->mr = MrId{result.number};
    c.emit({.kind = EventKind::rcache_miss, .mm = mm, .pages = pages, .mr = region->mr});
    step = Step::evict;
    return Next::pass;
  }
  cache.regions.erase(region);
  step = merged ? Step::merge : Step::unlock;
  start_over(c);
  return Next::pass;
}

// ---- rcache_put()

Wait RcachePut::guard() const {
  return step == Step::lock ? Wait::lock(rcache_lock(mm), LockMode::write) : Wait{};
}

Next RcachePut::run(Context& c) {
  Rcache& cache = cache_of(c, mm);
  switch (step) {
    case Step::put: {  // An atomic decrement.
      const auto region = std::ranges::find(cache.regions, mr, &CachedRegion::mr);
      if (region == cache.regions.end() || region->users == 0) {
        return c.done(Result::error(EINVAL));
      }
      --region->users;
      std::rotate(region, region + 1, cache.regions.end());
      CachedRegion& last = cache.regions.back();
      if (last.users != 0 || last.state == State::valid) return c.done();
      take_out(cache, &last);
      step = Step::lock;
      return Next::again;
    }
    case Step::lock:
      c.take(rcache_lock(mm), LockMode::write);
      step = Step::unlock;
      return end_region(c, mm, mr);
    case Step::unlock:
      c.release(rcache_lock(mm));
      return c.done();
  }
  return c.done();
}

// ---- rcache_flush()

Wait RcacheFlush::guard() const {
  return step == Step::lock ? Wait::lock(rcache_lock(mm), LockMode::write) : Wait{};
}

Next RcacheFlush::run(Context& c) {
  Rcache& cache = cache_of(c, mm);
  switch (step) {
    case Step::lock:
      c.take(rcache_lock(mm), LockMode::write);
      take_queue(c, mm);
      step = Step::clean;
      return Next::again;
    case Step::clean:
      if (CachedRegion* region = next_unused(cache)) {
        return end_region(c, mm, take_out(cache, region));
      }
      c.release(rcache_lock(mm));
      return c.done();
  }
  return c.done();
}

// ---- The end of a registration

Next RcacheDereg::run(Context& c) {
  const RcacheSetup& setup = settings_of(c, mm);
  switch (step) {
    case Step::dereg:
      step = Step::free;
      return c.call({Deregister{.mr = mr}});
    case Step::free: {
      step = Step::freed;
      if (!setup.frees_locked) return Next::pass;
      const bool hooked =
          setup.events == RcacheSetup::Events::hooks && setup.hooks != RcacheSetup::Hooks::none;
      if (hooked) return c.call({RcacheTold{.waits = !setup.defer, .mm = mm}});
      if (setup.events != RcacheSetup::Events::userfaultfd) return Next::pass;
      return c.call({RcacheEvent{.own = true, .mm = mm}});
    }
    case Step::freed:
      return c.give();
  }
  return c.done();
}

// ---- Who tells the cache

Wait RcacheTold::guard() const {
  return waits ? Wait::lock(rcache_lock(mm), LockMode::write) : Wait{};
}

// pthread_rwlock_trywrlock(). What has no user is ended by somebody else: that might unmap.
Next RcacheTold::run(Context& c) {
  c.spend(Cost::lock);
  if (!c.machine.lock_available(rcache_lock(mm), LockMode::write)) {
    put_in_queue(c, mm, pages);
    return c.done();
  }
  invalidate_range(c, mm, pages);
  take_queue(c, mm);
  return c.done();
}

Wait RcacheEvent::guard() const {
  return step == Step::wait ? Wait{.kind = Wait::Kind::monitored} : Wait{};
}

Next RcacheEvent::run(Context& c) {
  if (step == Step::wait) return c.done(result);
  Rcache& cache = cache_of(c, mm);
  if (c.task().result.kind != Result::Kind::none) result = c.task().result;
  const bool failed = result.kind != Result::Kind::none && !result.ok();
  if (failed || !(own || cache.watches(pages))) return c.done(result);
  cache.unread.push_back(c.self);
  c.might_wait({.kind = Wait::Kind::monitored});
  if (settings_of(c, mm).monitor) {
    c.spawn({RcacheMonitor{.mm = mm, .pages = pages, .task = c.self}}, c.machine.host_of(mm));
  }
  c.spend(Cost::context_switch);
  step = Step::wait;
  return Next::again;
}

Wait RcacheMonitor::guard() const {
  return step == Step::read ? Wait::lock(rcache_lock(mm), LockMode::write) : Wait{};
}

Next RcacheMonitor::run(Context& c) {
  switch (step) {
    case Step::read:  // read() of the event: who has sent it goes on.
      c.take(rcache_lock(mm), LockMode::write);
      drop_if(cache_of(c, mm).unread, [this](TaskId waiting) { return waiting == task; });
      c.changed(Wait::Kind::monitored, task.value);
      step = Step::invalidate;
      return Next::again;
    case Step::invalidate:
      invalidate_range(c, mm, pages);
      c.release(rcache_lock(mm));
      return c.done();
  }
  return c.done();
}

void note_for_rcache(Context& c, MmId mm, PageRange pages) {
  const RcacheSetup& setup = settings_of(c, mm);
  if (!setup.exists || setup.events != RcacheSetup::Events::kernel) return;
  if (std::as_const(c.machine).caches[mm.index()].watches(pages)) put_in_queue(c, mm, pages);
}

void forget_rcache(Context& c, MmId mm) {
  if (!settings_of(c, mm).exists) return;
  drop_if(cache_of(c, mm).regions, [](const CachedRegion& region) { return region.mr.some(); });
  cache_of(c, mm).queue.clear();
}

}  // namespace model
