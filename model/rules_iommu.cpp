// SPDX-License-Identifier: Apache-2.0
#include "model/rules_iommu.hpp"

#include "model/event.hpp"
#include "model/machine.hpp"

namespace model {

PropertySet judge_iova(const Machine& machine, const Event& event) {
  const Registration& fresh = machine.registrations[event.mr.index()];
  const Adapter& device = machine.adapters[fresh.adapter.index()];
  const auto old = [&](MrId mr, Page page) {
    const Registration& other = machine.registrations[mr.index()];
    const std::uint32_t iova = other.iova_of(page);
    return mr != event.mr && iova >= fresh.iova && iova < fresh.iova + fresh.pages.count;
  };
  for (const DeviceTlbEntry& entry : device.tlb) {
    if (old(entry.mr, entry.page)) return bit(Property::iova_reuse);
  }
  for (const Transfer& transfer : device.transfers) {
    if (old(transfer.mr, transfer.page)) return bit(Property::iova_reuse);
  }
  return 0;
}

PropertySet judge_pasid(const Machine& machine, const Event& event) {
  const Registration& fresh = machine.registrations[event.mr.index()];
  const Adapter& device = machine.adapters[fresh.adapter.index()];
  const auto old = [&](const auto& entry) {
    const Registration& bond = machine.registrations[entry.mr.index()];
    return bond.iova == fresh.iova && (bond.mm != fresh.mm || bond.orphan);
  };
  const bool known = std::ranges::any_of(device.tlb, old) ||
                     std::ranges::any_of(device.iotlb, old) ||
                     std::ranges::any_of(device.transfers, old) ||
                     std::ranges::any_of(device.requests, [&](const PageRequest& request) {
                       return !request.answered() && old(request);
                     });
  return known ? bit(Property::iova_reuse) : 0;
}

PropertySet judge_page_request(const Machine& machine, const Event& event) {
  const bool own = machine.registrations[event.mr.index()].mm == event.mm;
  return own ? 0 : bit(Property::foreign_access);
}

bool written_unseen(const Machine& machine, const Pte& pte, const Event& event) {
  const bool shares =
      machine.is(machine.registrations[event.mr.index()].adapter, AdapterSetup::Kind::sva);
  if (!shares || !machine.observed.asks(Property::unmarked_write)) return false;
  const Frame& folio = machine.frames[machine.frames.head(event.frame)];
  return pte.present() && !pte.dirty && !folio.dirty && folio.pins == 0;
}

}  // namespace model
