// SPDX-License-Identifier: Apache-2.0
#pragma once

// Memory of hugetlbfs: its own fault, copy at fork and change of protection.

#include "model/flow/notify.hpp"

namespace model {

// hugetlb_fault(): a huge page from the pool, from the page cache of its file, or a copy on write.
struct HugetlbFault {
  static constexpr std::string_view name = "hugetlb_fault";
  static constexpr std::array<std::string_view, 7> steps{"decide", "start", "lock_ptl", "flush",
                                                         "set",    "end",   "finish"};
  enum class Step : std::uint8_t {
    decide,
    start,
    lock_ptl,
    flush,
    set,
    end,
    finish
  } step = Step::decide;
  bool write = false;
  MmId mm{};
  Page page{};
  FrameId fresh{};
  FrameId old{};

  bool operator==(const HugetlbFault&) const = default;
  Wait guard() const;
  Next run(Context& c);

 private:
  Next decide(Context& c);
  NotifierRange range() const;
};

// copy_hugetlb_page_range(): a bracket for each huge page.
struct CopyHugetlb {
  static constexpr std::string_view name = "copy_hugetlb";
  static constexpr std::array<std::string_view, 3> steps{"next", "copy", "finish"};
  enum class Step : std::uint8_t { next, copy, finish } step = Step::next;
  MmId parent{};
  MmId child{};
  PageRange pages{};
  std::uint32_t done = 0;

  bool operator==(const CopyHugetlb&) const = default;
  Wait guard() const;
  Next run(Context& c);
};

// hugetlb_change_protection(): flushed within the bracket.
struct ProtectHugetlb {
  static constexpr std::string_view name = "protect_hugetlb";
  static constexpr std::array<std::string_view, 5> steps{"start", "modify", "flush", "end",
                                                         "finish"};
  enum class Step : std::uint8_t { start, modify, flush, end, finish } step = Step::start;
  MmId mm{};
  PageRange pages{};

  bool operator==(const ProtectHugetlb&) const = default;
  Wait guard() const;
  Next run(Context& c);
};

}  // namespace model
