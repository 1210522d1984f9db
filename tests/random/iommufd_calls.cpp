// SPDX-License-Identifier: Apache-2.0
#include "tests/random/call_parts.hpp"

namespace random_scenarios {
namespace {

using Kind = Object::Kind;

std::string first_device(Writer& w, const std::string& kind) {
  const Device* device = w.pick(w.draft.devices, [&](const Device& each) {
    return each.host == w.actor.host && each.kind == kind;
  });
  return device == nullptr ? "" : device->name;
}

}  // namespace

std::optional<Call> iommufd_call(Writer& w, std::string_view verb) {
  const auto bond = [&] {
    const Object* found =
        w.object(Kind::bond, [&](const Object& each) { return each.owner == w.actor.name; });
    return found == nullptr ? std::string() : found->name;
  };
  const std::string begin = std::string(verb) + "(";
  if (verb == "IOMMU_FAULT_QUEUE_ALLOC") return plain_call(joined({begin, bond(), ")"}));
  if (verb == "iommu_sva_get_pasid" || verb == "iommufd_fault_fops_read") {
    return value_call(joined({begin, bond(), ")"}));
  }
  if (verb == "iommufd_fault_fops_write") {
    const char* code =
        w.draw().chance(70) ? "IOMMUFD_PAGE_RESP_SUCCESS" : "IOMMUFD_PAGE_RESP_INVALID";
    const std::string cookie = std::to_string(1 + w.draw().below(2));
    return plain_call(joined({begin, bond(), ", ", cookie, ", ", code, ")"}));
  }
  if (verb == "IOMMU_VEVENTQ_ALLOC" || verb == "iommufd_veventq_fops_read") {
    const std::string text =
        joined({begin, bond(), ", ", std::to_string(1 + w.draw().below(2)), ")"});
    return verb == "IOMMU_VEVENTQ_ALLOC" ? plain_call(text) : value_call(text);
  }
  if (verb == "iommufd_access_pin_pages") {
    const std::string device = first_device(w, "pci");
    const Object* mapping = w.object(Kind::mr, [&](const Object& each) {
      return each.owner == w.actor.name && each.maker == "dma_map";
    });
    if (!w.possible) return Call{};
    const std::uint32_t pages = mapping->pages;
    Call call = making(w, joined({begin, device, ", ", mapping->name, ")"}), Kind::mr, "u");
    call.makes.device = device;
    call.makes.maker = verb;
    call.makes.pages = pages;
    return call;
  }
  if (verb == "iommufd_access_unpin_pages") {
    return plain_call(joined({begin, w.mr("iommufd_access_pin_pages"), ")"}));
  }
  return std::nullopt;
}

}  // namespace random_scenarios
