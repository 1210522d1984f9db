// SPDX-License-Identifier: Apache-2.0
#pragma once

// What goes from host to host: RDMA, handles, the fabric's failures and a message library.

#include "model/flow/context.hpp"

namespace model {

// An RDMA read or write, seen from the requester. With an attachment the policy is asked whether
// the user may post; with a queue pair and an rkey nobody is asked. The result of a read is a
// value, of an atomic operation what was there before; EREMOTEIO if the peer's card refused,
// ECANCELED if the transfer was terminated, SIGBUS if the owner cannot map the page. By a reliable
// connection also ETIMEDOUT and EAGAIN, when retries have run out, and ECANCELED after any error.
struct Rdma {
  static constexpr std::string_view name = "rdma";
  static constexpr std::array<std::string_view, 3> steps{"post", "touched", "complete"};
  enum class Step : std::uint8_t { post, touched, complete } step = Step::post;
  Opcode op = Opcode::read;
  QpId qp{};
  AdapterId card{};
  AttachmentId attachment{};
  MrId mr{};  // None: of a send, which does not say where it goes.
  PageRange pages{};
  Value value = 0;
  Value compare = 0;
  QpId srq{};  // Of a send by XRC.

  bool operator==(const Rdma&) const = default;
  void encode(sim::Encoder& out) const;
  Wait guard() const;
  Next run(Context& c);

 private:
  bool ready(Context& c) const;
  HostId peer(const Context& c) const;
  Next post(Context& c);
  Next connected(Context& c);
  Next datagram(Context& c) const;
  void announce(Context& c, const Posted& entry);
};

// A transfer whose local side is memory, too: the card reads what it sends, and writes what comes,
// page by page, and faults there as elsewhere.
struct LocalTransfer {
  static constexpr std::string_view name = "local_transfer";
  static constexpr std::array<std::string_view, 4> steps{"gather", "post", "scatter", "next"};
  enum class Step : std::uint8_t { gather, post, scatter, next } step = Step::gather;
  Rdma remote{};  // Of all pages.
  MrId mr{};
  PageRange pages{};
  std::uint32_t done = 0;
  Value first = 0;

  bool operator==(const LocalTransfer&) const = default;
  Next run(Context& c);

 private:
  Next access(Context& c, Opcode op) const;
  Result local_error(Context& c) const;
  Next post(Context& c) const;
};

// The peer's side of it: the owner's card serves a request.
struct Serve {
  static constexpr std::string_view name = "serve";
  static constexpr std::array<std::string_view, 2> steps{"receive", "respond"};
  enum class Step : std::uint8_t { receive, respond } step = Step::receive;
  Message request{};

  bool operator==(const Serve&) const = default;
  Next run(Context& c);
};

// A queue pair to the peer's card. The result is the object made.
struct Connect {
  static constexpr std::string_view name = "connect";
  static constexpr std::array<std::string_view, 1> steps{"connect"};
  enum class Step : std::uint8_t { connect } step = Step::connect;
  MmId user{};
  AdapterId card{};
  AdapterId peer{};

  bool operator==(const Connect&) const = default;
  Next run(Context& c);
};

// attach() and detach() of a handle.
struct Attach {
  static constexpr std::string_view name = "attach";
  static constexpr std::array<std::string_view, 1> steps{"attach"};
  enum class Step : std::uint8_t { attach } step = Step::attach;
  MmId user{};
  AdapterId card{};
  MrId handle{};

  bool operator==(const Attach&) const = default;
  Next run(Context& c);
};

struct Detach {
  static constexpr std::string_view name = "detach";
  static constexpr std::array<std::string_view, 2> steps{"unmap", "leave"};
  enum class Step : std::uint8_t { unmap, leave } step = Step::unmap;
  AttachmentId attachment{};

  bool operator==(const Detach&) const = default;
  Wait guard() const;
  Next run(Context& c);
};

// One-sided access through a window of the message library: attaches at the first use.
struct Window {
  static constexpr std::string_view name = "window";
  static constexpr std::array<std::string_view, 2> steps{"attach", "transfer"};
  enum class Step : std::uint8_t { attach, transfer } step = Step::attach;
  Opcode op = Opcode::read;
  MmId user{};
  AdapterId card{};
  MrId handle{};
  PageRange pages{};
  Value value = 0;

  bool operator==(const Window&) const = default;
  Next run(Context& c);
};

// Two-sided messages of the library.
struct Send {
  static constexpr std::string_view name = "send";
  static constexpr std::array<std::string_view, 1> steps{"send"};
  enum class Step : std::uint8_t { send } step = Step::send;
  MmId sender{};
  MmId receiver{};
  Value value = 0;

  bool operator==(const Send&) const = default;
  Next run(Context& c);
};

struct Receive {
  static constexpr std::string_view name = "receive";
  static constexpr std::array<std::string_view, 1> steps{"receive"};
  enum class Step : std::uint8_t { receive } step = Step::receive;
  MmId receiver{};
  MmId sender{};

  bool operator==(const Receive&) const = default;
  Wait guard() const;
  Next run(Context& c);
};

// A host's links carry nothing any more, or again: what is on the wire still arrives.
struct Unplug {
  static constexpr std::string_view name = "unplug";
  static constexpr std::array<std::string_view, 1> steps{"link"};
  enum class Step : std::uint8_t { link } step = Step::link;
  HostId host{};
  enum class Change : std::uint8_t { down, up } change = Change::down;

  bool operator==(const Unplug&) const = default;
  Next run(Context& c);
};

// Some hosts and all others do not reach each other any more, or all do again.
struct Partition {
  static constexpr std::string_view name = "partition";
  static constexpr std::array<std::string_view, 1> steps{"cut"};
  enum class Step : std::uint8_t { cut } step = Step::cut;
  std::uint16_t side = 0;  // Hosts, as bits; none: all reach each other.

  bool operator==(const Partition&) const = default;
  Next run(Context& c);
};

// A single link goes down or up, or a switch dies: what is on the wire still arrives. The fabric
// finds another way at once, if there is one.
struct Rewire {
  static constexpr std::string_view name = "rewire";
  static constexpr std::array<std::string_view, 1> steps{"link"};
  enum class Step : std::uint8_t { link } step = Step::link;
  LinkId link{};
  SwitchId dead{};
  Unplug::Change change = Unplug::Change::down;

  bool operator==(const Rewire&) const = default;
  Next run(Context& c);
};

// A host dies: its tasks stop, and the fabric tells the living.
struct Kill {
  static constexpr std::string_view name = "kill";
  static constexpr std::array<std::string_view, 1> steps{"kill"};
  enum class Step : std::uint8_t { kill } step = Step::kill;
  HostId victim{};

  bool operator==(const Kill&) const = default;
  Next run(Context& c);
};

}  // namespace model
