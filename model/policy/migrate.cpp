// SPDX-License-Identifier: Apache-2.0
#include "model/policy/migrate.hpp"

#include "model/policy/driver.hpp"

namespace model {
namespace {

using P = MigratePolicy;

constexpr std::array settings_table{
    word<P, &P::take>("take", "migrate|exclusive|nothing",
                      "what a fault of the device does first: the page moves to its memory, or, to "
                      "be written, is taken for the device alone"),
    number<P, &P::take_limit>("take_limit",
                              "how often an access takes its pages, before it uses them where "
                              "they are"),
    number<P, &P::retries>("retries", "how often a fault starts over before the access fails"),
    flag<P, &P::heed_move>("heed_move", "the driver does what its own MIGRATE asks for as well"),
    word<P, &P::owner_filter>("owner_filter", "own|any|none",
                              "which EXCLUSIVE events are ignored, and which MIGRATE events if not "
                              "even the own ones are heeded"),
    flag<P, &P::wait_inflight>("wait_inflight", "range_start waits for transfers in flight"),
};

// All pages that the device wants are mapped, as it wants them.
bool mapped(const Driver& driver, const PolicyCall& call) {
  for (std::uint32_t i = 0; i < call.pages.count; ++i) {
    const PfnEntry entry = driver.registration(call.mr).table.at(call.pages.at(i));
    if (!entry.populated() || (call.write && !entry.write)) return false;
  }
  return true;
}

}  // namespace

std::span<const Setting<P>> P::settings() { return settings_table; }

bool P::wants(const PolicyCall& call) const {
  return take == Take::migrate || (take == Take::exclusive && call.write);
}

// `cursor` says how often the pages may still be taken; `own`, that they were just now. What cannot
// be taken, or was often enough, is used where it is.
Next P::fault(Driver& driver, PolicyCall& call) const {
  const Fault step = call.at<Fault>();
  if (step == Fault::early_lock && !call.own && call.cursor > 0 && wants(call)) {
    --call.cursor;
    call.own = true;
    return take == Take::migrate ? driver.migrate_to_device(call.mr, call.pages)
                                 : driver.make_exclusive(call.mr, call.pages);
  }
  if (step == Fault::early_lock && call.own && take == Take::exclusive && mapped(driver, call)) {
    return Next::done;
  }
  const Next next = IntervalNotifierPolicy::fault(driver, call);
  if (step == Fault::install && call.at<Fault>() == Fault::read_begin) {  // It was overtaken.
    call.own = false;
    call.go(Fault::early_lock);
  }
  return next;
}

// Its own MIGRATE is like another's: what the device has of the pages is dropped before they move.
PolicyCall P::seen(const PolicyCall& call) const {
  PolicyCall other = call;
  other.own = call.own && !(heed_move && call.range.event == NotifierEvent::migrate);
  return other;
}

bool P::ignores(const PolicyCall& call) const {
  return IntervalNotifierPolicy::ignores(seen(call));
}

Next P::range_start(Driver& driver, PolicyCall& call) const {
  const bool own = call.own;
  call.own = seen(call).own;
  const Next next = IntervalNotifierPolicy::range_start(driver, call);
  call.own = own;
  return next;
}

Wait P::guard(const PolicyCall& call) const { return IntervalNotifierPolicy::guard(seen(call)); }

}  // namespace model
