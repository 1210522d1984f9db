// SPDX-License-Identifier: Apache-2.0
#pragma once

// The state of a reliable connection (RC), of both ends: InfiniBand Architecture Specification,
// volume 1, chapter 9.7. A packet is for one page, and packet sequence numbers count from 0 without
// an end. The functions that move it are in model/flow/connection.hpp.

#include <algorithm>
#include <vector>

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
  QpId srq{};  // Of a send by XRC.

  bool operator==(const Packet&) const = default;
  void encode(sim::Encoder& out) const {
    const auto& [its_op, starts, halves, ends, region, where, number, wanted, found, waits, cause,
                 shared] = *this;
    encode_opcode(out, its_op, shared);
    out.add(static_cast<std::uint8_t>(starts + 2 * halves + 4 * ends));
    sim::encode(out, region);
    sim::encode(out, where);
    sim::encode(out, number);
    sim::encode(out, wanted);
    sim::encode(out, found);
    sim::encode(out, waits);
    sim::encode(out, cause);
  }
};

// ibv_post_recv(): where the data of a send goes.
struct ReceiveBuffer {
  MrId mr{};
  Page page{};

  bool operator==(const ReceiveBuffer&) const = default;
};

// enum ibv_selectivity_level: the value of a flush.
inline constexpr Value level_range = 0;
inline constexpr Value level_region = 1;

// What the last atomic operation has given: a packet that comes again must not run again. One is
// enough, as a requester has one operation with an answer on its way (max_rd_atomic is 1).
struct Replay {
  std::uint32_t psn = 0xffffffff;  // None.
  Value value = 0;

  bool operator==(const Replay&) const = default;
};

// A write that the responder's card has acknowledged and that is on its way to memory: a posted
// write of PCI Express. Its translation is in Adapter::transfers, of no task.
struct PostedWrite {
  MrId mr{};
  Page page{};
  Value value = 0;
  LineId line{};

  bool operator==(const PostedWrite&) const = default;
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
  std::vector<PostedWrite> path{};  // In order.

  bool operator==(const Connection&) const = default;

  // What must be visible before the first of `received` is executed, is. PCI Express: nothing
  // passes a posted write but another connection's. A flush is for a page, or for a region.
  bool path_clear() const {
    if (path.empty() || received.empty() || received.front().op == Opcode::write) return true;
    const Message& first = received.front();
    return first.op == Opcode::flush && std::ranges::none_of(path, [&](const PostedWrite& write) {
             return write.mr == first.mr &&
                    (first.value == level_region || write.page == first.pages.first);
           });
  }
};

}  // namespace model
