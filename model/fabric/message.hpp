// SPDX-License-Identifier: Apache-2.0
#pragma once

// What travels between hosts. A link delivers in order in each direction, unless it says otherwise
// of the packets of reliable connections.

#include <array>
#include <string_view>

#include "model/memory/ids.hpp"
#include "model/notifier/interval.hpp"

namespace model {

enum class MessageKind : std::uint8_t {
  rdma_request,   // Requester's card to the owner's card.
  rdma_response,  // And back, with `value` or `error`.
  activate,       // User's kernel to the owner's: make `pages` of the handle active.
  active,         // The answer: they are.
  inactive,       // The answer: they cannot be mapped.
  shootdown,      // Owner's kernel to a user's: drop `pages`, quiesce, answer.
  quiesced,       // The answer.
  detached,       // A user gives its attachment up.
  peer_down,      // The fabric's word that a host is gone; `value` is the host.
  send,           // A two-sided message with `value`.
  rc_packet,      // A packet of a reliable connection, to the responder.
  rc_answer,      // And back: an acknowledgement, or that it was not taken.
};

constexpr std::uint16_t bit(MessageKind kind) {
  return static_cast<std::uint16_t>(1U << static_cast<unsigned>(kind));
}

// Those of kernels with each other about handles, which a link may be told to lose.
struct LossyMessage {
  std::string_view name;
  MessageKind kind;
};
inline constexpr std::array<LossyMessage, 5> lossy_messages{{{"activate", MessageKind::activate},
                                                             {"active", MessageKind::active},
                                                             {"shootdown", MessageKind::shootdown},
                                                             {"quiesced", MessageKind::quiesced},
                                                             {"detached", MessageKind::detached}}};

// What a card is asked to do at another one. Atomics give what was there before.
enum class Opcode : std::uint8_t { read, write, fetch_add, compare_swap, send };
constexpr bool is_write(Opcode op) { return op != Opcode::read; }
constexpr bool is_atomic(Opcode op) {
  return op == Opcode::fetch_add || op == Opcode::compare_swap;
}
// The answer has data: the requester cannot do without it.
constexpr bool has_answer(Opcode op) { return op == Opcode::read || is_atomic(op); }

// The syndrome of an AETH (InfiniBand Architecture Specification, volume 1, 9.7.5.1.5).
enum class Syndrome : std::uint8_t {
  ack,
  not_ready,     // RNR NAK: try again after the time that the responder says.
  out_of_order,  // NAK: a packet before this one is missing.
  access_error,  // NAK: the key does not allow it, or the page cannot be had.
};

struct Message {
  MessageKind kind = MessageKind::send;
  std::uint8_t epoch = 0;  // Of the attachment, when the request was posted.
  Opcode op = Opcode::read;
  bool ok = true;
  MrId mr{};
  AttachmentId attachment{};
  PageRange pages{};
  Value value = 0;
  TaskId task{};    // Who waits for the answer.
  MmId receiver{};  // Of `send`.
  MmId sender{};
  Value compare = 0;      // Of compare_swap: what must be there.
  QpId qp{};              // Of a reliable connection:
  std::uint32_t psn = 0;  // the packet sequence number,
  Syndrome syndrome{};    // what the responder says,
  bool repeated = false;  // and that it has answered this packet before.
  bool half = false;      // The packet completes half of its request.
  LineId line{};          // The call that has posted it.

  bool operator==(const Message&) const = default;
};

}  // namespace model
