// SPDX-License-Identifier: Apache-2.0
#pragma once

// How a driver keeps its adapter honest while the memory below it moves.
//
// A policy is a value that never changes: its settings. What it remembers of a registration is in
// the registration. It acts only through its Driver, and each of its hooks is a flow: one call of
// the hook is one atomic step, `call.step` says which, and guard() says what that step needs
// before it may run.

#include <array>
#include <concepts>
#include <optional>
#include <string_view>

#include "model/device/attachment.hpp"
#include "model/device/registration.hpp"
#include "model/next.hpp"
#include "model/notifier/interval.hpp"
#include "model/policy/guarantees.hpp"
#include "model/policy/setting.hpp"
#include "model/wait.hpp"

namespace model {

enum class Hook : std::uint8_t {
  registered,    // An MR was made: subscribe, pin, or do nothing.
  deregistered,  // It is about to go.
  fault,         // The adapter has no translation for some of `pages`.
  range_start,   // invalidate() of an interval, or range_start() of a notifier.
  range_end,     // range_end() of a notifier.
  release,       // The address space is going away.
  secondary,     // arch_invalidate_secondary_tlbs(): from the flush of the CPUs' TLBs. No sleep.
                 // Or invalidate_page(): an entry was cleared.
  touch,         // A user wants to post to `pages` of a handle: may it?
  activate,      // The owner's kernel is asked to make `pages` active for a user.
  shootdown,     // A user's kernel is told to drop `pages`.
  finish,        // invalidate_finish() of an interval: the second pass.
  work,          // A worker runs that the driver has queued.
  check,         // A speculative transfer is over: did it reach its page?
  revoked,       // The driver whose buffer it is takes that back, with its lock held.
  user_flush,    // User space says what is to be forgotten of a page table of its own.
  count,
};

inline constexpr std::array<std::string_view, static_cast<std::size_t>(Hook::count)> hook_names{
    "register", "deregister", "fault",  "start", "end",   "release", "secondary", "touch",
    "activate", "shootdown",  "finish", "work",  "check", "revoked", "user_flush"};

// Which of the callbacks clear_flush_young, clear_young and test_young it is.
enum class Aging : std::uint8_t { clear_flush, clear, test };

// A hook in progress.
struct PolicyCall {
  Hook hook = Hook::registered;
  std::uint8_t step = 0;
  std::uint8_t retries = 0;
  bool write : 1 = false;
  bool own : 1 = false;      // The driver's own device is the owner that the range names.
  bool current : 1 = false;  // The process whose memory it is makes the call itself.
  MrId mr{};
  AttachmentId attachment{};
  NotifierRange range{};
  PageRange pages{};
  Page page{};                       // Where a walk over the pages is.
  std::uint32_t cursor = 0;          // Where a walk over anything is.
  std::uint32_t sequence = 0;        // What read_begin() gave, or what invalidate() was told.
  std::uint32_t epoch = 0;           // Driver::epoch(), and
  std::uint32_t invalidate_seq = 0;  // Registration::invalidate_seq, as they were: has it moved?
  std::uint32_t cut_offs = 0;        // Of the user, when a shootdown was sent to it.
  PfnEntry found{};
  TaskId requester{};         // Who waits on another host.
  bool prefetch : 1 = false;  // KVM_PRE_FAULT_MEMORY, PREFETCH_NO_FAULT: nobody waits for the page.
  bool logs : 1 = false;      // That memslot had a dirty log when the fault found it.
  MrId slot{};                // The memslot that a fault of a VM is about.

  bool operator==(const PolicyCall&) const = default;
  void encode(sim::Encoder& out) const;  // In model/reduced_encoding.cpp.

  template <class Step>
  Step at() const {
    return static_cast<Step>(step);
  }
  template <class Step>
  Next go(Step to, Next how = Next::again) {
    step = static_cast<std::uint8_t>(to);
    return how;
  }
};

class Driver;

using StepNames = std::span<const std::string_view>;

// Hooks that a policy does not need: they are over at once.
struct PolicyDefaults {
  static constexpr std::string_view device = "rnic";  // The kind of device that it is for.
  static constexpr bool faults = false;               // Needs an adapter that can fault.
  static constexpr bool subscribes = true;  // To notifiers: what a driver that pins does without.
  static constexpr bool imports = false;    // Can take memory of another device (VM_PFNMAP).
  static constexpr bool gated = false;      // A user needs leave of the kernel before it may post.
  static constexpr bool spins = false;      // Takes a spinlock, and waits for its adapter spinning.
  static constexpr bool ages = false;       // Has the callbacks that ask whether a page was used.
  static constexpr bool batches = false;    // Its faults take all of `pages`, not only `page`.
  static constexpr bool page_told = false;  // Has invalidate_page(), by its hook `secondary`.

  bool holds() const { return false; }           // Each translation has a reference of its page.
  bool all_or_nothing() const { return false; }  // That leave covers all pages of a handle.
  bool ready(const Attachment&, const AddressSpace&, PageRange) const { return true; }
  Next registered(Driver&, PolicyCall&) const { return Next::give; }
  Next deregistered(Driver&, PolicyCall&) const { return Next::give; }
  Next range_start(Driver&, PolicyCall&) const { return Next::give; }
  Next range_end(Driver&, PolicyCall&) const { return Next::give; }
  Next release(Driver&, PolicyCall&) const { return Next::give; }
  Next secondary(Driver&, PolicyCall&) const { return Next::give; }
  Next finish(Driver&, PolicyCall&) const { return Next::give; }
  Next work(Driver&, PolicyCall&) const { return Next::give; }
  Next check(Driver&, PolicyCall&) const { return Next::give; }
  Next revoked(Driver&, PolicyCall&) const { return Next::give; }
  Next user_flush(Driver&, PolicyCall&) const { return Next::give; }
  bool writes_exclusive() const { return false; }  // What it has for itself alone, it writes to.
  std::uint32_t takes() const { return 0; }        // How often an access takes its pages: `cursor`.
  // The adapter does not fault: what is not mapped reads like this.
  std::optional<Value> signature_page() const { return std::nullopt; }
  bool ignores(const PolicyCall&) const { return false; }  // range_start() does nothing about it.
  bool young(Driver&, MrId, PageRange, Aging) const { return false; }
  Next touch(Driver&, PolicyCall&) const { return Next::give; }
  Next activate(Driver&, PolicyCall&) const { return Next::give; }
  Next shootdown(Driver&, PolicyCall&) const { return Next::give; }
  Wait guard(const PolicyCall&) const { return {}; }
};

template <class P>
concept InvalidationPolicy = std::copyable<P> && P::guarantees.consistent() &&
                             requires(const P policy, Driver& driver, PolicyCall& call, Hook hook,
                                      Aging how) {
  { P::name } -> std::convertible_to<std::string_view>;
  { P::settings() } -> std::same_as<std::span<const Setting<P>>>;
  { P::steps(hook) } -> std::same_as<StepNames>;
  { P::device } -> std::convertible_to<std::string_view>;
  { P::subscribes } -> std::convertible_to<bool>;
  { P::imports } -> std::convertible_to<bool>;
  { P::gated } -> std::convertible_to<bool>;
  { P::spins } -> std::convertible_to<bool>;
  { P::ages } -> std::convertible_to<bool>;
  { P::page_told } -> std::convertible_to<bool>;
  { P::batches } -> std::convertible_to<bool>;
  { policy.registered(driver, call) } -> std::same_as<Next>;
  { policy.deregistered(driver, call) } -> std::same_as<Next>;
  { policy.fault(driver, call) } -> std::same_as<Next>;
  { policy.range_start(driver, call) } -> std::same_as<Next>;
  { policy.range_end(driver, call) } -> std::same_as<Next>;
  { policy.release(driver, call) } -> std::same_as<Next>;
  { policy.secondary(driver, call) } -> std::same_as<Next>;
  { policy.finish(driver, call) } -> std::same_as<Next>;
  { policy.work(driver, call) } -> std::same_as<Next>;
  { policy.check(driver, call) } -> std::same_as<Next>;
  { policy.revoked(driver, call) } -> std::same_as<Next>;
  { policy.user_flush(driver, call) } -> std::same_as<Next>;
  { policy.writes_exclusive() } -> std::same_as<bool>;
  { policy.takes() } -> std::same_as<std::uint32_t>;
  { policy.signature_page() } -> std::same_as<std::optional<Value>>;
  { policy.touch(driver, call) } -> std::same_as<Next>;
  { policy.activate(driver, call) } -> std::same_as<Next>;
  { policy.shootdown(driver, call) } -> std::same_as<Next>;
  { policy.holds() } -> std::same_as<bool>;
  { policy.ignores(call) } -> std::same_as<bool>;
  { policy.young(driver, call.mr, call.pages, how) } -> std::same_as<bool>;
  { policy.guard(call) } -> std::same_as<Wait>;
};

}  // namespace model
