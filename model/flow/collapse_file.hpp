// SPDX-License-Identifier: Apache-2.0
#pragma once

// Small pages of shared memory become one huge page of the page cache.

#include "model/flow/notify.hpp"
#include "model/result.hpp"

namespace model {

// hpage_collapse_scan_file(): the pages are unmapped, copied and replaced in the page cache
// (collapse_file()), page tables that mapped them are taken away (retract_page_tables()), and for
// MADV_COLLAPSE a huge entry is set (collapse_pte_mapped_thp()). The result is ENOMEM without a
// huge page, EAGAIN if a page is locked or somebody holds it, else EINVAL.
struct CollapseFile {
  static constexpr std::string_view name = "collapse_file";
  static constexpr std::array<std::string_view, 15> steps{
      "page",      "read", "unmapped", "flush",     "replace",   "retract", "start",     "hide",
      "retracted", "free", "lock_own", "start_own", "clear_own", "end_own", "unlock_own"};
  enum class Step : std::uint8_t {
    page,
    read,
    unmapped,
    flush,
    replace,
    retract,
    start,
    hide,
    retracted,
    free,
    lock_own,
    start_own,
    clear_own,
    end_own,
    unlock_own
  } step = Step::page;
  bool asked = false;   // MADV_COLLAPSE
  bool cached = false;  // It is huge in the page cache.
  MmId mm{};
  Page first{};  // In that address space.
  MappingId file{};
  std::uint32_t index = 0;   // Of the huge page.
  std::uint32_t cursor = 0;  // Pages of it that were seen to.
  FrameId head{};
  FrameId frame{};  // At the cursor, locked, with a reference of ours.
  MmId other{};     // Whose page table is taken away.
  Page place{};
  int error = 0;

  bool operator==(const CollapseFile&) const = default;
  Wait guard() const;
  Next run(Context& c);

 private:
  Next page(Context& c);
  Next unmapped(Context& c);
  Next fail(Context& c, int number);
  Next replace(Context& c);
  Next retract(Context& c);
  Next hide(Context& c);
  Next free(Context& c);
  Next lock_own(Context& c);
  Next clear_own(Context& c);
  void install(Context& c);
};

}  // namespace model
