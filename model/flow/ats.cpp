// SPDX-License-Identifier: Apache-2.0
#include "model/flow/ats.hpp"

#include "model/flow/all.hpp"
#include "model/flow/iommufd.hpp"
#include "model/flow/page_request.hpp"
#include "model/flow/paging.hpp"
#include "model/policy/driver.hpp"

namespace model {
namespace {

const SvaPolicy& policy_of(const Context& c, AdapterId adapter) {
  return std::get<SvaPolicy>(c.setup.adapters[adapter.index()].policy);
}

// Who waits for an answer or a tag may go on, or not any more.
void tags_changed(Context& c, AdapterId adapter) {
  for (std::uint32_t i = 0; i < c.machine.registrations.size(); ++i) {
    if (std::as_const(c.machine).registrations[i].adapter != adapter) continue;
    c.changed(Wait::Kind::completed, i);
    c.changed(Wait::Kind::tagged, i);
  }
}

}  // namespace

// ---- Translation

template <class Tlb>
const DeviceTlbEntry* find_shared(const Machine& machine, const Tlb& tlb, MrId mr, Page page) {
  const std::uint32_t pasid = machine.registrations[mr.index()].iova;
  for (const DeviceTlbEntry& entry : tlb) {
    if (entry.page == page && machine.registrations[entry.mr.index()].iova == pasid) return &entry;
  }
  return nullptr;
}

// By the page table of the process: the ATC, then the IOMMU's TLB, then a walk. What is missing is
// asked for (PRI): the answer says only that it is worth another translation request.
Next Dma::translate_shared(Context& c) {
  Adapter& device = c.adapter(adapter);
  const AdapterSetup& setup = c.setup.adapters[adapter.index()];
  const Registration& region = c.registration(mr);
  const Page page = pages.at(done);
  c.task().lookup_failed = false;
  if (!region.live || device.blocked) return refuse(c);
  const auto usable = [&](const DeviceTlbEntry* entry) {
    return entry != nullptr && (entry->target.write || !writes());
  };
  if (const auto* hit = find_shared(c.machine, device.tlb, mr, page); setup.ats && usable(hit)) {
    c.spend(Cost::device_tlb);
    return start(c, hit->target);
  }
  c.spend(setup.ats ? Cost::ats_request : Cost::device_tlb);
  PfnEntry target;
  if (const auto* hit = find_shared(c.machine, device.iotlb, mr, page); usable(hit)) {
    target = hit->target;
  } else if (const auto walked = walk(c)) {
    target = *walked;
    device.iotlb.flush(mr, one_page(page));
    device.iotlb.push_back({.mr = mr, .page = page, .target = target});
  } else {
    return ask(c);
  }
  if (setup.ats) {
    device.tlb.flush(mr, one_page(page));
    device.tlb.fill({.mr = mr, .page = page, .target = target}, setup.tlb_entries);
  }
  return start(c, target);
}

// The IOMMU walks the page table, and sets its bits.
std::optional<PfnEntry> Dma::walk(Context& c) {
  const MmId mm = c.registration(mr).mm;
  const Page page = pages.at(done);
  c.spend(Cost::pte_walk);
  if (!translates(c.machine, mr, page, writes())) return std::nullopt;
  Pte pte = std::as_const(c.machine).spaces[mm.index()].page_table.at(page);
  if (!pte.young || (writes() && !pte.dirty)) {
    pte.young = true;
    pte.dirty = pte.dirty || writes();
    set_bits(c, mm, page, pte);
  }
  return PfnEntry{.frame = pte.frame(),
                  .generation = c.frame(pte.frame()).generation,
                  .write = pte.write && pte.dirty};
}

Next Dma::ask(Context& c) {
  const AdapterSetup& setup = c.setup.adapters[adapter.index()];
  const bool can = setup.pri && !c.adapter(adapter).pri_off;
  if (!can || c.registration(mr).orphan) {
    // A translation request that fails is no event (ATS); an access is: arm_smmu_handle_event().
    if (!setup.ats) report_vevent(c, adapter, mr);
    return refuse(c);
  }
  step = Step::responded;
  return c.call({AskPages{.write = writes(),
                          .adapter = adapter,
                          .mr = mr,
                          .pages = {.first = pages.at(done), .count = pages.count - done}}});
}

// ---- Invalidations

Wait AtsInvalidate::guard() const {
  if (step != Step::push) return {};
  return {.kind = Wait::Kind::pushed, .index = mr.value, .sequence = traffic_class, .pages = pages};
}

Next AtsInvalidate::run(Context& c) {
  if (c.adapter(adapter).hung || c.adapter(adapter).blocked) return c.done();
  switch (step) {
    case Step::take:
      c.adapter(adapter).tlb.flush(mr, pages);
      c.emit({.kind = EventKind::device_flush,
              .mm = c.registration(mr).mm,
              .pages = pages,
              .mr = mr,
              .adapter = adapter});
      step = Step::push;
      return Next::again;
    case Step::push:
      answer(c);
      if (c.setup.adapters[adapter.index()].inval_completion != InvalCompletion::doubled) {
        return next_class(c);
      }
      step = Step::again;
      return Next::again;
    case Step::again:
      answer(c);
      return next_class(c);
  }
  return c.done();
}

Next AtsInvalidate::next_class(Context& c) {
  step = Step::push;
  if (++traffic_class == c.setup.adapters[adapter.index()].traffic_classes) return c.done();
  return Next::again;
}

// A completion has come.
void AtsInvalidate::answer(Context& c) const {
  const SvaPolicy& policy = policy_of(c, adapter);
  auto& invalidations = c.adapter(adapter).invalidations;
  auto found = std::ranges::find(invalidations, itag, &Invalidation::itag);
  const bool known = found != invalidations.end();
  c.emit({.kind = known ? EventKind::inval_completion : EventKind::unknown_itag,
          .adapter = adapter,
          .value = itag});
  if (!known && !policy.check_itag) {  // Of those that are waited for, the oldest.
    found = std::ranges::find(invalidations, false, &Invalidation::overdue);
  }
  if (found == invalidations.end()) return;
  if (--found->answers == 0 || !policy.count_completions) invalidations.erase(found);
  tags_changed(c, adapter);
}

// ---- Invalidations by user space

Next HwptInvalidate::run(Context& c) {
  switch (step) {
    case Step::convert:
      return convert(c);
    case Step::issue:
      return issue(c);
    case Step::issued:
      if (policy_of(c, c.registration(mr).adapter).count_issued) c.count_pages(1);
      ++cursor;
      step = policy_of(c, c.registration(mr).adapter).count_issued ? Step::convert : Step::issue;
      return Next::pass;
  }
  return c.done();
}

// arm_vsmmu_convert_user_cmd()
Next HwptInvalidate::convert(Context& c) {
  const Registration& bond = c.registration(mr);
  const SvaPolicy& policy = policy_of(c, bond.adapter);
  if (cursor == 0) c.spend(Cost::syscall);
  if (!bond.live) return c.done(Result::error(ENOENT));
  if (policy.flush_at != SvaPolicy::FlushAt::user) return c.done(Result::error(EINVAL));
  if (over()) {
    if (policy.count_issued) return c.done();
    cursor = 0;
    step = Step::issue;
    return Next::pass;
  }
  if (commands[cursor].op == HwptCommand::unknown) return c.done(Result::error(EIO));
  if (policy.count_issued) {
    step = Step::issue;
    return Next::pass;
  }
  ++cursor;
  c.count_pages(1);
  return Next::pass;
}

Next HwptInvalidate::issue(Context& c) {
  if (over()) return c.done();
  const Command& command = commands[cursor];
  const MmId mm = c.registration(mr).mm;
  const PageRange pages = command.op == HwptCommand::tlbi_all ? all_pages : command.pages;
  const auto first =
      command.op == HwptCommand::atc_inv ? SvaPolicy::Step::atc : SvaPolicy::Step::iotlb;
  step = Step::issued;
  return c.call({PolicyCall{.hook = Hook::user_flush,
                            .step = static_cast<std::uint8_t>(first),
                            .mr = mr,
                            .range = {.mm = mm, .pages = pages},
                            .pages = pages}});
}

// ---- What the driver of the IOMMU does

bool Driver::has_atc(MrId mr) const {
  return context_.setup.adapters[registration(mr).adapter.index()].ats;
}

void Driver::flushed_by_user(MrId mr, PageRange pages) {
  observe_user_flush(context_.machine, mr, pages);
}

bool Driver::tags_invalidations(MrId mr) const {
  const AdapterId adapter = registration(mr).adapter;
  return context_.setup.adapters[adapter.index()].tags_invalidations();
}

void Driver::close_event_queues(MrId mr) { model::close_event_queues(context_, mr); }

bool Driver::queues_requests(MrId mr) const {
  return context_.setup.adapters[registration(mr).adapter.index()].prq != 0;
}

std::uint8_t Driver::send_invalidation(MrId mr, PageRange pages, bool in_turn) {
  const AdapterId adapter = registration(mr).adapter;
  const AdapterSetup& setup = context_.setup.adapters[adapter.index()];
  Adapter& device = context_.adapter(adapter);
  std::uint32_t itag = in_turn ? device.next_itag : 0;
  if (device.hung) device.invalidations.clear();  // It answers none of them.
  while (device.invalidation(itag) != nullptr) itag = (itag + 1) % itags;
  if (in_turn) device.next_itag = static_cast<std::uint8_t>((itag + 1) % itags);
  const auto tag = static_cast<std::uint8_t>(itag);
  device.invalidations.push_back(
      {.itag = tag, .answers = static_cast<std::uint8_t>(setup.traffic_classes)});
  tags_changed(context_, adapter);
  context_.emit({.kind = EventKind::inval_request,
                 .mm = registration(mr).mm,
                 .pages = pages,
                 .mr = mr,
                 .adapter = adapter,
                 .value = tag});
  if (setup.inval_completion != InvalCompletion::lost) {
    context_.spawn({AtsInvalidate{.adapter = adapter, .mr = mr, .pages = pages, .itag = tag}},
                   device.host);
  }
  return tag;
}

bool Driver::unanswered(MrId mr, std::uint32_t itag) const {
  const Adapter& device = context_.machine.adapters[registration(mr).adapter.index()];
  return device.invalidation(itag) != nullptr;
}

void Driver::give_up_invalidation(MrId mr, std::uint32_t itag, bool keep_tag) {
  const AdapterId adapter = registration(mr).adapter;
  Adapter& device = context_.adapter(adapter);
  device.was_late =
      context_.setup.adapters[adapter.index()].inval_completion == InvalCompletion::late;
  for (Invalidation& invalidation : device.invalidations) {
    if (invalidation.itag == itag) invalidation.overdue = true;
  }
  if (!keep_tag) {
    drop_if(device.invalidations, [itag](const Invalidation& each) { return each.itag == itag; });
  }
  tags_changed(context_, adapter);
}

}  // namespace model
