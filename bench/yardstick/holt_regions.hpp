// SPDX-License-Identifier: Apache-2.0
// Which steps of the protocol of Holt's handles need no interleaving. "All variants" is short for:
// the argument uses nothing that one of the mistakes takes away. Used throughout, in all variants:
// a user has one request under way at most, waits for its reply, and gets one; only the user maps
// its adapter; only its kernel, on a reply, makes a handle active.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "bench/yardstick/holt_handle.hpp"

namespace yardstick {
// Lipton's regions: right movers, one step that is no mover, left movers. All variants.
//
//   choose, TOUCH_CARD     Choosing writes what others look at only during a transfer.
//   receive, FAULT         Of the owner. Nobody else takes a request away. But out of memory the
//                          fault blocks, and the region ends before it.
template <HoltScope scope>
bool continues(const HoltHandle<scope>&, const HoltState<scope>& before,
               const HoltState<scope>& after, std::size_t thread) {
  using P = HoltHandle<scope>;
  if (thread < scope.endpoints) return before.endpoints[thread].pc == UserPc::choose;
  if (thread != P::owner_thread || before.owner.pc != OwnerPc::receive) return false;
  const auto& page = after.pages[after.owner.handle * scope.handle_pages];
  return page.mapped == 0 || page.pte != 0 ||
         std::count(after.owners.begin(), after.owners.end(), P::free_frame) != 0;
}

// Steps that may come before all others at once (confluence): each is the only one of its thread,
// checks no property that could fail, is enabled until it is taken, and leads to the same state
// before or after any step of another thread. None can follow itself for ever.
template <HoltScope scope>
class HoltSettling {
 public:
  using State = HoltState<scope>;

  HoltSettling(HoltVariant variant, HoltProperty property, const State& state)
      : variant_(variant), property_(property), state_(state) {}

  // Each endpoint's user, each endpoint's kernel, the owner, the revokers: see HoltHandle::move().
  std::size_t thread() const {
    for (std::size_t e = 0; e < scope.endpoints; ++e) {
      if (user_settles(state_.endpoints[e])) return e;
      if (kernel_settles(state_.endpoints[e])) return scope.endpoints + e;
    }
    if (owner_settles()) return P::owner_thread;
    std::size_t i = 0;
    while (i < State::revoker_count && !revoker_settles(state_.revokers[i])) ++i;
    return P::owner_thread + 1 + i;
  }

 private:
  using P = HoltHandle<scope>;
  using Endpoint = typename State::Endpoint;
  using Page = typename State::Page;
  using Revoker = typename State::Revoker;

  bool is(HoltVariant variant) const { return variant_ == variant; }

  // While a revocation runs, the owner activates the handle nowhere.
  bool exclusive() const { return !is(HoltVariant::no_range_test) && !is(HoltVariant::split_send); }
  // No adapter is mapped between the revocation of a handle and the response to it.
  bool unmapped_meanwhile() const {
    return !is(HoltVariant::partial) && !is(HoltVariant::split_revoke) &&
           !is(HoltVariant::no_card_unmap) && !is(HoltVariant::no_recheck);
  }
  // No revoker works or will.
  bool quiet() const {
    return std::all_of(state_.revokers.begin(), state_.revokers.end(), [](const Revoker& one) {
      return one.pc == RevokerPc::pick && one.left == 0;
    });
  }

  bool user_settles(const Endpoint& self) const {
    switch (self.pc) {
      case UserPc::touch_card:
        return self.card == 0;
      case UserPc::activate:
        // The lowest inactive handle is the lowest of all: so it remains, until this user asks.
        return (inactive(self) & 1U) != 0;
      case UserPc::wait:
        return self.reply == Reply::active ||
               (self.reply == Reply::fail && property_ != HoltProperty::sigbus);
      case UserPc::map_card:
        return inactive(self) != 0 && !is(HoltVariant::no_recheck);
      case UserPc::transfer:
        // Where no frame is looked at. Else it could be freed first.
        return self.frame == 0 || property_ == HoltProperty::all_or_nothing ||
               property_ == HoltProperty::sigbus;
      case UserPc::choose:
      case UserPc::killed:
        break;
    }
    return false;
  }

  unsigned inactive(const Endpoint& self) const {
    const unsigned looked_at =
        is(HoltVariant::partial) ? 1U << self.page / scope.handle_pages : unsigned{P::all_handles};
    return looked_at & ~unsigned{self.active};
  }

  bool kernel_settles(const Endpoint& self) const {
    // It will not look at anything before the kernel receives again.
    const bool idle = (self.pc == UserPc::wait && self.reply == Reply::none) ||
                      self.pc == UserPc::killed || (self.pc == UserPc::choose && self.left == 0);
    switch (self.kernel_pc) {
      case KernelPc::receive:
        // It alone takes from the channel; the user waits for replies.
        return self.channel[0].kind != MessageKind::none;
      case KernelPc::revoke:
        return idle;
      case KernelPc::shoot_tlb:
        return idle || unmapped_meanwhile();
      case KernelPc::respond: {
        // Nobody shoots at the handle anew before it; no transfer begins before it.
        const bool once = exclusive() && !is(HoltVariant::no_ack);
        const bool in_flight =
            self.pc == UserPc::transfer && self.page / scope.handle_pages == self.revoked;
        return once &&
               (is(HoltVariant::no_quiesce) || (!in_flight && (idle || unmapped_meanwhile())));
      }
    }
    return false;
  }

  bool owner_settles() const {
    const auto& self = state_.owner;
    const Endpoint& endpoint = state_.endpoints[self.endpoint];
    switch (self.pc) {
      case OwnerPc::fault: {
        const Page& page = state_.pages[self.handle * scope.handle_pages + self.page];
        return page.mapped == 0 || (page.pte != 0 && quiet());
      }
      case OwnerPc::fail:
        // No shoot-down can get in before it.
        return !endpoint.full() && endpoint.used == 0;
      case OwnerPc::receive:
      case OwnerPc::send:
      case OwnerPc::send_latched:
        break;
    }
    return false;
  }

  bool revoker_settles(const Revoker& self) const {
    switch (self.pc) {
      case RevokerPc::shoot: {
        const Endpoint& endpoint = state_.endpoints[self.endpoint];
        const unsigned handle = 1U << self.page / scope.handle_pages;
        if (!exclusive()) return false;
        if ((endpoint.used & handle) == 0) return true;  // It has nothing to do, and will not.
        // With a single handle, the owner has nothing to send to a user whose handle is active, and
        // another revoker would send the same.
        return scope.handles == 1 && !endpoint.full();
      }
      case RevokerPc::wait:
        return is(HoltVariant::no_ack) || (exclusive() && !awaits(self));
      case RevokerPc::change_pte:
        return state_.pages[self.page].mapped == 0 && state_.pages[self.page].pte == 0;
      case RevokerPc::free:
        return self.frame == 0;
      case RevokerPc::pick:
      case RevokerPc::begin:
      case RevokerPc::end:
        break;
    }
    return false;
  }

  bool awaits(const Revoker& self) const {
    const unsigned handle = 1U << self.page / scope.handle_pages;
    return std::any_of(state_.endpoints.begin(), state_.endpoints.end(),
                       [&](const Endpoint& one) { return (one.shot & handle) != 0; });
  }

  HoltVariant variant_;
  HoltProperty property_;
  const State& state_;
};

template <HoltScope scope>
std::size_t settling_thread(const HoltHandle<scope>& protocol, const HoltState<scope>& state) {
  return HoltSettling<scope>(protocol.variant(), protocol.property(), state).thread();
}
}  // namespace yardstick
