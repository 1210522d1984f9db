// SPDX-License-Identifier: Apache-2.0
// What a program reads from iommufd and answers, and who uses in the kernel what it has mapped.
#include "scenarios/language/calls.hpp"

namespace language {

std::vector<CallRow> iommufd_calls() {
  const Parameter bond = of(ParameterKind::bond, "bond");
  CallRow pin =
      row("iommufd_access_pin_pages", by_process,
          {{{{.name = "device", .kind = ParameterKind::device, .local = true},
             of(ParameterKind::mr, "mapping"),
             optional(words("flag", {"never_unpins"}, Role::flags))}}},
          "A driver in the kernel uses the pages of a mapping, and unpins them when that goes.");
  pin.result = Kind::mr;
  return {
      row("IOMMU_FAULT_QUEUE_ALLOC", by_process, {{{bond}}},
          "The device's page requests are given to the program."),
      row("iommufd_fault_fops_read", by_process, {{{bond}}},
          "Reads one group of page requests: its cookie, or 0."),
      row("iommufd_fault_fops_write", by_process,
          {{{bond, number("cookie", Role::number),
             words("code", {"IOMMUFD_PAGE_RESP_SUCCESS", "IOMMUFD_PAGE_RESP_INVALID"},
                   Role::flags)}}},
          "Answers it."),
      row("IOMMU_VEVENTQ_ALLOC", by_process, {{{bond, number("depth", Role::number)}}},
          "The device's faults that nobody serves are put into a queue for the program."),
      row("iommufd_veventq_fops_read", by_process, {{{bond, number("events", Role::number)}}},
          "Reads them, with room for so many: how many entries it has got."),
      std::move(pin),
      row("iommufd_access_unpin_pages", by_process, {{{of(ParameterKind::mr, "access")}}},
          "The driver does not use them any more."),
  };
}

}  // namespace language
