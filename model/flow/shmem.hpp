// SPDX-License-Identifier: Apache-2.0
#pragma once

// Huge pages in the page cache of shared memory.

#include "model/flow/context.hpp"

namespace model {

// shmem_huge_global_enabled(): whether a page of that VMA's file that is not there yet comes as a
// huge one.
bool shmem_allows_huge(Context& c, const Vma& vma);

// shmem_alloc_and_add_folio(): a huge page into the page cache, around that index. False: there is
// none, or a part of it is taken.
bool shmem_huge_folio(Context& c, MappingId file, std::uint32_t index);

// do_set_pmd(): whether one huge entry at `first` may map that folio of a file.
bool may_map_huge(const Machine& machine, MmId mm, Page first, FrameId head);

}  // namespace model
