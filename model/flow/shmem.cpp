// SPDX-License-Identifier: Apache-2.0
#include "model/flow/shmem.hpp"

#include "model/flow/huge_page.hpp"
#include "model/flow/paging.hpp"

namespace model {

bool shmem_allows_huge(Context& c, const Vma& vma) {
  const Mapping& cache = std::as_const(c.machine).mappings[vma.file.index()];
  if (cache.kind != Mapping::Kind::shmem || vma.nohuge) return false;
  const ShmemHuge enabled = c.setup.hosts[cache.host.index()].shmem_enabled;
  return enabled == ShmemHuge::always || (enabled == ShmemHuge::advise && vma.huge);
}

bool shmem_huge_folio(Context& c, MappingId file, std::uint32_t index) {
  const Mapping& cache = std::as_const(c.machine).mappings[file.index()];
  const std::uint32_t first = index - index % pmd_pages;
  if (cache.caches_any(first, pmd_pages)) return false;
  const auto head = allocate_huge(c, cache.host);
  if (!head) return false;
  c.spend(Cost::clear_page, pmd_pages);
  add_to_page_cache(c, file, first, *head);
  lru_add(c, *head);
  c.frame(*head).dirty = true;
  c.put(*head);  // The page cache has its own.
  return true;
}

bool may_map_huge(const Machine& machine, MmId mm, Page first, FrameId head) {
  const Frame& folio = machine.frames[head];
  const AddressSpace& space = machine.spaces[mm.index()];
  const Vma* vma = space.find_vma(first);
  if (folio.pages() != pmd_pages || folio.hugetlb || vma == nullptr || vma->file != folio.mapping) {
    return false;
  }
  const PageRange span{.first = first, .count = pmd_pages};
  return !vma->nohuge && vma->pages.intersect(span) == span &&
         vma->index_of(first) == folio.index && !space.page_table.has_table(pmd_pages, first) &&
         !space.page_table.any(span);
}

}  // namespace model
