// SPDX-License-Identifier: Apache-2.0
#include "model/policy/sva.hpp"

#include "model/policy/driver.hpp"

namespace model {
namespace {

using P = SvaPolicy;

constexpr std::array<std::string_view, 6> flush_steps{"iotlb",    "atc",        "send",
                                                      "complete", "late_iotlb", "drain"};

constexpr std::array settings_table{
    word<P, &P::flush_at>("flush_at", "flush|start|end|user",
                          "where the device is told: as the CPUs' TLBs are flushed, or from "
                          "range_start or range_end, or by user space, whose page table it is"),
    word<P, &P::on_timeout>("on_timeout", "block|resubmit|ignore",
                            "what follows if the device does not answer an invalidation: the IOMMU "
                            "blocks it, or is asked again, or it counts as answered"),
    word<P, &P::reuse_itag>("reuse_itag", "in_turn|at_once",
                            "which ITag an invalidation gets: the next one whose completions have "
                            "come, or the lowest that nobody waits for"),
    word<P, &P::bad_request>("bad_request", "invalid|failure",
                             "the response to a page request that cannot be served: for that one, "
                             "or a Response Failure, which ends the device's page requests"),
    flag<P, &P::count_issued>("count_issued",
                              "of an array of invalidations those count that have been done"),
    flag<P, &P::check_itag>("check_itag", "a completion counts for its ITag alone"),
    flag<P, &P::count_completions>("count_completions",
                                   "those of all traffic classes are waited for"),
    flag<P, &P::drain_prq>("drain_prq",
                           "page requests are answered before their PASID may be used again"),
    flag<P, &P::iotlb_first>("iotlb_first", "the IOMMU's TLB is flushed before the ATC"),
    flag<P, &P::flush_iotlb>("flush_iotlb", "the IOMMU's TLB is flushed"),
    flag<P, &P::flush_atc>("flush_atc", "the ATC is flushed"),
    flag<P, &P::wait_completion>("wait_completion", "the device's completion is waited for"),
};

}  // namespace

std::span<const Setting<P>> P::settings() { return settings_table; }

StepNames P::steps(Hook hook) {
  switch (hook) {
    case Hook::range_start:
    case Hook::range_end:
    case Hook::release:
    case Hook::secondary:
    case Hook::deregistered:
    case Hook::user_flush:
      return flush_steps;
    default:
      return {};
  }
}

Next P::registered(Driver& driver, PolicyCall& call) const {
  driver.listen(call.mr);
  return Next::give;
}

// It has no table of its own that could be filled.
Next P::fault(Driver& driver, PolicyCall&) const { return driver.fail(EFAULT); }

bool P::flushes(Hook hook) const {
  switch (hook) {
    case Hook::range_start:
      return flush_at == FlushAt::start;
    case Hook::range_end:
      return flush_at == FlushAt::end;
    case Hook::secondary:
      return flush_at == FlushAt::flush;
    default:
      return true;
  }
}

// qi_flush_piotlb(), qi_flush_dev_iotlb_pasid() and their wait descriptor.
Next P::flush(Driver& driver, PolicyCall& call) const {
  switch (call.at<Step>()) {
    case Step::iotlb:
      if (flush_iotlb && iotlb_first) driver.flush_iotlb(call.mr, call.pages);
      return call.go(Step::atc, iotlb_first ? Next::again : Next::pass);
    case Step::atc:
      if (!driver.has_atc(call.mr)) return call.go(Step::complete);
      if (flush_atc && driver.tags_invalidations(call.mr)) return call.go(Step::send, Next::pass);
      if (flush_atc) driver.flush_atc(call.mr, call.pages);
      return call.go(Step::complete);
    case Step::send:
      call.cursor =
          1U + driver.send_invalidation(call.mr, call.pages, reuse_itag == ReuseItag::in_turn);
      return call.go(Step::complete);
    case Step::complete:
      return complete(driver, call);
    case Step::late_iotlb:
      if (flush_iotlb && !iotlb_first) driver.flush_iotlb(call.mr, call.pages);
      if (flush_at == FlushAt::user)
        driver.flushed_by_user(call.mr, driver.registration(call.mr).pages);
      if (call.hook != Hook::deregistered) return Next::done;
      if (drain_prq && driver.queues_requests(call.mr)) return call.go(Step::drain);
      driver.close_event_queues(call.mr);
      driver.unlisten(call.mr);
      driver.free_iova(call.mr);
      return Next::done;
    case Step::drain:  // intel_iommu_drain_pasid_prq(), with iopf_queue_flush_dev().
      driver.close_event_queues(call.mr);
      driver.unlisten(call.mr);
      driver.free_iova(call.mr);
      return Next::done;
  }
  return Next::done;
}

// Invalidation Time-out Error, if the answer has not come: wait descriptors are aborted.
Next P::complete(Driver& driver, PolicyCall& call) const {
  const bool tagged = call.cursor != 0;
  const bool overdue =
      driver.has_atc(call.mr) &&
      (driver.hung(call.mr) || (tagged && driver.unanswered(call.mr, call.cursor - 1)));
  if (tagged && overdue && wait_completion) {
    driver.give_up_invalidation(call.mr, call.cursor - 1, reuse_itag == ReuseItag::in_turn);
  }
  call.cursor = 0;
  if (wait_completion && overdue && on_timeout != OnTimeout::ignore) {
    if (on_timeout == OnTimeout::resubmit) {
      driver.started_over(call.mr, call.pages.first);
      return call.go(Step::atc);
    }
    driver.block(call.mr);
  }
  return call.go(Step::late_iotlb, Next::pass);
}

Next P::range_start(Driver& driver, PolicyCall& call) const {
  return flushes(call.hook) ? flush(driver, call) : Next::give;
}

Next P::range_end(Driver& driver, PolicyCall& call) const {
  return flushes(call.hook) ? flush(driver, call) : Next::give;
}

Next P::secondary(Driver& driver, PolicyCall& call) const {
  return flushes(call.hook) ? flush(driver, call) : Next::give;
}

// The PASID's entry is taken down: the walker finds nothing any more.
Next P::release(Driver& driver, PolicyCall& call) const { return flush(driver, call); }

// One command of the array, which begins at the step of its cache: the IOMMU's TLB or the ATC.
Next P::user_flush(Driver& driver, PolicyCall& call) const {
  const Step at = call.at<Step>();
  if (at == Step::iotlb) {
    if (flush_iotlb) driver.flush_iotlb(call.mr, call.pages);
    if (!driver.has_atc(call.mr)) driver.flushed_by_user(call.mr, call.pages);
    return Next::done;
  }
  if (at == Step::late_iotlb) {
    driver.flushed_by_user(call.mr, call.pages);
    return Next::done;
  }
  return flush(driver, call);
}

Next P::deregistered(Driver& driver, PolicyCall& call) const { return flush(driver, call); }

Wait P::guard(const PolicyCall& call) const {
  if (call.hook == Hook::registered) {
    return {.kind = Wait::Kind::settled, .index = call.range.mm.value};
  }
  if (call.hook == Hook::fault || !flushes(call.hook)) return {};
  switch (call.at<Step>()) {
    case Step::send:
      return {.kind = Wait::Kind::tagged, .index = call.mr.value};
    case Step::complete:
      if (!wait_completion) return {};
      return {.kind = Wait::Kind::completed,
              .index = call.mr.value,
              .sequence = call.cursor,
              .pages = call.pages};
    case Step::drain:
      return {.kind = Wait::Kind::requested, .index = call.mr.value};
    default:
      return {};
  }
}

}  // namespace model
