// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a message does when it arrives, and the bookkeeping between the owner of a handle and its
// users.

#include "model/flow/context.hpp"

namespace model {

// The user's attachment to the handle, made if there is none; none if the handle is gone.
AttachmentId attach(Context& c, MrId handle, MmId user, AdapterId card);

// A message arrives at `host`. The context is that of the interrupt.
void deliver(Context& c, HostId host, const Message& message);

// A transfer that was posted is over, unless it was terminated before.
struct Completion {
  TaskId task{};
  AttachmentId attachment{};
  std::uint8_t epoch = 0;
  Result result{};
};
void complete(Context& c, const Completion& over);

// The fabric has told `here` that `other` is dead.
bool knows_down(const Context& c, HostId here, HostId other);

// A revocation has waited too long for this user: cut it off.
void expire(Context& c, AttachmentId attachment);

// The link to the user may lose, delay or double messages about handles.
bool messages_may_fail(const Context& c, AttachmentId attachment);

// Tells the user of the recall.
void send_shootdown(Context& c, const Recall& recall);

// The user's transfers in flight end with ECANCELED.
void terminate_transfers(Context& c, AttachmentId attachment);

}  // namespace model
