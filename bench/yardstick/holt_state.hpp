// SPDX-License-Identifier: Apache-2.0
// The state of the protocol of holt_handle.hpp. Frames and owners count from 1, all else from 0;
// what no step needs any more is 0.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "bench/yardstick/holt_scope.hpp"

// A value fits its bit-field: see the static_asserts.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"

namespace yardstick {
enum class UserPc : std::uint8_t { choose, touch_card, activate, wait, map_card, transfer, killed };
enum class KernelPc : std::uint8_t { receive, revoke, shoot_tlb, respond };
enum class OwnerPc : std::uint8_t { receive, fault, send, fail, send_latched };
enum class RevokerPc : std::uint8_t { pick, begin, shoot, wait, change_pte, free, end };
enum class MessageKind : std::uint8_t { none, active, fail, shoot };
enum class Reply : std::uint8_t { none, active, fail };

struct HoltMessage {
  MessageKind kind : 4;
  std::uint8_t handle : 4;
  std::uint8_t first : 4;  // The frames, of `active`.
  std::uint8_t second : 4;
  bool operator==(const HoltMessage&) const = default;
};

template <HoltScope scope>
struct HoltState {
  using Byte = std::uint8_t;

  static constexpr Byte page_count = scope.handles * scope.handle_pages;
  static constexpr Byte revoker_count = scope.reclaimers + scope.unmappers;
  static constexpr Byte channel_room = scope.handles + 1;
  static_assert(scope.endpoints <= 4 && scope.handles <= 2 && scope.handle_pages <= 2);
  static_assert(page_count <= 4 && scope.frames <= 7 && scope.transfers <= 3);
  static_assert(revoker_count <= 15);

  struct Owner {
    OwnerPc pc : 3;
    Byte endpoint : 2;
    Byte handle : 1;
    Byte page : 2;   // Of the handle.
    Byte first : 4;  // Frames, latched by the variant split_send.
    Byte second : 4;
    bool operator==(const Owner&) const = default;
  };
  // A user, its kernel and its adapter, and what the owner knows of them.
  struct Endpoint {
    UserPc pc : 3;
    Byte page : 2;
    Byte left : 2;
    Byte card : 1;  // The adapter is mapped.
    Byte frame : 3;
    Byte request : 2;  // A handle, from 1.
    Reply reply : 2;
    Byte revoked : 1;  // The handle that the kernel revokes.
    KernelPc kernel_pc : 2;
    Byte active : 2;  // Handles as bits: those that the endpoint may use,
    Byte used : 2;    // those of which the owner thinks so,
    Byte shot : 2;    // those whose revocation it has not acknowledged.
    std::array<Byte, page_count> tlb;
    std::array<HoltMessage, channel_room> channel;  // From the owner; the first is the next.
    bool operator==(const Endpoint&) const = default;

    bool full() const { return channel.back().kind != MessageKind::none; }
    // To the first place that is empty.
    void send(MessageKind kind, const Owner& what) {
      HoltMessage& message = *std::find(channel.begin(), channel.end(), HoltMessage{});
      message.kind = kind;
      message.handle = what.handle;
      message.first = what.first;
      message.second = what.second;
    }
    HoltMessage take() {
      const HoltMessage message = channel[0];
      std::copy(channel.begin() + 1, channel.end(), channel.begin());
      channel.back() = {};
      return message;
    }
    void set_tlb(Byte handle, Byte first, Byte second) {
      tlb[handle * scope.handle_pages] = first;
      if constexpr (scope.handle_pages > 1) tlb[handle * scope.handle_pages + 1] = second;
    }
  };
  struct Revoker {
    RevokerPc pc : 3;
    Byte page : 2;
    Byte left : 1;
    Byte endpoint : 2;  // Which is shot next.
    Byte frame;
    bool operator==(const Revoker&) const = default;
  };
  struct Page {
    Byte mapped : 4;  // Has a VMA.
    Byte pte : 4;
    bool operator==(const Page&) const = default;
  };

  std::array<Page, page_count> pages;
  std::array<Byte, scope.frames> owners;          // free_frame, or page + 1.
  std::array<Byte, scope.handles> invalidations;  // In progress.
  std::array<Endpoint, scope.endpoints> endpoints;
  Owner owner;
  std::array<Revoker, revoker_count> revokers;
  bool operator==(const HoltState&) const = default;
};
}  // namespace yardstick

#pragma GCC diagnostic pop
