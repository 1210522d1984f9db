// SPDX-License-Identifier: Apache-2.0
// Protocol B of the yardstick: Robin Holt's handles. A process may ring its adapter only while all
// of its handles are active, that is, while its adapter knows the frames of all their pages.
//
//   user             remote kernel            owner               revoker
//   ring if mapped                                                begin
//   else ask       ->                         fault pages in      shoot, at each endpoint
//   wait              active: fill TLB     <- validate, send      wait for the responses
//   map if all are    shoot: unmap, clear,                        change PTE, free
//     active            quiesce, respond                          end
//
// At each transfer the frame must be the page's.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "bench/yardstick/holt_scope.hpp"
#include "bench/yardstick/holt_state.hpp"
#include "bench/yardstick/protocol.hpp"

// A value fits its bit-field: see the static_asserts in HoltState.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"

namespace yardstick {
template <HoltScope scope>
class HoltHandle {
 public:
  using Variant = HoltVariant;
  using Property = HoltProperty;
  using Byte = std::uint8_t;

  using State = HoltState<scope>;
  using Endpoint = typename State::Endpoint;
  using Owner = typename State::Owner;
  using Revoker = typename State::Revoker;
  using Page = typename State::Page;
  static constexpr Byte all_handles = (1U << scope.handles) - 1;
  static constexpr Byte free_frame = 0;
  static constexpr Byte page_count = State::page_count;
  static constexpr Byte revoker_count = State::revoker_count;

  HoltHandle(Variant variant, Property property) : variant_(variant), property_(property) {}

  State start() const {
    State state{};
    for (Page& page : state.pages) page.mapped = 1;
    for (Endpoint& endpoint : state.endpoints) endpoint.left = scope.transfers;
    for (Revoker& revoker : state.revokers) revoker.left = 1;
    return state;
  }

  static constexpr std::size_t thread_count = 2 * scope.endpoints + 1 + revoker_count;

  // Users, remote kernels, the owner, revokers.
  template <class Visit>
  void move(const State& now, std::size_t thread, Visit&& visit) const {
    if (thread < scope.endpoints) return move_user(now, thread, visit);
    thread -= scope.endpoints;
    if (thread < scope.endpoints) return move_kernel(now, thread, visit);
    thread -= scope.endpoints;
    if (thread == 0) return move_owner(now, visit);
    move_revoker(now, thread - 1, visit);
  }

  // Out of memory, the owner faults and the user waits for ever.
  bool may_end(const State& state) const {
    for (const Endpoint& self : state.endpoints) {
      const bool over =
          self.pc == UserPc::choose || self.pc == UserPc::wait || self.pc == UserPc::killed;
      if (!over || self.kernel_pc != KernelPc::receive) return false;
    }
    for (const Revoker& revoker : state.revokers) {
      if (revoker.pc != RevokerPc::pick) return false;
    }
    return state.owner.pc == OwnerPc::receive || state.owner.pc == OwnerPc::fault;
  }

 private:
  bool is(Variant variant) const { return variant_ == variant; }
  static constexpr Byte handle_of(Byte page) { return page / scope.handle_pages; }
  static constexpr Byte bit(Byte handle) { return 1U << handle; }

  // ---- Users.

  // Those that the user takes into account, as bits.
  Byte inactive(const Endpoint& self) const {
    const Byte looked_at = is(Variant::partial) ? bit(handle_of(self.page)) : all_handles;
    return looked_at & ~self.active;
  }

  template <class Visit>
  void move_user(const State& now, std::size_t e, Visit& visit) const {
    State next = now;
    Endpoint& self = next.endpoints[e];
    Outcome outcome = Outcome::holds;
    switch (self.pc) {
      case UserPc::choose:
        return choose(next, self, visit);
      case UserPc::touch_card:
        if (!touch_card(self)) outcome = Outcome::violates;
        break;
      case UserPc::activate:
        activate(self);
        break;
      case UserPc::wait:
        if (self.reply == Reply::none) return;
        if (self.reply == Reply::fail && !may_kill(now)) outcome = Outcome::violates;
        take_reply(self);
        break;
      case UserPc::map_card: {
        const bool maps = is(Variant::no_recheck) || inactive(self) == 0;
        if (maps) self.card = 1;
        self.pc = maps ? UserPc::touch_card : UserPc::activate;
        break;
      }
      case UserPc::transfer:
        if (!may_transfer(now, self)) outcome = Outcome::violates;
        self.frame = self.page = 0;
        self.pc = UserPc::choose;
        break;
      case UserPc::killed:
        return;
    }
    visit(next, outcome);
  }

  // `self` is in `next`.
  template <class Visit>
  static void choose(const State& next, Endpoint& self, Visit& visit) {
    if (self.left == 0) return;
    --self.left;
    self.pc = UserPc::touch_card;
    for (Byte page = 0; page < page_count; ++page) {
      self.page = page;
      visit(next, Outcome::holds);
    }
  }

  // False: it may not ring.
  bool touch_card(Endpoint& self) const {
    self.pc = self.card != 0 ? UserPc::transfer : UserPc::activate;
    if (self.card == 0) return true;
    self.frame = self.tlb[self.page];
    return property_ != Property::all_or_nothing || self.frame != 0;
  }

  void activate(Endpoint& self) const {
    const Byte missing = inactive(self);
    self.pc = missing != 0 ? UserPc::wait : UserPc::map_card;
    if (missing != 0) self.request = (missing & bit(0)) != 0 ? 1 : 2;
  }

  static void take_reply(Endpoint& self) {
    const bool failed = self.reply == Reply::fail;
    self.reply = Reply::none;
    self.pc = failed ? UserPc::killed : UserPc::activate;
    if (failed) self.page = self.left = 0;
  }

  // ---- The properties.

  bool may_kill(const State& state) const {
    return property_ != Property::sigbus ||
           std::any_of(state.pages.begin(), state.pages.end(),
                       [](const Page& page) { return page.mapped == 0; });
  }

  bool may_transfer(const State& state, const Endpoint& self) const {
    if (self.frame == 0) return true;
    if (property_ == Property::use_after_free)
      return state.owners[self.frame - 1U] == self.page + 1;
    return property_ != Property::coherence || state.pages[self.page].pte == self.frame;
  }

  // ---- Remote kernels.

  template <class Visit>
  void move_kernel(const State& now, std::size_t e, Visit& visit) const {
    State next = now;
    Endpoint& self = next.endpoints[e];
    const Byte handle = bit(self.revoked);
    const bool split = is(Variant::split_revoke);
    switch (self.kernel_pc) {
      case KernelPc::receive:
        if (self.channel[0].kind == MessageKind::none) return;
        receive(self);
        break;
      case KernelPc::revoke:
        if (!split) self.active &= ~handle;
        if (!is(Variant::no_card_unmap)) self.card = 0;
        self.kernel_pc = KernelPc::shoot_tlb;
        break;
      case KernelPc::shoot_tlb:
        if (split) self.active &= ~handle;
        if (!is(Variant::no_shoot)) self.set_tlb(self.revoked, 0, 0);
        self.kernel_pc = KernelPc::respond;
        break;
      case KernelPc::respond: {
        const bool in_flight = self.pc == UserPc::transfer && handle_of(self.page) == self.revoked;
        if (in_flight && !is(Variant::no_quiesce)) return;
        self.shot &= ~handle;
        self.revoked = 0;
        self.kernel_pc = KernelPc::receive;
        break;
      }
    }
    visit(next, Outcome::holds);
  }

  static void receive(Endpoint& self) {
    const HoltMessage message = self.take();
    if (message.kind == MessageKind::shoot) {
      self.revoked = message.handle;
      self.kernel_pc = KernelPc::revoke;
      return;
    }
    self.reply = message.kind == MessageKind::active ? Reply::active : Reply::fail;
    if (message.kind == MessageKind::fail) return;
    self.set_tlb(message.handle, message.first, message.second);
    self.active |= bit(message.handle);
  }

  // ---- The owner.

  template <class Visit>
  void move_owner(const State& now, Visit& visit) const {
    State next = now;
    Owner& self = next.owner;
    Endpoint& endpoint = next.endpoints[self.endpoint];
    switch (self.pc) {
      case OwnerPc::receive:
        return receive_request(now, visit);
      case OwnerPc::fault:
        return fault(now, visit);
      case OwnerPc::send:
        if (!valid(now, self.handle)) {
          self.pc = OwnerPc::fault;
          break;
        }
        latch(now, self);
        if (is(Variant::split_send)) break;
        if (endpoint.full()) return;
        send_active(endpoint, self);
        break;
      case OwnerPc::fail:
        if (endpoint.full()) return;
        endpoint.send(MessageKind::fail, self);
        self = {};
        break;
      case OwnerPc::send_latched:
        if (endpoint.full()) return;
        send_active(endpoint, self);
        break;
    }
    visit(next, Outcome::holds);
  }

  template <class Visit>
  static void receive_request(const State& now, Visit& visit) {
    for (Byte e = 0; e < scope.endpoints; ++e) {
      if (now.endpoints[e].request == 0) continue;
      State next = now;
      next.owner.endpoint = e;
      next.owner.handle = now.endpoints[e].request - 1;
      next.owner.pc = OwnerPc::fault;
      next.endpoints[e].request = 0;
      visit(next, Outcome::holds);
    }
  }

  template <class Visit>
  static void fault(const State& now, Visit& visit) {
    State next = now;
    Owner& self = next.owner;
    const Byte page = self.handle * scope.handle_pages + self.page;
    const bool last = self.page + 1 == scope.handle_pages;
    if (now.pages[page].mapped == 0) {
      self.page = 0;
      self.pc = OwnerPc::fail;
      return visit(next, Outcome::holds);
    }
    self.page = last ? 0 : self.page + 1;
    if (last) self.pc = OwnerPc::send;
    if (now.pages[page].pte != 0) return visit(next, Outcome::holds);
    for (Byte frame = 1; frame <= scope.frames; ++frame) {
      if (now.owners[frame - 1U] != free_frame) continue;
      next.owners = now.owners;
      next.owners[frame - 1U] = page + 1;
      next.pages[page].pte = frame;
      visit(next, Outcome::holds);
    }
  }

  bool valid(const State& state, Byte handle) const {
    const auto* page = &state.pages[handle * scope.handle_pages];
    const bool present =
        std::all_of(page, page + scope.handle_pages, [](const Page& one) { return one.pte != 0; });
    return present && (state.invalidations[handle] == 0 || is(Variant::no_range_test));
  }

  static void latch(const State& state, Owner& self) {
    const std::size_t page = self.handle * scope.handle_pages;
    self.pc = OwnerPc::send_latched;
    self.first = state.pages[page].pte;
    if constexpr (scope.handle_pages > 1) self.second = state.pages[page + 1].pte;
  }

  static void send_active(Endpoint& endpoint, Owner& self) {
    endpoint.used |= bit(self.handle);
    endpoint.send(MessageKind::active, self);
    self = {};
  }

  // ---- Revokers.

  static constexpr bool unmaps(std::size_t i) { return i >= scope.reclaimers; }

  template <class Visit>
  void move_revoker(const State& now, std::size_t i, Visit& visit) const {
    State next = now;
    Revoker& self = next.revokers[i];
    const Byte handle = handle_of(self.page);
    switch (self.pc) {
      case RevokerPc::pick:
        return pick(now, i, visit);
      case RevokerPc::begin:
        ++next.invalidations[handle];
        self.pc = RevokerPc::shoot;
        break;
      case RevokerPc::shoot:
        if (!shoot(next.endpoints[self.endpoint], handle)) return;
        self.endpoint = self.endpoint + 1 < scope.endpoints ? self.endpoint + 1 : 0;
        if (self.endpoint == 0) self.pc = RevokerPc::wait;
        break;
      case RevokerPc::wait:
        if (awaits(now, handle) && !is(Variant::no_ack)) return;
        self.pc = RevokerPc::change_pte;
        break;
      case RevokerPc::change_pte:
        self.frame = now.pages[self.page].pte;
        next.pages[self.page].pte = 0;
        self.pc = RevokerPc::free;
        break;
      case RevokerPc::free:
        if (self.frame != 0) next.owners[self.frame - 1U] = free_frame;
        self.frame = 0;
        self.pc = RevokerPc::end;
        break;
      case RevokerPc::end:
        --next.invalidations[handle];
        self.page = 0;
        self.pc = RevokerPc::pick;
        break;
    }
    visit(next, Outcome::holds);
  }

  template <class Visit>
  static void pick(const State& now, std::size_t i, Visit& visit) {
    if (now.revokers[i].left == 0) return;
    for (Byte page = 0; page < page_count; ++page) {
      if (unmaps(i) ? now.pages[page].mapped == 0 : now.pages[page].pte == 0) continue;
      State next = now;
      if (unmaps(i)) next.pages[page].mapped = 0;
      next.revokers[i].left = 0;
      next.revokers[i].page = page;
      next.revokers[i].pc = RevokerPc::begin;
      visit(next, Outcome::holds);
    }
  }

  // False: there is no room for the message.
  static bool shoot(Endpoint& endpoint, Byte handle) {
    if ((endpoint.used & bit(handle)) == 0) return true;
    if (endpoint.full()) return false;
    endpoint.used &= ~bit(handle);
    endpoint.shot |= bit(handle);
    Owner sent{};
    sent.handle = handle;
    endpoint.send(MessageKind::shoot, sent);
    return true;
  }

  static bool awaits(const State& state, Byte handle) {
    return std::any_of(state.endpoints.begin(), state.endpoints.end(),
                       [&](const Endpoint& one) { return (one.shot & bit(handle)) != 0; });
  }

  Variant variant_;
  Property property_;
};
}  // namespace yardstick

#pragma GCC diagnostic pop
