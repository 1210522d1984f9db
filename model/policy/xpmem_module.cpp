// SPDX-License-Identifier: Apache-2.0
#include "model/policy/xpmem_module.hpp"

#include "model/policy/driver.hpp"

namespace model {
namespace {

using P = XpmemModulePolicy;

constexpr std::array settings_table{
    word<P, &P::invalidate>("invalidate", "end|start",
                            "which callback takes pages from their users; 'start' counts ranges, "
                            "too"),
    word<P, &P::put>(
        "put", "before|after",
        "whether a reference is dropped before or after the entry is gone and flushed"),
    word<P, &P::map_write>("map_write", "always|as_owner",
                           "whether an entry allows what the owner's does not"),
    flag<P, &P::current_only>("current_only",
                              "heed only what the owner does itself: not reclaim, nor others who "
                              "truncate its files"),
    flag<P, &P::serialize>("serialize",
                           "whoever sets or clears entries has invalidate_mutex; 'no': only the "
                           "notifier"),
    flag<P, &P::recheck>("recheck",
                         "a fault starts over if an invalidation ran since its look-up; "
                         "wants 'invalidate start'"),
    flag<P, &P::mark_dirty>("mark_dirty", "what could be written is marked dirty when it is taken"),
    flag<P, &P::attach_locked>("attach_locked",
                               "xpmem_attach() maps with att->mutex held, and known to others"),
    flag<P, &P::close_puts>("close_puts", "munmap() of an attachment drops its references"),
    flag<P, &P::end_locks>("end_locks",
                           "the notifier takes the user's mmap_lock and att->mutex, as others do"),
    flag<P, &P::pfn_by_walk>("pfn_by_walk",
                             "a fault looks into the owner's page table for what it has got"),
    flag<P, &P::waits_locked>("waits_locked",
                              "a fault waits for seg->sema with the user's mmap_lock held"),
    number<P, &P::faults_before>("faults_before", "pages that a fault maps before its own"),
    number<P, &P::faults_after>("faults_after", "pages that a fault maps behind its own"),
};

constexpr std::array<std::string_view, 2> steps_of_callback{"enter", "over"};

}  // namespace

std::span<const Setting<P>> P::settings() { return settings_table; }

StepNames P::steps(Hook hook) {
  const bool called = hook == Hook::range_start || hook == Hook::range_end || hook == Hook::release;
  return called ? StepNames{steps_of_callback} : StepNames{};
}

// xpmem_mmu_notifier_init()
Next P::registered(Driver& driver, PolicyCall& call) const {
  driver.listen(call.mr);
  return Next::give;
}

Next P::range_start(Driver& driver, PolicyCall& call) const {
  if (invalidate == Invalidate::end || call.at<Step>() == Step::over) return Next::give;
  driver.count_start(call.mr);  // Also of what is refused: range_end() comes all the same.
  if (ignores(call)) return Next::give;
  if (!call.range.blockable && driver.attached(call)) return driver.fail(EAGAIN);
  if (!call.range.blockable) return Next::give;
  call.go(Step::over);
  return driver.invalidate_attachments(call);
}

// xpmem_invalidate_range()
Next P::range_end(Driver& driver, PolicyCall& call) const {
  if (call.at<Step>() == Step::over) return Next::give;
  if (invalidate == Invalidate::start) {
    driver.count_end(call.mr);
    return Next::give;
  }
  if (ignores(call)) return Next::give;
  call.go(Step::over);
  return driver.invalidate_attachments(call);
}

// xpmem_mmu_release()
Next P::release(Driver& driver, PolicyCall& call) const {
  if (call.at<Step>() == Step::over) return Next::give;
  call.go(Step::over);
  return driver.tear_down_group(call);
}

Wait P::guard(const PolicyCall& call) const {
  if (call.hook != Hook::registered) return {};
  return {.kind = Wait::Kind::settled, .index = call.range.mm.value};
}

}  // namespace model
