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

// The responder has no translation for the packet in hand, and asks its driver: an RNR NAK.
void fault_in(Context& c, QpId qp);

// The driver completes what its device will not any more: mlx5_ib_handle_internal_error().
void card_hangs(Context& c, AdapterId card);

// The engine of a responder: one packet after the other.
struct Respond {
  static constexpr std::string_view name = "respond";
  static constexpr std::array<std::string_view, 2> steps{"take", "answer"};
  enum class Step : std::uint8_t { take, answer } step = Step::take;
  bool repeated = false;  // The packet in hand.
  QpId qp{};

  bool operator==(const Respond&) const = default;
  Next run(Context& c);

 private:
  Next take(Context& c);
  Next finish(Context& c);
  Next refuse(Context& c, std::uint32_t psn);
};

// ibv_post_recv(), by a process at the far end: where the next send that nobody waits for goes.
struct PostReceive {
  static constexpr std::string_view name = "post_receive";
  static constexpr std::array<std::string_view, 1> steps{"post"};
  enum class Step : std::uint8_t { post } step = Step::post;
  QpId qp{};
  MrId mr{};
  PageRange pages{};

  bool operator==(const PostReceive&) const = default;
  Next run(Context& c);
};

// ibv_poll_cq(), until a receive has completed. The result is what has come; ECANCELED if the
// responder is in the error state, or its card hangs.
struct PollReceive {
  static constexpr std::string_view name = "poll_receive";
  static constexpr std::array<std::string_view, 1> steps{"poll"};
  enum class Step : std::uint8_t { poll } step = Step::poll;
  QpId qp{};

  bool operator==(const PollReceive&) const = default;
  Wait guard() const;
  Next run(Context& c);
};

}  // namespace model
