// SPDX-License-Identifier: Apache-2.0
#include "model/flow/users.hpp"

#include "model/flow/all.hpp"

namespace model {
namespace {

bool recalled(const Machine& machine, AttachmentId attachment) {
  return std::ranges::any_of(machine.recalls,
                             [&](const Recall& recall) { return recall.attachment == attachment; });
}

// All revocations that wait for this user have their answer.
void answer_recalls(Context& c, AttachmentId attachment) {
  auto& recalls = c.machine.recalls;
  for (std::size_t i = 0; i < recalls.size();) {
    if (recalls[i].attachment != attachment) {
      ++i;
      continue;
    }
    const TaskId waiting = recalls[i].task;
    recalls.erase(recalls.begin() + static_cast<std::ptrdiff_t>(i));
    c.changed(Wait::Kind::recalled, waiting.value);
  }
}

const RecallProtocol* protocol_of(const Context& c, AttachmentId attachment) {
  const Policy& policy = c.machine.policy_of(c.machine.attachments[attachment.index()].handle);
  if (const auto* handle = std::get_if<HandlePolicy>(&policy)) return handle;
  return std::get_if<XpmemPolicy>(&policy);
}

bool checks_numbers(const Context& c, AttachmentId attachment) {
  const RecallProtocol* protocol = protocol_of(c, attachment);
  return protocol != nullptr && protocol->check_number && messages_may_fail(c, attachment);
}

// The user is told once more, and has as long to answer.
bool resends(Context& c, AttachmentId attachment) {
  const RecallProtocol* protocol = protocol_of(c, attachment);
  if (protocol == nullptr) return false;
  bool sent = false;
  for (Recall& recall : c.machine.recalls) {
    if (recall.attachment != attachment || recall.resent >= protocol->resend) continue;
    ++recall.resent;
    send_shootdown(c, recall);
    sent = true;
  }
  if (sent) c.set_timer(attachment, protocol->quiesce_timeout);
  return sent;
}

void forget_user(Context& c, AttachmentId attachment) {
  c.attachment(attachment).granted = {};
  answer_recalls(c, attachment);
  c.cancel_timer(attachment);
}

// The task that asked for an activation has its answer; nobody may have asked.
void answer_asker(Context& c, TaskId task, AttachmentId attachment, Result result) {
  auto& asked = c.machine.asked;
  const auto own =
      std::find(asked.begin(), asked.end(), Asked{.task = task, .attachment = attachment});
  if (own == asked.end()) return;
  asked.erase(own);
  c.machine.tasks[task.index()].result = result;
  c.changed(Wait::Kind::answered, task.value);
}

void peer_is_down(Context& c, HostId here, HostId victim) {
  if (knows_down(c, here, victim)) return;
  c.emit({.kind = EventKind::peer_down, .value = victim.value});
  c.host(here).down.push_back(victim);
  for (std::uint32_t i = 0; i < c.machine.attachments.size(); ++i) {
    Attachment& use = c.machine.attachments[i];
    const HostId owner = c.adapter(c.registration(use.handle).adapter).host;
    if (c.adapter(use.card).host != victim || owner != here) continue;
    ++use.owner_epoch;
    use.attached = false;
    forget_user(c, AttachmentId{i});
  }
  const auto posted = c.machine.posted;
  for (const Posted& entry : posted) {
    if (entry.peer != victim || c.machine.tasks[entry.task.index()].host != here) continue;
    if (entry.qp.some()) continue;  // Its own time-out tells it.
    complete(c, {entry.task, entry.attachment, entry.epoch, Result::error(EREMOTEIO)});
  }
  const auto asked = c.machine.asked;
  for (const Asked& entry : asked) {
    const MrId handle = c.attachment(entry.attachment).handle;
    if (c.adapter(c.registration(handle).adapter).host != victim) continue;
    if (c.machine.tasks[entry.task.index()].host != here) continue;
    answer_asker(c, entry.task, entry.attachment, Result::error(EREMOTEIO));
  }
}

PolicyCall hook_for(Context& c, Hook hook, const Message& message) {
  return {.hook = hook,
          .mr = c.attachment(message.attachment).handle,
          .attachment = message.attachment,
          .pages = message.pages,
          .cut_offs = message.value,
          .requester = message.task};
}

// The owner's answer to an activation, in the user's kernel.
void activated(Context& c, const Message& message, bool active) {
  Attachment& use = c.attachment(message.attachment);
  if (active) {
    const PageRange region = c.registration(use.handle).pages;
    use.active.add(message.pages.first.value - region.first.value, message.pages.count);
    use.epoch = message.epoch;
  }
  answer_asker(c, message.task, message.attachment,
               active ? Result::success() : Result::error(EFAULT));
}

}  // namespace

AttachmentId attach(Context& c, MrId handle, MmId user, AdapterId card) {
  if (!card.some() || !c.registration(handle).live) return {};
  auto& all = c.machine.attachments;
  for (std::uint32_t i = 0; i < all.size(); ++i) {
    if (all[i].handle == handle && all[i].user == user && all[i].attached) return AttachmentId{i};
  }
  all.push_back({.handle = handle, .user = user, .card = card});
  c.mm(user).card_mapped = false;  // The new handle is not active yet.
  return AttachmentId{static_cast<std::uint32_t>(all.size() - 1)};
}

void deliver(Context& c, HostId host, const Message& message) {
  if (c.host(host).dead) return;
  switch (message.kind) {
    case MessageKind::rdma_request:
      c.spawn({Serve{.request = message}}, host);
      return;
    case MessageKind::rdma_response:
      complete(c, {message.task, message.attachment, message.epoch,
                   message.ok ? Result::value(has_answer(message.op) ? message.value : 0)
                              : Result::error(EREMOTEIO)});
      return;
    case MessageKind::activate:
      c.spawn({hook_for(c, Hook::activate, message)}, host);
      return;
    case MessageKind::active:
      activated(c, message, true);
      return;
    case MessageKind::inactive:
      activated(c, message, false);
      return;
    case MessageKind::shootdown:
      c.spawn({hook_for(c, Hook::shootdown, message)}, host);
      return;
    case MessageKind::quiesced: {
      auto& recalls = c.machine.recalls;
      const bool numbered = checks_numbers(c, message.attachment);
      const auto own = std::ranges::find_if(recalls, [&](const Recall& recall) {
        return recall.task == message.task && recall.attachment == message.attachment &&
               (!numbered || recall.number == message.value >> 8);
      });
      const bool in_time = c.attachment(message.attachment).cut_offs == (message.value & 0xff);
      if (own == recalls.end() || !in_time) return;
      recalls.erase(own);
      if (!recalled(c.machine, message.attachment)) c.cancel_timer(message.attachment);
      c.attachment(message.attachment).owner_epoch = message.epoch;
      c.changed(Wait::Kind::recalled, message.task.value);
      return;
    }
    case MessageKind::detached:
      ++c.attachment(message.attachment).owner_epoch;
      forget_user(c, message.attachment);
      return;
    case MessageKind::peer_down:
      peer_is_down(c, host, HostId{message.value});
      return;
    case MessageKind::send:
      c.machine.mail.push_back(
          {.receiver = message.receiver, .sender = message.sender, .value = message.value});
      c.emit({.kind = EventKind::message, .mm = message.receiver, .value = message.value});
      c.changed(Wait::Kind::mail, message.receiver.value);
      return;
    case MessageKind::rc_packet:
      packet_arrives(c, message);
      return;
    case MessageKind::rc_answer:
      answer_arrives(c, message);
      return;
    case MessageKind::datagram:
      datagram_arrives(c, message);
      return;
  }
}

void complete(Context& c, const Completion& over) {
  auto& posted = c.machine.posted;
  const auto own = std::find_if(posted.begin(), posted.end(), [&](const Posted& entry) {
    return entry.task == over.task && entry.attachment == over.attachment &&
           entry.epoch == over.epoch;
  });
  if (own == posted.end()) return;
  posted.erase(own);
  c.machine.tasks[over.task.index()].result = over.result;
  c.changed(Wait::Kind::answered, over.task.value);
  if (over.attachment.some()) c.changed(Wait::Kind::drained, over.attachment.value);
}

bool knows_down(const Context& c, HostId here, HostId other) {
  const auto& down = c.machine.hosts[here.index()].down;
  return std::ranges::find(down, other) != down.end();
}

void expire(Context& c, AttachmentId attachment) {
  if (!recalled(c.machine, attachment) || resends(c, attachment)) return;
  Attachment& use = c.attachment(attachment);
  ++use.owner_epoch;
  ++use.cut_offs;
  c.emit({.kind = EventKind::quiesce_expired,
          .mr = use.handle,
          .attachment = attachment,
          .adapter = use.card});
  forget_user(c, attachment);
}

bool messages_may_fail(const Context& c, AttachmentId attachment) {
  const Machine& machine = c.machine;
  const Attachment& use = machine.attachments[attachment.index()];
  const HostId owner =
      machine.adapters[machine.registrations[use.handle.index()].adapter.index()].host;
  const HostId user = machine.adapters[use.card.index()].host;
  const RecallProtocol* protocol = protocol_of(c, attachment);
  if (protocol != nullptr && protocol->resend > 0) return true;
  const auto hosts = static_cast<std::uint32_t>(machine.hosts.size());
  return std::ranges::any_of(c.setup.links, [&](const LinkSetup& link) {
    const bool of_switch = link.left.value >= hosts || link.right.value >= hosts;
    const bool between = of_switch || link.joins(node_of(owner), node_of(user));
    return between && (link.lost != 0 || link.late != 0 || link.doubled != 0);
  });
}

void send_shootdown(Context& c, const Recall& recall) {
  const Attachment& use = c.attachment(recall.attachment);
  c.send(c.adapter(c.registration(use.handle).adapter).host, c.adapter(use.card).host,
         {.kind = MessageKind::shootdown,
          .mr = use.handle,
          .attachment = recall.attachment,
          .pages = recall.pages,
          .value = use.cut_offs + (std::uint32_t{recall.number} << 8),
          .task = recall.task});
}

void terminate_transfers(Context& c, AttachmentId attachment) {
  Attachment& use = c.attachment(attachment);
  const std::uint8_t epoch = use.epoch;
  ++use.epoch;
  const auto posted = c.machine.posted;
  for (const Posted& entry : posted) {
    if (entry.attachment != attachment || entry.epoch != epoch) continue;
    c.emit({.kind = EventKind::terminated,
            .mr = use.handle,
            .attachment = attachment,
            .adapter = use.card});
    complete(c, {entry.task, attachment, epoch, Result::error(ECANCELED)});
  }
}

}  // namespace model
