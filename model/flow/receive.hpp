// SPDX-License-Identifier: Apache-2.0
#pragma once

// Queues of receives: of the far end of a connection, of a queue pair for datagrams (UD), and those
// that connections share (XRC). InfiniBand Architecture Specification, volume 1, 9.8.3 and annex
// A14; drivers/infiniband/sw/rxe/rxe_resp.c of Linux 6.1.
//
// Invariant: a receive is in one queue. A connection that takes one from a shared queue has it as
// the first of its own until its packet has landed, or was dropped.

#include "model/flow/context.hpp"

namespace model {

// The receive that is next: of the connection itself, or taken from a shared queue by it. False if
// there is none.
bool take_buffer(Context& c, QpId qp, QpId srq);

// The packet was dropped: what take_buffer() took is the next receive again.
void give_buffer_back(Context& c, QpId qp, QpId srq);

// A datagram arrives at the card of the queue pair that it was sent to.
void datagram_arrives(Context& c, const Message& message);

// Those that have come and were not taken are lost.
void drop_received(Context& c, QpId qp);

// ibv_create_qp() of a queue pair for datagrams, ibv_create_srq_ex() of a shared receive queue. The
// result is the object made.
struct CreateQueue {
  static constexpr std::string_view name = "create_queue";
  static constexpr std::array<std::string_view, 1> steps{"create"};
  enum class Step : std::uint8_t { create } step = Step::create;
  QueuePair::Kind kind = QueuePair::Kind::datagram;
  MmId user{};
  AdapterId card{};

  bool operator==(const CreateQueue&) const = default;
  Next run(Context& c);
};

// The receiving end of datagrams: one after the other.
struct TakeDatagram {
  static constexpr std::string_view name = "take_datagram";
  static constexpr std::array<std::string_view, 2> steps{"take", "landed"};
  enum class Step : std::uint8_t { take, landed } step = Step::take;
  QpId qp{};

  bool operator==(const TakeDatagram&) const = default;
  Next run(Context& c);

 private:
  Next landed(Context& c);
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
