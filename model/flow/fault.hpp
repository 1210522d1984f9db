// SPDX-License-Identifier: Apache-2.0
#pragma once

// Bringing a page in: for a program that touches it, and for a driver that asks for it.

#include "model/flow/context.hpp"

namespace model {

// handle_mm_fault() for one page: first touch, zero page, copy on write, swap-in. The caller holds
// mmap_lock. The result is 0, EFAULT (no such page, or not so), or ENOMEM.
struct HandleFault {
  static constexpr std::string_view name = "handle_fault";
  static constexpr std::array<std::string_view, 15> steps{
      "decide",  "allocate", "reclaimed", "wait_folio", "read_swap", "map", "copy",   "start",
      "started", "lock_ptl", "replace",   "flush",      "set",       "end", "put_old"};
  enum class Step : std::uint8_t {
    decide,
    allocate,
    reclaimed,
    wait_folio,
    read_swap,
    map,
    copy,
    start,
    started,
    lock_ptl,
    replace,
    flush,
    set,
    end,
    put_old,
  } step = Step::decide;
  enum class Kind : std::uint8_t { fresh, swap_in, copy } kind = Kind::fresh;
  bool write = false;
  std::uint8_t reclaims = 0;  // Passes of reclaim for want of a frame.
  MmId mm{};
  Page page{};
  FrameId frame{};  // The new frame, with one reference of ours.
  FrameId old{};    // The frame a copy is made of, with one reference of ours.
  SlotId slot{};

  bool operator==(const HandleFault&) const = default;
  Wait guard() const;
  Next run(Context& c);

 private:
  Next decide(Context& c);
  Next decide_absent(Context& c, const Vma& vma);
  Next decide_swapped(Context& c, SlotId swapped);
  Next decide_protected(Context& c, Pte pte, const Vma& vma);
  Next allocate(Context& c);
  Next read_swap(Context& c);
  Next map(Context& c);
  NotifierRange range() const;
};

// A page of an address space, present and accessible: for the CPU (page fault), for a driver
// without a reference (hmm_range_fault()) or with a pin (pin_user_pages()). The result is 0 or
// EFAULT; what a driver found is in task().found of the machine.
struct GetPage {
  static constexpr std::string_view name = "get_page";
  static constexpr std::array<std::string_view, 4> steps{"lock", "walk", "faulted", "unlock"};
  enum class Step : std::uint8_t { lock, walk, faulted, unlock } step = Step::lock;
  enum class Mode : std::uint8_t { cpu, look_up, pin } mode = Mode::cpu;
  bool write = false;
  MmId mm{};
  Page page{};
  MrId mr{};  // Whose pin it is.
  Result result{};

  bool operator==(const GetPage&) const = default;
  Wait guard() const;
  Next run(Context& c);

 private:
  Next walk(Context& c);
};

// One load or store of a program, or one of a run of stores (memset).
struct Access {
  static constexpr std::string_view name = "access";
  static constexpr std::array<std::string_view, 2> steps{"access", "faulted"};
  enum class Step : std::uint8_t { access, faulted } step = Step::access;
  bool write = false;
  MmId mm{};
  PageRange pages{};
  std::uint32_t done = 0;
  Value value = 0;

  bool operator==(const Access&) const = default;
  Next run(Context& c);

 private:
  bool perform(Context& c, Page page);
};

}  // namespace model
