// SPDX-License-Identifier: Apache-2.0
#pragma once

// A reliable connection at work. The requester sends a packet for each page, and again from the
// oldest on that is not acknowledged when it has waited too long or is told to; the responder takes
// them in the order of their numbers. InfiniBand Architecture Specification, volume 1, chapter 9.7;
// drivers/infiniband/sw/rxe/rxe_comp.c and rxe_resp.c of Linux 6.1.
//
//   requester                                responder
//   ---------                                ---------
//   packet psn, start the timer              psn < expected: answer again, execute no write again
//   ack psn: all up to it are done           psn > expected: NAK, once
//   NAK: again from psn on                   psn == expected: take it, execute it, ack
//   RNR NAK: wait, then again from psn on      a page is missing: RNR NAK, drop, ask the driver
//   timer: again from the oldest on            a page cannot be had: NAK, and the error state
//            [Required: a request completes when its last packet has been executed]

#include "model/flow/context.hpp"

namespace model {

// How long a requester waits after an RNR NAK with this code (0 to 31), in ns: table 45 of the
// specification.
sim::Nanoseconds rnr_timer(std::uint8_t code);

// A work request of the task goes into the send queue, and out as far as that may be.
void post_send(Context& c, QpId qp, const Packet& request, PageRange pages);

// A packet arrives at the responder; its answer arrives; the requester's timer is over.
void packet_arrives(Context& c, const Message& packet);
void answer_arrives(Context& c, const Message& answer);
void expire(Context& c, QpId qp);

// The responder has no translation for the packet in hand, and asks its driver: an RNR NAK. Of
// datagrams nothing is said.
void fault_in(Context& c, QpId qp);

// A write was received, translated, and counts as done; it is not visible yet.
void add_to_path(Context& c, QpId qp, const PostedWrite& write);

// The driver completes what its device will not any more: mlx5_ib_handle_internal_error().
void card_hangs(Context& c, AdapterId card);

// The engine of a responder: one packet after the other.
struct Respond {
  static constexpr std::string_view name = "respond";
  static constexpr std::array<std::string_view, 3> steps{"take", "push", "answer"};
  enum class Step : std::uint8_t { take, push, answer } step = Step::take;
  bool repeated = false;  // The packet in hand.
  QpId qp{};

  bool operator==(const Respond&) const = default;
  Wait guard() const;
  Next run(Context& c);

 private:
  Next take(Context& c);
  Next flush(Context& c, const Message& packet);
  Next finish(Context& c);
  Next refuse(Context& c, std::uint32_t psn);
};

// What is behind the card, up to memory: posted writes that were acknowledged, one after the other.
struct PostedWrites {
  static constexpr std::string_view name = "posted_writes";
  static constexpr std::array<std::string_view, 1> steps{"land"};
  enum class Step : std::uint8_t { land } step = Step::land;
  QpId qp{};

  bool operator==(const PostedWrites&) const = default;
  Next run(Context& c);
};

}  // namespace model
