// SPDX-License-Identifier: Apache-2.0
// What a policy does with the users of a handle.
#include "model/flow/all.hpp"
#include "model/flow/users.hpp"
#include "model/policy/driver.hpp"

namespace model {
namespace {

PageRange offsets(const Registration& region, PageRange pages) {
  return {.first = Page{pages.first.value - region.pages.first.value}, .count = pages.count};
}

HostId owner_host(Context& c, MrId mr) { return c.adapter(c.registration(mr).adapter).host; }

HostId user_host(Context& c, AttachmentId attachment) {
  return c.adapter(c.attachment(attachment).card).host;
}

}  // namespace

const Attachment& Driver::attachment(AttachmentId attachment) const {
  return context_.attachment(attachment);
}

AttachmentId Driver::next_user(MrId mr, AttachmentId from, PageRange pages) const {
  const PageRange wanted = offsets(context_.registration(mr), pages);
  const auto& all = context_.machine.attachments;
  for (std::uint32_t i = from.value; i < all.size(); ++i) {
    if (all[i].handle != mr) continue;
    const bool leaving = std::ranges::any_of(context_.machine.recalls, [&](const Recall& recall) {
      return recall.attachment == AttachmentId{i} && recall.pages.overlaps(pages);
    });
    if (leaving || all[i].granted.overlaps(wanted.first.value, wanted.count)) {
      return AttachmentId{i};
    }
  }
  return {};
}

AttachmentId Driver::next_attached(MrId mr, AttachmentId from) const {
  const auto& all = context_.machine.attachments;
  for (std::uint32_t i = from.value; i < all.size(); ++i) {
    if (all[i].handle == mr && all[i].attached) return AttachmentId{i};
  }
  return {};
}

AttachmentId Driver::inactive_sibling(AttachmentId attachment) const {
  const MmId user = context_.attachment(attachment).user;
  const auto& all = context_.machine.attachments;
  for (std::uint32_t i = 0; i < all.size(); ++i) {
    if (all[i].user != user || !all[i].attached || AttachmentId{i} == attachment) continue;
    const std::uint32_t pages = context_.registration(all[i].handle).pages.count;
    if (!all[i].active.contains_all(0, pages)) return AttachmentId{i};
  }
  return {};
}

bool Driver::active(AttachmentId attachment, PageRange pages) const {
  const Attachment& use = context_.attachment(attachment);
  const PageRange wanted = offsets(context_.registration(use.handle), pages);
  return use.active.contains_all(wanted.first.value, wanted.count);
}

void Driver::ask_owner(AttachmentId attachment, PageRange pages) {
  const MrId mr = context_.attachment(attachment).handle;
  const HostId owner = owner_host(context_, mr);
  if (knows_down(context_, context_.task().host, owner)) {
    context_.task().result = Result::error(EREMOTEIO);
    return;
  }
  context_.machine.asked.push_back({.task = context_.self, .attachment = attachment});
  context_.emit({.kind = EventKind::activate,
                 .mm = context_.registration(mr).mm,
                 .pages = pages,
                 .mr = mr,
                 .attachment = attachment});
  context_.send(user_host(context_, attachment), owner_host(context_, mr),
                {.kind = MessageKind::activate,
                 .mr = mr,
                 .attachment = attachment,
                 .pages = pages,
                 .task = context_.self});
}

void Driver::grant(AttachmentId attachment, PageRange pages, TaskId requester) {
  Attachment& use = context_.attachment(attachment);
  if (!use.attached) return answer_user(MessageKind::inactive, attachment, pages, requester);
  const PageRange granted = offsets(context_.registration(use.handle), pages);
  use.granted.add(granted.first.value, granted.count);
  context_.emit({.kind = EventKind::handle_active,
                 .mm = context_.registration(use.handle).mm,
                 .pages = pages,
                 .mr = use.handle,
                 .attachment = attachment,
                 .adapter = use.card});
  answer_user(MessageKind::active, attachment, pages, requester);
}

void Driver::refuse(AttachmentId attachment, PageRange pages, TaskId requester) {
  const MrId mr = context_.attachment(attachment).handle;
  context_.emit({.kind = EventKind::handle_failed,
                 .mm = context_.registration(mr).mm,
                 .pages = pages,
                 .mr = mr,
                 .attachment = attachment});
  answer_user(MessageKind::inactive, attachment, pages, requester);
}

// Nobody waits for a refusal of what nobody asked for.
void Driver::answer_user(MessageKind answer, AttachmentId attachment, PageRange pages,
                         TaskId requester) {
  const Attachment& use = context_.attachment(attachment);
  if (answer == MessageKind::inactive && !requester.some()) return;
  context_.send(owner_host(context_, use.handle), user_host(context_, attachment),
                {.kind = answer,
                 .epoch = use.owner_epoch,
                 .mr = use.handle,
                 .attachment = attachment,
                 .pages = pages,
                 .task = requester});
}

void Driver::shoot_down(AttachmentId attachment, PageRange pages, std::uint64_t expires_ns) {
  Attachment& use = context_.attachment(attachment);
  const PageRange gone = offsets(context_.registration(use.handle), pages);
  use.granted.remove(gone.first.value, gone.count);
  if (messages_may_fail(context_, attachment)) ++use.recalls;
  const Recall recall{
      .task = context_.self, .attachment = attachment, .pages = pages, .number = use.recalls};
  context_.machine.recalls.push_back(recall);
  context_.spend(Cost::message);
  context_.emit({.kind = EventKind::shootdown,
                 .mm = context_.registration(use.handle).mm,
                 .pages = pages,
                 .mr = use.handle,
                 .attachment = attachment,
                 .adapter = use.card});
  send_shootdown(context_, recall);
  if (expires_ns != 0) context_.set_timer(attachment, expires_ns);
}

void Driver::signal_early(AttachmentId attachment, PageRange pages) {
  const Attachment& use = context_.attachment(attachment);
  context_.emit({.kind = EventKind::sigbus,
                 .mm = context_.registration(use.handle).mm,
                 .pages = pages,
                 .mr = use.handle,
                 .attachment = attachment});
}

void Driver::forget_recalls() {
  drop_if(context_.machine.recalls,
          [this](const Recall& recall) { return recall.task == context_.self; });
}

void Driver::all_answered(MrId mr) {
  context_.emit({.kind = EventKind::owner_answered, .mm = context_.registration(mr).mm, .mr = mr});
}

void Driver::map_card(AttachmentId attachment, bool whole_process) {
  Attachment& use = context_.attachment(attachment);
  use.mapped = true;
  if (whole_process) context_.mm(use.user).card_mapped = true;
  context_.emit({.kind = EventKind::card_mapped,
                 .mr = use.handle,
                 .attachment = attachment,
                 .adapter = use.card});
}

void Driver::unmap_card(AttachmentId attachment, PageRange, bool whole_process) {
  Attachment& use = context_.attachment(attachment);
  const bool was_mapped = use.mapped;
  use.mapped = false;
  if (whole_process) context_.mm(use.user).card_mapped = false;
  if (!was_mapped) return;
  context_.emit({.kind = EventKind::card_unmapped,
                 .mr = use.handle,
                 .attachment = attachment,
                 .adapter = use.card});
}

void Driver::terminate(AttachmentId attachment) { terminate_transfers(context_, attachment); }

void Driver::answer_owner(const PolicyCall& call) {
  const AttachmentId attachment = call.attachment;
  const Attachment& use = context_.attachment(attachment);
  context_.spend(Cost::message);
  context_.emit({.kind = EventKind::quiesced,
                 .mr = use.handle,
                 .attachment = attachment,
                 .adapter = use.card});
  context_.send(user_host(context_, attachment), owner_host(context_, use.handle),
                {.kind = MessageKind::quiesced,
                 .epoch = use.epoch,
                 .mr = use.handle,
                 .attachment = attachment,
                 .value = call.cut_offs,
                 .task = call.requester});
}

void Driver::activate_again(AttachmentId attachment, PageRange pages) {
  const MrId mr = context_.attachment(attachment).handle;
  context_.spawn(
      {PolicyCall{.hook = Hook::activate, .mr = mr, .attachment = attachment, .pages = pages}},
      owner_host(context_, mr));
}

void Driver::take_away(AttachmentId attachment, PageRange pages) {
  Attachment& use = context_.attachment(attachment);
  const PageRange gone = offsets(context_.registration(use.handle), pages);
  use.active.remove(gone.first.value, gone.count);
}

}  // namespace model
