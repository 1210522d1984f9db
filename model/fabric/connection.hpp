// SPDX-License-Identifier: Apache-2.0
#pragma once

// The state of a reliable connection (RC), of both ends: InfiniBand Architecture Specification,
// volume 1, chapter 9.7. A packet is for one page, and packet sequence numbers count from 0 without
// an end. The functions that move it are in model/flow/connection.hpp.

#include "model/fabric/message.hpp"
#include "model/memory/small.hpp"

namespace model {

// A packet that the requester has sent, or will when it may, and that is not acknowledged.
struct Packet {
  Opcode op = Opcode::read;
  bool first = false;  // Of the work request of `task`.
  bool half = false;   // Half of its packets are up to this one.
  bool last = false;
  MrId mr{};
  Page page{};
  Value value = 0;
  Value compare = 0;
  Value result = 0;  // What the first packet of the same request has read.
  TaskId task{};
  LineId line{};

  bool operator==(const Packet&) const = default;
};

// ibv_post_recv(): where the data of a send goes.
struct ReceiveBuffer {
  MrId mr{};
  Page page{};

  bool operator==(const ReceiveBuffer&) const = default;
};

// What the last atomic operation has given: a packet that comes again must not run again. One is
// enough, as a requester has one operation with an answer on its way (max_rd_atomic is 1).
struct Replay {
  std::uint32_t psn = 0xffffffff;  // None.
  Value value = 0;

  bool operator==(const Replay&) const = default;
};

struct Connection {
  // At most one of the requester's two timers runs.
  enum class Timer : std::uint8_t { none, acknowledgement, not_ready };

  // The requester's send queue.
  bool failed = false;  // In the error state: whatever is posted is flushed.
  Timer timer = Timer::none;
  std::uint8_t retries = 0;  // Since a packet was acknowledged last,
  std::uint8_t rnr_retries = 0;
  std::uint32_t unacked = 0;  // The number of the first packet of `window`,
  std::uint32_t unsent = 0;   // and of the first of them that is still to be sent.
  Small<Packet, 1> window{};

  // The responder.
  bool refused = false;        // In the error state: whatever arrives is dropped.
  bool serving = false;        // Its engine works on the first of `received`.
  bool faulting = false;       // A page is missing, and its driver was asked.
  bool gap = false;            // The requester was told which packet is missing.
  std::uint32_t expected = 0;  // The number of the next packet that is taken.
  Small<Message, 1> received{};
  Small<ReceiveBuffer, 1> buffers{};
  Small<Value, 1> arrived{};  // Completions of receives that nobody has polled.
  Replay replay{};

  bool operator==(const Connection&) const = default;
};

}  // namespace model
