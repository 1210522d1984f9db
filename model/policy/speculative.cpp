// SPDX-License-Identifier: Apache-2.0
#include "model/policy/speculative.hpp"

#include "model/policy/driver.hpp"

namespace model {
namespace {

using P = SpeculativePolicy;

constexpr std::array<std::string_view, 1> check_steps{"look"};

constexpr std::array settings_table{
    number<P, &P::retries>("retries", "how often a slow path starts over before it fails"),
    number<P, &P::signature>("signature", "what the signature page reads like"),
    flag<P, &P::check_data>("check_data", "what was read is compared with the signature"),
    flag<P, &P::check_version>("check_version",
                               "the version and the entry tell whether a page was there"),
    flag<P, &P::flush_signature>("flush_signature",
                                 "the adapter forgets the signature page when a page is mapped"),
    flag<P, &P::recheck>("recheck", "the slow path asks read_retry() before an install"),
    flag<P, &P::wait_inflight>("wait_inflight", "range_start waits for transfers in flight"),
};

// The page is mapped, and may be written if it is to be.
bool there(const Driver& driver, const PolicyCall& call) {
  const PfnEntry entry = driver.registration(call.mr).table.at(call.page);
  return entry.populated() && (entry.write || !call.write);
}

}  // namespace

std::span<const Setting<P>> P::settings() { return settings_table; }

StepNames P::steps(Hook hook) {
  return hook == Hook::check ? StepNames{check_steps} : IntervalNotifierPolicy::steps(hook);
}

// The slow path. The version moves last: who reads it then finds the page.
Next P::fault(Driver& driver, PolicyCall& call) const {
  if (call.at<Fault>() == Fault::early_lock && there(driver, call)) return Next::done;
  if (call.at<Fault>() == Fault::unlock) {
    if (flush_signature) driver.flush_atc(call.mr, call.pages);
    driver.move_sequence(call.mr);
  }
  return IntervalNotifierPolicy::fault(driver, call);
}

// `cursor` says that the data is that of the signature page; `invalidate_seq` is the version that
// was read before.
Next P::check(Driver& driver, PolicyCall& call) const {
  const Registration& mr = driver.registration(call.mr);
  const bool moved = !there(driver, call) || mr.invalidate_seq != call.invalidate_seq;
  const bool data = check_data && call.cursor != 0;
  const bool doubtful = call.write ? check_version && moved : data && (moved || !check_version);
  if (!doubtful) return Next::done;
  driver.started_over(call.mr, call.page);
  return driver.fail(EAGAIN);
}

}  // namespace model
