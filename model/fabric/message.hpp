// SPDX-License-Identifier: Apache-2.0
#pragma once

// What travels between hosts. A link delivers in order in each direction, unless it says otherwise
// of the packets of reliable connections.

#include <array>
#include <string_view>

#include "model/memory/ids.hpp"
#include "model/notifier/interval.hpp"
#include "sim/encoding.hpp"

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
  datagram,       // Unreliable: to a queue pair of that kind, and no answer.
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
enum class Opcode : std::uint8_t { read, write, fetch_add, compare_swap, send, flush };
constexpr bool is_write(Opcode op) { return op != Opcode::read && op != Opcode::flush; }
constexpr bool is_atomic(Opcode op) {
  return op == Opcode::fetch_add || op == Opcode::compare_swap;
}
// The answer has data: the requester cannot do without it.
constexpr bool has_answer(Opcode op) { return op == Opcode::read || is_atomic(op); }

// With it, where a send by XRC goes: a shared receive queue, which others do not have.
inline void encode_opcode(sim::Encoder& out, Opcode op, QpId srq) {
  out.add(static_cast<std::uint8_t>(static_cast<unsigned>(op) + (srq.some() ? 128U : 0U)));
  if (srq.some()) sim::encode(out, srq);
}

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
  QpId srq{};             // Of a send by XRC: the shared receive queue.

  bool operator==(const Message&) const = default;
  void encode(sim::Encoder& out) const {
    const auto& [what, its_epoch, its_op, is_ok, region, use, range, number, waits, to, from,
                 wanted, queue, place, says, again, halves, cause, shared] = *this;
    out.add(static_cast<std::uint8_t>(what));
    out.add(its_epoch);
    encode_opcode(out, its_op, shared);
    out.add(static_cast<std::uint8_t>(is_ok + 2 * again + 4 * halves));
    sim::encode(out, region);
    sim::encode(out, use);
    sim::encode(out, range);
    sim::encode(out, number);
    sim::encode(out, waits);
    sim::encode(out, to);
    sim::encode(out, from);
    sim::encode(out, wanted);
    sim::encode(out, queue);
    sim::encode(out, place);
    sim::encode(out, says);
    sim::encode(out, cause);
  }
};

}  // namespace model
