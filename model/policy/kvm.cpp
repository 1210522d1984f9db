// SPDX-License-Identifier: Apache-2.0
#include "model/policy/kvm.hpp"

#include <cerrno>
#include <csignal>

#include "model/policy/driver.hpp"

namespace model {
namespace {

using P = KvmPolicy;

constexpr std::array<std::string_view, 5> fault_steps{"begin", "walk", "lock", "install", "unlock"};
constexpr std::array<std::string_view, 6> start_steps{"count", "lock",  "clear",
                                                      "flush", "drain", "unlock"};
constexpr std::array<std::string_view, 4> end_steps{"find", "count", "second", "uncount"};

constexpr std::array settings_table{
    flag<P, &P::wait_begin>("wait_begin", "a fault waits until no range is open, before it begins"),
    flag<P, &P::ask_write>("ask_write", "a fault for a write asks for a page that may be written"),
    flag<P, &P::uncount>("uncount", "range_end takes its range off the count"),
    flag<P, &P::age>("age", "clear_young and its like look at what the adapter has used"),
    word<P, &P::end>("end", "locked|sequence_first|count_first",
                     "range_end changes count and sequence under the lock; or without it, one "
                     "after the other"),
    flag<P, &P::flush_late>("flush_late", "the adapter's TLB is flushed in range_end only"),
    flag<P, &P::refuse_uncounted>("refuse_uncounted",
                                  "who may not sleep is refused before it is counted"),
    flag<P, &P::release_uncounted>("release_uncounted",
                                   "release drops what there is, and faults in progress go on"),
    word<P, &P::recheck>(
        "recheck", "yes|active|ended|no",
        "what a fault asks before it installs: whether a range is open and whether "
        "one has ended, one of them, or nothing"),
    word<P, &P::dirty>(
        "dirty", "zap|map|no",
        "when a page is marked dirty: as a translation that may write goes, as it is "
        "made, or never"),
    flag<P, &P::wait_kick>(
        "wait_kick", "a flush waits for transfers in flight, or for vCPUs to leave the guest"),
    flag<P, &P::precheck>("precheck",
                          "a fault of a VM asks for open ranges before it takes the lock as well"),
    flag<P, &P::log_faults>("log_faults", "a page that a VM may write is in its dirty log"),
    flag<P, &P::heed_read_only>("heed_read_only",
                                "pages of a read-only memslot are mapped without write permission"),
    flag<P, &P::prefault_gives_up>(
        "prefault_gives_up", "KVM_PRE_FAULT_MEMORY gives up at a memslot that is about to go"),
};

}  // namespace

std::span<const Setting<P>> P::settings() { return settings_table; }

StepNames P::steps(Hook hook) {
  switch (hook) {
    case Hook::fault:
      return fault_steps;
    case Hook::range_start:
    case Hook::release:
    case Hook::deregistered:
      return start_steps;
    case Hook::range_end:
      return end_steps;
    default:
      return {};
  }
}

Next P::registered(Driver& driver, PolicyCall& call) const {
  driver.listen(call.mr);
  return Next::give;
}

Next P::fault(Driver& driver, PolicyCall& call) const {
  switch (call.at<Fault>()) {
    case Fault::begin:  // A read of the sequence, before anything of the page is read.
      return begin(driver, call);
    case Fault::walk:
      return found(driver, call);
    case Fault::lock:  // Faults of a VM share mmu_lock: its page table has atomic entries.
      if (call.slot.some()) {
        driver.lock_shared(call.mr);
      } else {
        driver.lock(call.mr);
      }
      return call.go(Fault::install);
    case Fault::install: {  // Under the driver's lock.
      if (!driver.registration(call.mr).live) {
        driver.end_lookup(call.mr, call.page);
        driver.unlock(call.mr);
        return driver.fail(EFAULT);
      }
      const bool late = overtaken(driver, call);
      if (late) {
        driver.started_over(call.slot.some() ? call.slot : call.mr, call.page);
      } else {
        install(driver, call);
      }
      if (call.slot.some()) driver.put(call.found);
      call.found = {};
      call.invalidate_seq = 0;
      call.cursor = late ? 1 : 0;
      return call.go(Fault::unlock);
    }
    case Fault::unlock:
      return unlock_fault(driver, call);
  }
  return Next::done;
}

Next P::begin(Driver& driver, PolicyCall& call) const {
  call.invalidate_seq = driver.registration(call.mr).invalidate_seq;
  if (driver.is_vm(call.mr)) return find_slot(driver, call);
  call.go(Fault::walk);
  return driver.look_up(call.mr, call.page, call.write && ask_write);
}

// kvm_mmu_faultin_pfn(): from here on it reads memslots.
Next P::find_slot(Driver& driver, PolicyCall& call) const {
  const Memslot* slot = driver.memslot(call.mr, call.cursor);
  const bool read_only = slot != nullptr && !driver.registration(slot->mr).write;
  if (slot == nullptr || (read_only && call.write && heed_read_only)) {
    return driver.fail(ENOENT);  // KVM_PFN_NOSLOT, KVM_PFN_ERR_RO_FAULT: to be emulated.
  }
  if (slot->invalid && call.prefetch && prefault_gives_up) return driver.fail(EAGAIN);
  const Registration& region = driver.registration(slot->mr);
  const Page page = region.pages.at(call.cursor - region.iova);
  if (slot->invalid) return driver.retry(slot->mr, page);
  call.slot = slot->mr;
  call.logs = slot->log_dirty;
  call.page = page;
  call.pages = one_page(page);
  if (precheck && meets_range(driver, call)) return driver.retry(call.slot, page);
  call.cursor = 0;
  driver.read_memslots(call.mr);
  call.go(Fault::walk);
  return driver.hold(call.slot, page, call.write && ask_write);
}

Next P::found(Driver& driver, PolicyCall& call) const {
  const int error = driver.error();
  call.found = driver.found();
  if (!call.slot.some()) {
    if (!call.found.populated()) return driver.fail(EFAULT);
    return call.go(Fault::lock, Next::pass);
  }
  if (!call.found.populated()) {
    driver.leave_memslots(call.mr);
    return error == EHWPOISON ? driver.raise(SIGBUS) : driver.fail(EFAULT);
  }
  if (precheck && overtaken(driver, call)) return give_up(driver, call);
  return call.go(Fault::lock, Next::pass);
}

// Without the lock: who waits for it, the end of the range among them, is not disturbed.
Next P::give_up(Driver& driver, PolicyCall& call) const {
  driver.put(call.found);
  driver.leave_memslots(call.mr);
  return driver.retry(call.slot, call.page);
}

// mmu_invalidate_retry() and, of a VM, mmu_invalidate_retry_gfn().
bool P::overtaken(Driver& driver, const PolicyCall& call) const {
  const bool moved = driver.registration(call.mr).invalidate_seq != call.invalidate_seq;
  switch (recheck) {
    case Recheck::yes:
      return moved || meets_range(driver, call);
    case Recheck::active:
      return meets_range(driver, call);
    case Recheck::ended:
      return moved;
    case Recheck::no:
      break;
  }
  return false;
}

bool P::meets_range(Driver& driver, const PolicyCall& call) const {
  if (recheck == Recheck::ended || recheck == Recheck::no) return false;
  if (!call.slot.some()) return driver.in_progress(call.mr);
  const Registration& slot = driver.registration(call.slot);
  return driver.invalidating(call.mr, slot.iova_of(call.page));
}

// make_spte(): a page that may be written is logged whoever reads it.
void P::install(Driver& driver, PolicyCall& call) const {
  if (!call.slot.some()) {
    driver.install(call.mr, call.page, call.found);
    if (dirty == Dirty::map) driver.mark_dirty(call.mr, one_page(call.page));
    return;
  }
  PfnEntry entry = call.found;
  if (heed_read_only && !driver.registration(call.slot).write) entry.write = false;
  driver.install(call.slot, call.page, entry);
  if (entry.write && call.logs && log_faults) driver.log_dirty(call.slot, call.page);
  if (dirty == Dirty::map) driver.mark_dirty(call.slot, one_page(call.page));
}

// The guest of a VM tries again by itself, and reads no memslots until then.
Next P::unlock_fault(Driver& driver, PolicyCall& call) const {
  driver.unlock(call.mr);
  if (call.slot.some()) driver.leave_memslots(call.mr);
  if (call.cursor == 0) return Next::done;
  if (call.slot.some()) return driver.retry({}, call.page);
  call.cursor = 0;
  return call.go(Fault::begin);
}

Next P::revoke(Driver& driver, PolicyCall& call) const {
  switch (call.at<Start>()) {
    case Start::count:
      return count(driver, call);
    case Start::lock:
      driver.lock(call.mr);
      return call.go(Start::clear);
    case Start::clear:
      return clear(driver, call);
    case Start::flush:
      if (flush_late && call.hook == Hook::range_start) return call.go(Start::unlock);
      driver.flush(call.mr, call.pages);
      return call.go(wait_kick ? Start::drain : Start::unlock);
    case Start::drain:  // The adapter's answer comes after its transfers in flight.
      return call.go(Start::unlock, Next::pass);
    case Start::unlock:
      if (call.hook == Hook::deregistered) driver.count_end(call.mr);
      if (call.hook == Hook::release && !release_uncounted) driver.count_end(call.mr);
      if (call.hook == Hook::deregistered) driver.unlisten(call.mr);
      driver.unlock(call.mr);
      return Next::done;
  }
  return Next::done;
}

// A VM's memslots stay as they are up to range_end: both find the same ones, or none.
Next P::count(Driver& driver, PolicyCall& call) const {
  if (call.hook == Hook::range_start && driver.is_vm(call.mr)) {
    driver.count_invalidation(call.mr);
    if (!driver.slot_overlaps(call.mr, call.pages)) return Next::done;
  }
  return call.go(Start::lock, Next::pass);
}

// A posted write to the adapter; under the driver's lock.
Next P::clear(Driver& driver, PolicyCall& call) const {
  if (call.hook != Hook::release || !release_uncounted) driver.count_start(call.mr);
  const bool vm = driver.is_vm(call.mr);
  if (vm) driver.add_range(call.mr, call.pages);
  const bool flushes = !vm || driver.translates(call.mr, call.pages);
  if (dirty == Dirty::zap) driver.mark_dirty(call.mr, call.pages);
  driver.clear(call.mr, call.pages);
  return call.go(flushes ? Start::flush : Start::unlock);
}

Next P::range_start(Driver& driver, PolicyCall& call) const {
  if (call.pages.count == 0) return Next::give;
  if (refuse_uncounted && !call.range.blockable) return driver.fail(EAGAIN);
  return revoke(driver, call);
}

Next P::range_end(Driver& driver, PolicyCall& call) const {
  if (call.pages.count == 0) return Next::give;
  switch (call.at<End>()) {
    case End::find: {
      const bool counted = !driver.is_vm(call.mr) || driver.slot_overlaps(call.mr, call.pages);
      return call.go(counted ? End::count : End::uncount, Next::pass);
    }
    case End::count:
      return end_counted(driver, call);
    case End::second:
      return end_unlocked(driver, call);
    case End::uncount:
      if (uncount) driver.uncount_invalidation(call.mr);
      return Next::done;
  }
  return Next::done;
}

Next P::end_counted(Driver& driver, PolicyCall& call) const {
  if (flush_late) driver.flush(call.mr, call.pages);
  if (end != Order::locked) return end_unlocked(driver, call);
  driver.lock(call.mr);  // Taken and given back in one step: nobody sees it held.
  if (uncount) driver.count_end(call.mr);
  driver.unlock(call.mr);
  return ended(driver, call);
}

// Two writes that nothing makes one: a barrier keeps their order, whichever that is.
Next P::end_unlocked(Driver& driver, PolicyCall& call) const {
  const bool first = call.at<End>() == End::count;
  if (first == (end == Order::count_first)) {
    if (uncount) driver.uncount(call.mr);
  } else {
    driver.move_sequence(call.mr);
  }
  return first ? call.go(End::second) : ended(driver, call);
}

Next P::ended(Driver& driver, PolicyCall& call) const {
  return driver.is_vm(call.mr) ? call.go(End::uncount) : Next::done;
}

// Under no lock but the caller's, as on x86 since Linux 6.15; the flush is that of architectures
// which cannot do without (CONFIG_KVM_ELIDE_TLB_FLUSH_IF_YOUNG).
bool P::young(Driver& driver, MrId mr, PageRange pages, Aging how) const {
  if (!age) return false;
  const bool used = driver.test_young(mr, pages);
  if (how != Aging::test) driver.clear_young(mr, pages);
  if (how == Aging::clear_flush && used) driver.flush(mr, pages);
  return used;
}

Next P::release(Driver& driver, PolicyCall& call) const { return revoke(driver, call); }

Next P::deregistered(Driver& driver, PolicyCall& call) const { return revoke(driver, call); }

Wait P::guard(const PolicyCall& call) const {
  const LockMode mode = call.slot.some() ? LockMode::read : LockMode::write;
  const Wait lock = Wait::lock({.kind = LockKind::driver, .index = call.mr.value}, mode);
  switch (call.hook) {
    case Hook::registered:
      return {.kind = Wait::Kind::settled, .index = call.range.mm.value};
    case Hook::fault:
      if (call.at<Fault>() == Fault::lock) return lock;
      if (call.at<Fault>() == Fault::begin && wait_begin) {
        return {.kind = Wait::Kind::idle, .index = call.mr.value};
      }
      return {};
    case Hook::range_end:
      return call.at<End>() == End::count && end == Order::locked ? lock : Wait{};
    case Hook::range_start:
    case Hook::release:
    case Hook::deregistered:
      if (call.hook == Hook::range_start && call.pages.count == 0) return {};
      if (call.at<Start>() == Start::lock) return lock;
      if (call.at<Start>() == Start::drain) {
        return {.kind = Wait::Kind::quiet, .index = call.mr.value, .pages = call.pages};
      }
      return {};
    default:
      return {};
  }
}

}  // namespace model
