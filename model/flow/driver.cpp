// SPDX-License-Identifier: Apache-2.0
#include "model/policy/driver.hpp"

#include "model/flow/all.hpp"
#include "model/flow/users.hpp"

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

const Registration& Driver::registration(MrId mr) const { return context_.registration(mr); }

void Driver::lock(MrId mr) { context_.take(driver_lock(mr), LockMode::write); }
void Driver::unlock(MrId mr) { context_.release(driver_lock(mr)); }

void Driver::watch_interval(MrId mr) {
  const Registration& region = context_.registration(mr);
  context_.notifier(region.mm).intervals.insert(mr, region.pages);
}

void Driver::unwatch_interval(MrId mr) {
  context_.notifier(context_.registration(mr).mm).intervals.remove(mr);
  context_.changed(Wait::Kind::unwatched, mr.value);
}

void Driver::listen(MrId mr) { context_.notifier(context_.registration(mr).mm).listen(mr); }
void Driver::unlisten(MrId mr) {
  context_.notifier(context_.registration(mr).mm).unlisten(mr);
  context_.changed(Wait::Kind::idle, mr.value);
}

std::uint32_t Driver::read_begin(MrId mr) {
  context_.spend(Cost::lock);
  return context_.notifier(context_.registration(mr).mm).intervals.read_begin(mr);
}

bool Driver::read_retry(MrId mr, std::uint32_t begun) const {
  return context_.notifier(context_.registration(mr).mm).intervals.read_retry(mr, begun);
}

bool Driver::invalidation_active(MrId mr) const {
  return context_.notifier(context_.registration(mr).mm).intervals.active() > 0;
}

std::uint32_t Driver::epoch(MrId mr) const {
  return context_.notifier(context_.registration(mr).mm).intervals.epoch();
}

void Driver::set_sequence(MrId mr, std::uint32_t sequence) {
  context_.notifier(context_.registration(mr).mm).intervals.set_sequence(mr, sequence);
}

void Driver::count_start(MrId mr) {
  ++context_.registration(mr).ranges;
  context_.changed(Wait::Kind::idle, mr.value);
}

void Driver::count_end(MrId mr) {
  Registration& region = context_.registration(mr);
  if (region.ranges == 0) {
    context_.emit({.kind = EventKind::unpaired_end, .mm = region.mm, .mr = mr});
  } else {
    --region.ranges;
  }
  ++region.invalidate_seq;
  context_.changed(Wait::Kind::idle, mr.value);
}

void Driver::allocate_memory() { context_.might_alloc(); }

void Driver::put_address_space(MrId mr) {
  const MmId mm = registration(mr).mm;
  context_.might_wait(Wait::lock(mmap_lock(mm), LockMode::write));
  for (const Vma& vma : std::as_const(context_.machine).spaces[mm.index()].vmas) {
    if (vma.anon.some()) context_.might_wait(Wait::lock(rmap_lock(vma.anon), LockMode::write));
  }
}

bool Driver::test_young(MrId mr, PageRange pages) const {
  bool young = false;
  registration(mr).table.for_each(
      pages, [&](Page, const PfnEntry& entry) { young = young || entry.young; });
  return young;
}

void Driver::clear_young(MrId mr, PageRange pages) {
  Registration& region = context_.registration(mr);
  for (std::uint32_t i = 0; i < pages.count; ++i) {
    PfnEntry entry = region.table.at(pages.at(i));
    if (!entry.young) continue;
    entry.young = false;
    region.table.set(pages.at(i), entry);
  }
}

bool Driver::in_progress(MrId mr) const { return context_.machine.in_progress(mr); }

Next Driver::look_up(MrId mr, Page page, bool write) {
  return context_.call({GetPage{.mode = GetPage::Mode::look_up,
                                .write = write,
                                .mm = context_.registration(mr).mm,
                                .page = page,
                                .mr = mr}});
}

Next Driver::pin(MrId mr, Page page, bool write) {
  return context_.call({GetPage{.mode = GetPage::Mode::pin,
                                .write = write,
                                .mm = context_.registration(mr).mm,
                                .page = page,
                                .mr = mr}});
}

PfnEntry Driver::found() {
  const PfnEntry entry = context_.task().found;
  context_.task().found = {};
  return entry;
}

void Driver::keep(PolicyCall& call) {
  if (call.page == call.pages.first) context_.task().collected.emplace_back();
  context_.collected().found.push_back(call.found);
  call.found = {};
  ++call.page.value;
}

void Driver::forget(const PolicyCall& call) {
  if (call.page != call.pages.first) context_.task().collected.pop_back();
}

void Driver::install_kept(const PolicyCall& call) {
  if (call.page == call.pages.first) return;
  const Small<PfnEntry, 1> found = context_.collected().found;
  context_.task().collected.pop_back();
  for (std::uint32_t i = 0; i < found.size(); ++i) install(call.mr, call.pages.at(i), found[i]);
}

void Driver::unpin_all(MrId mr) {
  for (const FrameId frame : context_.registration(mr).pinned) {
    --context_.frame(frame).pins;
    context_.frame(frame).dirty = true;  // unpin_user_pages_dirty_lock().
    context_.emit({.kind = EventKind::page_unpinned, .frame = frame});
    context_.put(frame);
  }
  context_.registration(mr).pinned.clear();
}

void Driver::mark_dirty(MrId mr, PageRange pages) {
  Machine& machine = context_.machine;
  context_.registration(mr).table.for_each(pages, [&](Page, const PfnEntry& entry) {
    Frame& frame = machine.frames[entry.frame];
    if (entry.write && frame.generation == entry.generation) frame.dirty = true;
  });
}

void Driver::install(MrId mr, Page page, PfnEntry entry) {
  Registration& region = context_.registration(mr);
  entry.young = true;
  region.table.set(page, entry);
  if (region.pinned.empty()) context_.spend(Cost::pfn_update);  // Else it is part of the pin.
  context_.emit({.kind = EventKind::pfn_installed,
                 .detail = entry.write,
                 .mm = region.mm,
                 .pages = one_page(page),
                 .mr = mr,
                 .frame = entry.frame});
  end_lookup(mr, page);
}

void Driver::clear(MrId mr, PageRange pages) {
  Registration& region = context_.registration(mr);
  if (!region.table.any(pages)) return;
  context_.spend(Cost::dev_invalidate);  // The zap and the adapter's answer.
  region.table.clear(pages);
  context_.emit({.kind = EventKind::pfn_cleared, .mm = region.mm, .pages = pages, .mr = mr});
}

void Driver::flush(MrId mr, PageRange pages) {
  flush_iotlb(mr, pages);
  flush_atc(mr, pages);
}

void Driver::flush_iotlb(MrId mr, PageRange pages) {
  const AdapterId adapter = context_.registration(mr).adapter;
  if (std::as_const(context_.machine).adapters[adapter.index()].iotlb.empty()) return;
  context_.adapter(adapter).flush_iotlb(mr, pages);
  context_.spend(Cost::iotlb_flush);
  context_.emit({.kind = EventKind::iotlb_flush,
                 .mm = context_.registration(mr).mm,
                 .pages = pages,
                 .mr = mr,
                 .adapter = adapter});
}

bool Driver::hung(MrId mr) const { return context_.adapter(registration(mr).adapter).hung; }

void Driver::block(MrId mr) {
  const AdapterId adapter = registration(mr).adapter;
  context_.adapter(adapter).blocked = true;
  context_.emit({.kind = EventKind::device_blocked, .mr = mr, .adapter = adapter});
}

void Driver::flush_atc(MrId mr, PageRange pages) {
  const AdapterId adapter = context_.registration(mr).adapter;
  context_.adapter(adapter).flush(mr, pages);
  context_.emit({.kind = EventKind::device_flush,
                 .mm = context_.registration(mr).mm,
                 .pages = pages,
                 .mr = mr,
                 .adapter = adapter});
}

bool Driver::in_flight(MrId mr, PageRange pages) const {
  return context_.adapter(context_.registration(mr).adapter).in_flight(mr, pages);
}

void Driver::end_lookup(MrId mr, Page page) {
  context_.notifier(context_.registration(mr).mm).end_lookup(context_.self, page);
}

void Driver::started_over(MrId mr, Page page) {
  const MmId mm = context_.registration(mr).mm;
  end_lookup(mr, page);
  context_.emit({.kind = EventKind::dev_retry, .mm = mm, .pages = one_page(page), .mr = mr});
}

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
  context_.machine.recalls.push_back(
      {.task = context_.self, .attachment = attachment, .pages = pages});
  context_.spend(Cost::message);
  context_.emit({.kind = EventKind::shootdown,
                 .mm = context_.registration(use.handle).mm,
                 .pages = pages,
                 .mr = use.handle,
                 .attachment = attachment,
                 .adapter = use.card});
  context_.send(owner_host(context_, use.handle), user_host(context_, attachment),
                {.kind = MessageKind::shootdown,
                 .mr = use.handle,
                 .attachment = attachment,
                 .pages = pages,
                 .value = use.cut_offs,
                 .task = context_.self});
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

Next Driver::fail(int error) { return context_.done(Result::error(error)); }
Next Driver::raise(int signal) { return context_.done(Result::signal(signal)); }

}  // namespace model
