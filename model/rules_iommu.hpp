// SPDX-License-Identifier: Apache-2.0
#pragma once

// What is judged of IOVAs, PASIDs and shared page tables alone.

#include "model/memory/page_table.hpp"
#include "model/rules.hpp"

namespace model {

// The adapter's TLB, or one of its transfers, knows the IOVA by another mapping.
PropertySet judge_iova(const Machine& machine, const Event& event);

// The same of a PASID, by which the device, or its page requests, know another process.
PropertySet judge_pasid(const Machine& machine, const Event& event);

// A page request is served by its PASID: in the address space that it was for?
PropertySet judge_page_request(const Machine& machine, const Event& event);

// The IOMMU sets the dirty bit as it walks to an entry. Who writes by what it has found before the
// entry was cleaned, and after the flush that followed, leaves no trace.
bool written_unseen(const Machine& machine, const Pte& pte, const Event& event);

}  // namespace model
