// SPDX-License-Identifier: Apache-2.0
#include "model/flow/mirror.hpp"

#include "model/flow/all.hpp"

namespace model {

MrId mirror_of(const Machine& machine, AdapterId adapter, MmId mm) {
  for (std::uint32_t i = 0; adapter.some() && i < machine.registrations.size(); ++i) {
    const Registration& region = machine.registrations[i];
    if (region.adapter == adapter && region.mm == mm && region.live) return MrId{i};
  }
  return {};
}

// ---- MirrorCall

Next MirrorCall::run(Context& c) {
  const MmId mm = c.registration(mr).mm;
  if (step == Step::leave) {
    --c.registration(mr).calls;
    c.changed(Wait::Kind::uncalled, mr.value);
    if (holds) {
      --c.mm(mm).users;
      c.changed(Wait::Kind::unused, mm.value);
    }
    return c.give(c.task().result);
  }
  holds = command == MirrorCommand::migrate_to_dev || command == MirrorCommand::migrate_to_sys ||
          command == MirrorCommand::exclusive || command == MirrorCommand::snapshot;
  if (!c.registration(mr).live) return c.done(Result::error(EINVAL));
  if (holds && (!c.mm(mm).alive || c.registration(mr).orphan)) {
    return c.done(Result::error(EINVAL));
  }
  ++c.registration(mr).calls;
  c.changed(Wait::Kind::uncalled, mr.value);
  if (holds) ++c.mm(mm).users;
  step = Step::leave;
  return begin(c);
}

Next MirrorCall::begin(Context& c) {
  const Registration& mirror = c.registration(mr);
  switch (command) {
    case MirrorCommand::read:
    case MirrorCommand::write:
      return c.call({MirrorCopy{
          .write = command == MirrorCommand::write, .mr = mr, .pages = pages, .value = value}});
    case MirrorCommand::migrate_to_dev:
    case MirrorCommand::migrate_to_sys:
      return c.call({MirrorMove{.to_device = command == MirrorCommand::migrate_to_dev,
                                .mm = mirror.mm,
                                .mr = mr,
                                .pages = pages}});
    case MirrorCommand::snapshot:
      return c.call({HmmRange{
          .snapshot = true, .owner = owner_of(mirror.adapter), .mm = mirror.mm, .pages = pages}});
    case MirrorCommand::exclusive:
      return c.call({MirrorExclusive{.mr = mr, .pages = pages}});
    case MirrorCommand::check_exclusive:
      return c.call({MirrorCheck{.mr = mr, .pages = pages}});
    case MirrorCommand::flags:
      c.registration(mr).fail_alloc = value != 0;
      c.task().result = Result::success();
      return Next::pass;
    case MirrorCommand::release:
      return c.call({EvictDevice{.adapter = mirror.adapter}});
  }
  return c.done();
}

// ---- MirrorClose

Wait MirrorClose::guard() const {
  return step == Step::wait ? Wait{.kind = Wait::Kind::uncalled, .index = mr.value} : Wait{};
}

Next MirrorClose::run(Context& c) {
  switch (step) {
    case Step::wait:
      step = Step::ended;
      return c.call({Deregister{.mr = mr}});
    case Step::ended:
      if (!c.task().result.ok() || !c.setup.switches.close_evicts) return c.give(c.task().result);
      step = Step::evicted;
      return c.call({EvictDevice{.adapter = c.registration(mr).adapter}});
    case Step::evicted:
      return c.give();
  }
  return c.done();
}

// ---- MirrorCopy

Wait MirrorCopy::guard() const {
  return step == Step::lock ? Wait::lock(driver_lock(mr), LockMode::write) : Wait{};
}

Next MirrorCopy::run(Context& c) {
  switch (step) {
    case Step::lock:
      c.take(driver_lock(mr), LockMode::write);
      step = Step::load;
      return Next::pass;
    case Step::load:
      return load(c);
    case Step::copy:
      return copy(c);
    case Step::unlock:
      return unlock(c);
    case Step::faulted:
      if (!c.task().result.ok()) return c.give(c.task().result);
      step = Step::lock;
      return Next::again;
  }
  return c.done();
}

// xa_load(): a write wants the mark for writing, which a page has not that is the device's alone.
Next MirrorCopy::load(Context& c) {
  target = c.registration(mr).table.at(pages.at(done));
  const bool usable = target.populated() && (!write || (target.write && !target.atomic));
  if (!usable) target = {};
  step = usable ? Step::copy : Step::unlock;
  return Next::again;
}

Next MirrorCopy::copy(Context& c) {
  c.spend(Cost::copy_page);
  const Value now = access(c, mr, pages.at(done), target, write, value);
  if (done == 0) value = now;
  c.count_pages(1);
  target = {};
  step = ++done == pages.count ? Step::unlock : Step::load;
  return Next::again;
}

Next MirrorCopy::unlock(Context& c) {
  c.release(driver_lock(mr));
  if (done == pages.count) return c.done(Result::value(write ? 0 : value));
  if (!faults) return c.done(Result::error(ENOENT));
  const Registration& region = c.registration(mr);
  const PageRange missing{.first = pages.at(done), .count = pages.count - done};
  c.emit({.kind = EventKind::dev_fault,
          .detail = write,
          .mm = region.mm,
          .pages = missing,
          .mr = mr,
          .adapter = region.adapter});
  step = Step::faulted;
  return c.call({PolicyCall{
      .hook = Hook::fault, .write = write, .mr = mr, .pages = missing, .page = missing.first}});
}

// ---- MirrorMove

Wait MirrorMove::guard() const {
  return step == Step::lock ? Wait::lock(mmap_lock(mm), LockMode::read) : Wait{};
}

Next MirrorMove::run(Context& c) {
  switch (step) {
    case Step::lock:
      if (!c.mm(mm).alive) return c.done(Result::error(EINVAL));
      c.take(mmap_lock(mm), LockMode::read);
      c.spend(Cost::syscall);
      step = Step::next;
      return Next::again;
    case Step::next:
      return next(c);
    case Step::moved:
      // What alloc_and_copy says is ignored.
      if (!to_device && c.task().result.ok()) c.count_pages(c.task().result.number);
      step = Step::next;
      return Next::pass;
    case Step::read_back:
      return c.give(c.task().result.ok() ? Result::success() : c.task().result);
  }
  return c.done();
}

Next MirrorMove::next(Context& c) {
  if (done == pages.count) {
    c.release(mmap_lock(mm));
    if (!to_device) return c.done();
    step = Step::read_back;
    return c.call({MirrorCopy{.faults = false, .mr = mr, .pages = pages}});
  }
  const Vma* vma = std::as_const(c.machine).spaces[mm.index()].find_vma(pages.at(done));
  if (vma == nullptr || !vma->allows(false) || vma->hugetlb) {
    c.release(mmap_lock(mm));
    return c.done(Result::error(EINVAL));
  }
  const PageRange part =
      vma->pages.intersect({.first = pages.at(done), .count = pages.count - done});
  done += part.count;
  step = Step::moved;
  return c.call({MigrateVma{.step = MigrateVma::Step::start,
                            .locks = false,
                            .owner = owner_of(c.registration(mr).adapter),
                            .to_device = to_device,
                            .from_device = !to_device,
                            .mm = mm,
                            .pages = part,
                            .mr = mr}});
}

// ---- MirrorExclusive

MakeExclusive MirrorExclusive::make(Context& c) const {
  const Registration& region = c.registration(mr);
  const bool checks = c.setup.adapters[region.adapter.index()].checks_exclusive;
  return {.owner = checks ? owner_of(region.adapter) : DeviceOwner{0},
          .mm = region.mm,
          .pages = pages,
          .mr = mr,
          .checked = checks};
}

Next MirrorExclusive::run(Context& c) {
  switch (step) {
    case Step::make:
      step = Step::made;
      return c.call({make(c)});
    case Step::made:
      if (!c.task().result.ok()) return c.give(c.task().result);
      step = Step::read_back;
      return c.call({MirrorCopy{.faults = false, .mr = mr, .pages = pages}});
    case Step::read_back:
      return c.give(c.task().result.ok() ? Result::success() : c.task().result);
  }
  return c.done();
}

// ---- MirrorCheck

Wait MirrorCheck::guard() const { return Wait::lock(driver_lock(mr), LockMode::write); }

Next MirrorCheck::run(Context& c) {
  bool exclusive = false;
  c.take(driver_lock(mr), LockMode::write);
  c.registration(mr).table.for_each(
      pages, [&](Page, const PfnEntry& entry) { exclusive = exclusive || entry.atomic; });
  c.release(driver_lock(mr));
  return c.done(exclusive ? Result::error(EPERM) : Result::success());
}

// ---- EvictDevice

Next EvictDevice::run(Context& c) {
  if (step == Step::evicted) {
    return c.give();
  }
  Small<FrameId, 2> folios;
  std::as_const(c.machine).frames.for_each([&](FrameId id, const Frame& frame) {
    if (frame.allocated && frame.device && frame.node == owner_of(adapter)) folios.push_back(id);
  });
  c.spend(Cost::syscall);
  if (folios.empty()) return c.done();
  step = Step::evicted;
  return migrate_folios(c, folios, 0);
}

}  // namespace model
