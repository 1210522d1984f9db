// SPDX-License-Identifier: Apache-2.0
#include "model/flow/file.hpp"

#include "model/flow/all.hpp"
#include "model/flow/paging.hpp"

namespace model {
namespace {

// truncate_inode_pages_range(): the page cache lets go of them.
void drop_cache(Context& c, MappingId file, std::uint32_t first, std::uint32_t end) {
  drain_lru(c);  // folio_batch_release()
  Small<FrameId, 8> frames;
  auto& cache = c.mapping(file).cache;
  for (const auto& [index, entry] : cache) {
    if (index < first || index >= end) continue;
    if (entry.present()) frames.push_back(entry.frame());
  }
  for (const FrameId frame : frames) {
    c.mapping(file).set_cached(c.frame(frame).index, {});
    c.frame(frame).dirty = false;
  }
  Small<std::pair<std::uint32_t, Pte>, 8> swapped;
  for (const auto& [index, entry] : c.mapping(file).cache) {
    if (index >= first && index < end && entry.swapped()) swapped.push_back({index, entry});
  }
  for (const auto& [index, entry] : swapped) {
    c.mapping(file).set_cached(index, {});
    for (Host& host : c.machine.hosts) {
      if (entry.slot().index() < host.swap.slots.size()) host.swap.put(entry.slot());
    }
  }
  drop_if(c.mapping(file).stored,
          [&](const auto& old) { return old.first >= first && old.first < end; });
  if (!c.setup.switches.free_in_order) std::reverse(frames.begin(), frames.end());
  for (const FrameId frame : frames) c.put(frame);
}

constexpr std::uint32_t read_ahead = 32;  // Pages: ra_pages, of 128 KB.
constexpr std::uint32_t to_the_end = 0x7fffffff;

}  // namespace

// ---- UnmapMapping

Wait UnmapMapping::guard() const {
  return step == Step::lock ? Wait::lock(rmap_lock(file), LockMode::read) : Wait{};
}

Next UnmapMapping::run(Context& c) {
  switch (step) {
    case Step::lock:
      c.take(rmap_lock(file), LockMode::read);
      step = Step::next;
      return Next::again;
    case Step::next: {
      const Machine& machine = c.machine;
      for (std::uint32_t space = mm.some() ? mm.value : 0; space < machine.spaces.size(); ++space) {
        for (const Vma& vma : machine.spaces[space].vmas) {
          if (vma.file != file || (mm == MmId{space} && vma.pages.first <= page)) continue;
          const std::uint32_t from = std::max(first, vma.index);
          const std::uint64_t end =
              std::min<std::uint64_t>(std::uint64_t{first} + count, vma.index + vma.pages.count);
          if (from >= end) continue;
          mm = MmId{space};
          page = vma.pages.first;
          const PageRange part{.first = vma.pages.at(from - vma.index),
                               .count = static_cast<std::uint32_t>(end - from)};
          return c.call({Zap{.keep_private = keep_private,
                             .range = {.mm = mm, .pages = part, .event = NotifierEvent::clear}}});
        }
      }
      step = Step::unlock;
      return Next::pass;
    }
    case Step::unlock:
      c.release(rmap_lock(file));
      return c.done();
  }
  return c.done();
}

// ---- PunchHole

Next PunchHole::run(Context& c) {
  switch (step) {
    case Step::unmap:
      c.spend(Cost::syscall);
      step = Step::truncate;
      if (count == 0) return Next::pass;
      return c.call(
          {UnmapMapping{.keep_private = true, .file = file, .first = first, .count = count}});
    case Step::truncate:
      drop_cache(c, file, first, first + count);
      step = Step::finish;
      return Next::again;
    case Step::finish:
      return c.give();
  }
  return c.done();
}

// ---- Truncate

Next Truncate::run(Context& c) {
  const auto unmap = [this](Step after) {
    step = after;
    return UnmapMapping{.file = file, .first = pages, .count = to_the_end};
  };
  switch (step) {
    case Step::resize: {
      c.spend(Cost::syscall);
      const std::uint32_t old = c.mapping(file).size;
      c.mapping(file).size = pages;
      if (pages >= old) {
        step = Step::finish;
        return Next::pass;
      }
      return c.call({unmap(Step::truncate)});
    }
    case Step::truncate:
      drop_cache(c, file, pages, 0xffffffff);
      step = Step::unmap_again;
      return Next::again;
    case Step::unmap_again:
      return c.call({unmap(Step::finish)});
    case Step::finish:
      return c.give();
  }
  return c.done();
}

// ---- ReadAhead

Next ReadAhead::run(Context& c) {
  const std::uint32_t size = c.mapping(file).size;
  const std::uint32_t first = index > read_ahead / 2 ? index - read_ahead / 2 : 0;
  for (std::uint32_t at = first; at < std::min(size, first + read_ahead); ++at) {
    if (c.mapping(file).cached(at).populated()) continue;
    const auto frame = c.allocate(host);
    if (!frame) return at <= index ? c.done(Result::error(ENOMEM)) : c.done();
    c.frame(*frame).mapping = file;
    c.frame(*frame).index = at;
    c.frame(*frame).value = c.mapping(file).read(at);
    lru_add(c, *frame);
    c.mapping(file).set_cached(at, {.target = frame->value, .kind = Pte::Kind::present});
  }
  c.spend(Cost::swap_in);
  return c.done();
}

// ---- FileAccess

Next FileAccess::run(Context& c) {
  c.spend(Cost::syscall);
  const Mapping& cache = std::as_const(c.machine).mappings[file.index()];
  if (!write && index >= cache.size) return c.done(Result::value(0));
  Pte cached = cache.cached(index);
  if (!cached.present()) {
    if (!write) return c.done(Result::value(0));
    const HostId host = c.task().host;
    const auto frame = c.allocate(host);
    if (!frame) return c.done(Result::error(ENOMEM));
    c.frame(*frame).mapping = file;
    c.frame(*frame).index = index;
    lru_add(c, *frame);
    cached = {.target = frame->value, .kind = Pte::Kind::present};
    c.mapping(file).set_cached(index, cached);
    c.mapping(file).size = std::max(cache.size, index + 1);
  }
  if (!write) return c.done(Result::value(c.frame(cached.frame()).value));
  c.frame(cached.frame()).value = value;
  c.frame(cached.frame()).dirty = true;
  return c.done();
}

// ---- Writeback

Wait Writeback::guard() const {
  return step == Step::lock_ptl ? Wait::lock(page_table_lock(place.mm), LockMode::write) : Wait{};
}

NotifierRange Writeback::range() const {
  return {.mm = place.mm, .pages = one_page(place.page), .event = NotifierEvent::protection_page};
}

Next Writeback::run(Context& c) {
  switch (step) {
    case Step::find_file: {
      c.spend(Cost::syscall);
      if (!file.some()) {
        const Vma* vma = std::as_const(c.machine).spaces[mm.index()].find_vma(pages.first);
        if (vma == nullptr) return c.done(Result::error(ENOMEM));
        if (!vma->file.some() || !vma->shared) return c.done();
        file = vma->file;
        index = vma->index_of(pages.first);
        last = index + pages.count;
      }
      const Mapping& cache = std::as_const(c.machine).mappings[file.index()];
      if (cache.kind != Mapping::Kind::disk) return c.done();  // Nowhere to write it to.
      step = Step::next;
      return Next::pass;
    }
    case Step::next: {
      const Machine& machine = c.machine;
      for (; index < last; ++index) {
        const Pte cached = machine.mappings[file.index()].cached(index);
        if (!cached.present() || !machine.frames[cached.frame()].dirty) continue;
        frame = cached.frame();
        place = {};
        step = Step::next_mapping;
        return Next::pass;
      }
      step = Step::finish;
      return Next::pass;
    }
    case Step::next_mapping:
      return next_mapping(c);
    case Step::lock_ptl:
      c.take(page_table_lock(place.mm), LockMode::write);
      entry = c.mm(place.mm).page_table.at(place.page);
      step = Step::end;
      if (!entry.maps(frame) || (!entry.dirty && !entry.write)) return Next::again;
      unmap_frame(c, place.mm, place.page);
      step = Step::flush;
      return Next::again;
    case Step::flush: {
      step = Step::set;
      TlbFlush flush = flush_page(place.mm, place.page);
      flush.secondary = false;
      return c.call({flush});
    }
    case Step::set:
      map_frame(c, place.mm, place.page, frame, {.young = entry.young});
      step = Step::end;
      return Next::again;
    case Step::end:
      c.release(page_table_lock(place.mm));
      step = Step::next_mapping;
      return c.call({RangeEnd{.range = range()}});
    case Step::write:
      c.mapping(file).store(index, c.frame(frame).value);
      c.frame(frame).dirty = false;
      c.spend(Cost::swap_out);
      ++index;
      step = Step::next;
      return Next::again;
    case Step::finish:
      return c.give();
  }
  return c.done();
}

Next Writeback::next_mapping(Context& c) {
  place = next_place(
      c.machine, file, index, place,
      [this](RmapPlace, const Vma& vma, const Pte& pte) { return vma.shared && pte.maps(frame); });
  if (!place.mm.some()) {
    step = Step::write;
    return Next::pass;
  }
  step = Step::lock_ptl;
  return c.call({RangeStart{.range = range()}});
}

}  // namespace model
