// SPDX-License-Identifier: Apache-2.0
#pragma once

// What travels between hosts. A link delivers in order in each direction.

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
};

struct Message {
  MessageKind kind = MessageKind::send;
  std::uint8_t epoch = 0;  // Of the attachment, when the request was posted.
  bool write = false;
  bool ok = true;
  MrId mr{};
  AttachmentId attachment{};
  PageRange pages{};
  Value value = 0;
  TaskId task{};    // Who waits for the answer.
  MmId receiver{};  // Of `send`.
  MmId sender{};

  bool operator==(const Message&) const = default;
};

}  // namespace model
