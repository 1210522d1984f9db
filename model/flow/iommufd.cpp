// SPDX-License-Identifier: Apache-2.0
#include "model/flow/iommufd.hpp"

#include "model/flow/all.hpp"
#include "model/flow/dma.hpp"
#include "model/flow/page_request.hpp"

namespace model {
namespace {

// struct iommufd_vevent_header, and with it struct iommu_vevent_arm_smmuv3.
constexpr std::uint32_t header_bytes = 8;
constexpr std::uint32_t event_bytes = header_bytes + 32;
constexpr std::uint32_t tries_max = 100;

bool owned_by_user(const Context& c, AdapterId adapter) {
  const auto* policy = std::get_if<SvaPolicy>(&c.setup.adapters[adapter.index()].policy);
  return policy != nullptr && policy->flush_at == SvaPolicy::FlushAt::user;
}

bool same_pasid(const Machine& machine, const PageRequest& request, MrId bond) {
  return machine.registrations[request.mr.index()].iova == machine.registrations[bond.index()].iova;
}

std::uint32_t room_of(const Vevent& event) { return event.lost ? header_bytes : event_bytes; }

}  // namespace

Next IommufdCall::run(Context& c) {
  c.spend(Cost::syscall);
  if (verb == Verb::access_pin_pages) return pin_pages(c);
  if (!c.registration(mr).live) return c.done(Result::error(ENOENT));
  switch (verb) {
    case Verb::sva_get_pasid:
      return c.done(Result::value(c.registration(mr).iova));
    case Verb::fault_read:
      return read_fault(c);
    case Verb::fault_write:
      return answer_fault(c);
    case Verb::veventq_read:
      return read_events(c);
    default:
      return alloc_queue(c);
  }
}

// iommufd_fault_alloc() and the attach of a page table with it, which enables page requests; or
// iommufd_veventq_alloc().
Next IommufdCall::alloc_queue(Context& c) const {
  const AdapterId card = c.registration(mr).adapter;
  const AdapterSetup& setup = c.setup.adapters[card.index()];
  const bool faults = verb == Verb::fault_queue_alloc;
  const auto of = faults ? EventQueue::Of::faults : EventQueue::Of::events;
  if (!owned_by_user(c, card) || (!faults && number == 0)) return c.done(Result::error(EINVAL));
  if (faults && (!setup.pri || setup.prq == 0)) return c.done(Result::error(ENODEV));
  if (c.adapter(card).event_queue(mr, of) != nullptr) return c.done(Result::error(EEXIST));
  c.adapter(card).event_queues.push_back({.mr = mr, .of = of, .depth = number});
  return c.done();
}

// iommufd_fault_fops_read() into a buffer for one group: its cookie, or 0 if there is none. Cookies
// are from xa_alloc(): the lowest that is free.
Next IommufdCall::read_fault(Context& c) const {
  Adapter& device = c.adapter(c.registration(mr).adapter);
  if (device.event_queue(mr, EventQueue::Of::faults) == nullptr) {
    return c.done(Result::error(EINVAL));
  }
  const auto group = std::ranges::find_if(device.requests, [&](const PageRequest& request) {
    return request.last && request.state == PageRequest::State::delivered &&
           same_pasid(c.machine, request, mr);
  });
  if (group == device.requests.end()) return c.done(Result::value(0));
  const TaskId requester = group->task;
  std::uint8_t cookie = 1;
  const auto taken = [&](const PageRequest& request) {
    return request.cookie == cookie && same_pasid(c.machine, request, mr);
  };
  while (std::ranges::any_of(device.requests, taken)) ++cookie;
  for (PageRequest& request : device.requests) {
    if (request.task != requester || request.state != PageRequest::State::delivered) continue;
    request.state = PageRequest::State::read;
    request.cookie = cookie;
    c.count_pages(1);
  }
  return c.done(Result::value(cookie));
}

// iommufd_fault_fops_write()
Next IommufdCall::answer_fault(Context& c) const {
  const AdapterId card = c.registration(mr).adapter;
  const auto& requests = std::as_const(c.machine).adapters[card.index()].requests;
  const auto group = std::ranges::find_if(requests, [&](const PageRequest& request) {
    return request.state == PageRequest::State::read && request.cookie == number &&
           same_pasid(c.machine, request, mr);
  });
  if (group == requests.end()) return c.done(Result::error(EINVAL));
  respond_to_group(c, card, group->task,
                   flags == 0 ? PageRequest::State::success : PageRequest::State::invalid);
  return c.done();
}

// iommufd_veventq_fops_read() into a buffer for so many events. What does not fit any more goes
// back; but not the word of lost events if others have come since: they show the gap.
Next IommufdCall::read_events(Context& c) const {
  EventQueue* queue = c.adapter(c.registration(mr).adapter).event_queue(mr, EventQueue::Of::events);
  if (queue == nullptr) return c.done(Result::error(EINVAL));
  std::uint64_t left = std::uint64_t{number} * event_bytes;
  std::uint32_t entries = 0;
  std::uint32_t sequence = 0;
  while (!queue->deliver.empty()) {
    const Vevent event = queue->deliver.front();
    const bool fits = room_of(event) <= left;
    if (fits || (event.lost && queue->deliver.size() > 1)) {
      queue->deliver.erase(queue->deliver.begin());
    }
    if (!fits) break;
    left -= room_of(event);
    sequence = event.sequence;
    if (event.lost) c.count_hit();
    ++entries;
  }
  c.count_pages(sequence);
  return c.done(Result::value(entries));
}

// iommufd_access_pin_pages(): the domain has the pages pinned, and another pin is added. A driver
// that does not unpin them when it is asked to, is a broken one.
Next IommufdCall::pin_pages(Context& c) const {
  const Registration area = c.registration(mr);
  if (!area.live) return c.done(Result::error(ENOENT));
  if (area.prevent_access) return c.done(Result::error(EINVAL));
  const MrId access{static_cast<std::uint32_t>(c.machine.registrations.size())};
  c.machine.registrations.push_back({.mm = area.mm,
                                     .pages = area.pages,
                                     .adapter = adapter,
                                     .write = area.write,
                                     .access_of = mr,
                                     .unpins = flags == 0});
  map_iova(c, access);
  for (std::uint32_t i = 0; i < area.pages.count; ++i) {
    const Page page = area.pages.at(i);
    const PfnEntry entry = area.table.at(page);
    c.get(entry.frame);
    ++c.frame(c.machine.frames.head(entry.frame)).pins;
    c.registration(access).pinned.push_back(c.machine.frames.head(entry.frame));
    c.registration(access).table.set(page, entry);
    c.emit({.kind = EventKind::pfn_installed,
            .detail = entry.write,
            .mm = area.mm,
            .pages = one_page(page),
            .mr = access,
            .frame = entry.frame});
  }
  return c.done(Result::object(access.value));
}

// iommufd_vevent_handler(): word of lost events is only ever the last one, and moves with each.
void report_vevent(Context& c, AdapterId adapter, MrId bond) {
  EventQueue* queue = c.adapter(adapter).event_queue(bond, EventQueue::Of::events);
  if (queue == nullptr) return;
  auto& deliver = queue->deliver;
  const auto events = std::ranges::count(deliver, false, &Vevent::lost);
  if (!deliver.empty() && deliver.back().lost) deliver.pop_back();
  deliver.push_back({.sequence = queue->sequence++, .lost = events >= queue->depth});
}

void close_event_queues(Context& c, MrId bond) {
  const AdapterId adapter = c.registration(bond).adapter;
  Adapter& device = c.adapter(adapter);
  if (device.event_queue(bond, EventQueue::Of::faults) != nullptr) {
    const auto waits = [&](const PageRequest& request) {
      return request.with_user() && same_pasid(c.machine, request, bond);
    };
    auto group = std::ranges::find_if(device.requests, waits);
    while (group != device.requests.end()) {
      respond_to_group(c, adapter, group->task, PageRequest::State::invalid);
      group = std::ranges::find_if(device.requests, waits);
    }
  }
  drop_if(device.event_queues, [bond](const EventQueue& queue) { return queue.mr == bond; });
}

// ---- Unmapping

bool accessed(const Machine& machine, MrId mapping) {
  return std::ranges::any_of(machine.registrations, [mapping](const Registration& access) {
    return access.access_of == mapping && !access.gone;
  });
}

Next NotifyUnmap::run(Context& c) {
  if (step == Step::notify) return notify(c);
  if (!accessed(c.machine, mr)) return c.give();
  c.registration(mr).prevent_access = true;
  cursor = 0;
  step = Step::notify;
  return Next::again;
}

// iommufd_access_notify_unmap(): the `unmap` of each user's driver.
Next NotifyUnmap::notify(Context& c) {
  const auto& users = std::as_const(c.machine).registrations;
  while (cursor < users.size()) {
    const Registration& user = users[cursor++];
    if (user.access_of != mr || !user.live || !user.unpins) continue;
    return c.call({Deregister{.mr = MrId{cursor - 1}}});
  }
  if (++tries > tries_max) return c.give(Result::error(EDEADLOCK));
  step = Step::bar;
  return Next::again;
}

}  // namespace model
