// SPDX-License-Identifier: Apache-2.0
#pragma once

// The TLBs of the CPUs, and of those who share their page tables: flushing at once, gathering what
// is to be flushed, and putting it off.

#include "model/flow/context.hpp"

namespace model {

// free_pgtables(): takes away the tables that only [floor, ceiling) could use, of those over
// `pages`, and adds them to what the task has gathered. A ceiling of zero is none.
void free_tables(Context& c, MmId mm, PageRange pages, Page floor, Page ceiling);

// flush_tlb_mm_range(): this CPU at once, the others by IPI; over when all have answered. Then
// those who share the page table are told.
struct TlbFlush {
  static constexpr std::string_view name = "tlb_flush";
  static constexpr std::array<std::string_view, 3> steps{"send", "wait", "told"};
  enum class Step : std::uint8_t { send, wait, told } step = Step::send;
  MmId mm{};
  PageRange pages{};
  std::uint8_t shift = 12;
  bool freed_tables = false;
  bool secondary = true;  // Where callers tell the others (up to 6.5): does this one?

  bool operator==(const TlbFlush&) const = default;
  Wait guard() const;
  Next run(Context& c);
};

// With `full` (tlb->fullmm) all of the address space, whatever was gathered.
TlbFlush flush_of(MmId mm, const MmuGather& gather, bool full);
TlbFlush flush_page(MmId mm, Page page);         // flush_tlb_page()
TlbFlush flush_range(MmId mm, PageRange pages);  // flush_tlb_range()
TlbFlush flush_mm(MmId mm);                      // flush_tlb_mm()

// mmu_notifier_arch_invalidate_secondary_tlbs(), up to 6.5 mmu_notifier_invalidate_range(): each
// device that shares the page table. Or mmu_notifier_invalidate_page(), up to 4.13: each subscriber
// that has it.
struct SecondaryFlush {
  static constexpr std::string_view name = "secondary_flush";
  static constexpr std::array<std::string_view, 1> steps{"next"};
  enum class Step : std::uint8_t { next } step = Step::next;
  bool entry = false;  // invalidate_page()
  MmId mm{};
  PageRange pages{};
  std::uint32_t cursor = 0;

  bool operator==(const SecondaryFlush&) const = default;
  Next run(Context& c);
};

// Begins it, if there are such devices. The last thing that a step does; else it goes on as `next`.
Next secondary_tlb(Context& c, MmId mm, PageRange pages, Next next);

// mmu_notifier_invalidate_page(), for the entry that was cleared: under the page table lock, before
// the page goes back. `told` says whether it has been called already; likewise begins it or not.
Next invalidate_page(Context& c, MmId mm, PageRange entry, bool& told);
// Whether the scenario has a device whose driver wants to be told so.
bool has_invalidate_page(const Context& c);

// tlb_finish_mmu(): flush, then free what the task has gathered.
struct TlbFinish {
  static constexpr std::string_view name = "tlb_finish";
  static constexpr std::array<std::string_view, 2> steps{"flush", "free"};
  enum class Step : std::uint8_t { flush, free } step = Step::flush;
  bool full = false;
  MmId mm{};

  bool operator==(const TlbFinish&) const = default;
  Next run(Context& c);
};

// Frees the frames that the task has gathered; a step of its own.
void free_gathered(Context& c);

// ---- Deferred flushes.

// should_defer_flush(): whether unmapping may put the flush off.
bool defers(Context& c, MmId mm);
// set_tlb_ubc_flush_pending(), under the page table lock. The last thing that a step does.
Next defer_flush(Context& c, MmId mm, bool dirty);

// try_to_unmap_flush(): one flush for all that this task has put off.
struct BatchFlush {
  static constexpr std::string_view name = "batch_flush";
  static constexpr std::array<std::string_view, 2> steps{"send", "wait"};
  enum class Step : std::uint8_t { send, wait } step = Step::send;

  bool operator==(const BatchFlush&) const = default;
  Wait guard() const;
  Next run(Context& c);
};

// flush_tlb_batched_pending(): whoever changes a page table while others have put their flushes
// off must not rely on what it finds. Whether a flush is called for.
bool flush_pending(Context& c, MmId mm);

}  // namespace model
