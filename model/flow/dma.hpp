// SPDX-License-Identifier: Apache-2.0
#pragma once

// What an adapter does with memory, and how memory is made known to it.

#include "model/flow/context.hpp"

namespace model {

// What a device does to one page takes effect in its frame: the value that is there then.
Value access(Context& c, MrId mr, Page page, const PfnEntry& target, bool write, Value value);

// A translation comes into the PFN table.
void install(Context& c, MrId mr, Page page, const PfnEntry& target);

// A DMA of an adapter, one page-sized piece after another: translate, then land. The result of a
// read is the value of its first page; EFAULT if a piece has no translation and can get none.
struct Dma {
  static constexpr std::string_view name = "dma";
  static constexpr std::array<std::string_view, 8> steps{
      "translate", "stopped", "not_ready", "faulted", "land", "responded", "check", "checked"};
  enum class Step : std::uint8_t {
    translate,
    stopped,
    not_ready,
    faulted,
    land,
    responded,
    check,
    checked
  } step = Step::translate;
  Opcode op = Opcode::read;
  bool posted = false;     // Of a speculative policy: `version` is what it was before.
  bool missed = false;     // It has landed in the signature page.
  bool signature = false;  // What was read looks like that page's content.
  AdapterId adapter{};
  MrId mr{};
  PageRange pages{};
  std::uint32_t done = 0;
  Value value = 0;
  Value result = 0;    // What was in the first page: of a read, and of an atomic operation.
  TaskId requester{};  // Who waits for it. None: a call of the adapter's own.
  Value compare = 0;   // Of compare_swap.
  QpId qp{};           // What it came by: whoever sent it does not wait while a page is missing.
  std::uint32_t version = 0;

  bool operator==(const Dma&) const = default;
  Wait guard() const;
  Next run(Context& c);

 private:
  Next translate(Context& c);
  Next speculate(Context& c);
  Next check(Context& c);
  Next believe(Context& c);
  Next land_page(Context& c, PfnEntry target);
  Next next_page(Context& c);
  Next fault(Context& c);
  Next translate_shared(Context& c);
  const DeviceTlbEntry* find_iova(Context& c) const;
  std::optional<PfnEntry> walk(Context& c);
  Next ask(Context& c);
  Next stop(Context& c);
  Next start(Context& c, PfnEntry target);
  Next land(Context& c);
  bool writes() const { return is_write(op); }
  Value combined(Value before) const;
  Next ask_driver(Context& c);
  bool answers_faults(const Context& c) const;
  bool is_posted(const Context& c) const;
  Next refuse(Context& c);
};

// A device stops where it is, and answers nothing any more: surprise removal, or a fault of its
// own.
struct Hang {
  static constexpr std::string_view name = "hang";
  static constexpr std::array<std::string_view, 1> steps{"hang"};
  enum class Step : std::uint8_t { hang } step = Step::hang;
  AdapterId adapter{};
  bool removed = false;  // Its driver learns of it: nothing of it is waited for any more.

  bool operator==(const Hang&) const = default;
  Next run(Context& c);

 private:
  void remove(Context& c) const;
};

// ibv_advise_mr(PREFETCH): asks the driver for translations before they are used. With
// PREFETCH_NO_FAULT it gets those of pages that are mapped already.
struct Prefetch {
  static constexpr std::string_view name = "prefetch";
  static constexpr std::array<std::string_view, 2> steps{"next", "faulted"};
  enum class Step : std::uint8_t { next, faulted } step = Step::next;
  bool write = false;
  bool no_fault = false;
  MrId mr{};
  PageRange pages{};
  std::uint32_t done = 0;

  bool operator==(const Prefetch&) const = default;
  Next run(Context& c);
};

// ibv_reg_mr(), or the export of a handle. The result is the object made.
struct Register {
  static constexpr std::string_view name = "register";
  static constexpr std::array<std::string_view, 2> steps{"create", "created"};
  enum class Step : std::uint8_t { create, created } step = Step::create;
  enum class Access : std::uint8_t {
    as_mapped,
    read,
    write,
    read_flush,  // And its peers may flush what they wrote.
    write_flush,
  };  // What the device may do.
  bool handle = false;
  bool pinned = false;
  Access access = Access::as_mapped;
  MmId mm{};
  AdapterId adapter{};
  PageRange pages{};
  MrId mr{};

  bool operator==(const Register&) const = default;
  Next run(Context& c);

 private:
  bool fails_alloc(Context& c) const;
  void bind_pasid(Context& c) const;
};

// alloc_iova(): the lowest that is free.
void map_iova(Context& c, MrId mr);

// ibv_dereg_mr(). Of a mapping that drivers use, they are told before.
struct Deregister {
  static constexpr std::string_view name = "deregister";
  static constexpr std::array<std::string_view, 3> steps{"stop", "destroy", "unused"};
  enum class Step : std::uint8_t { stop, destroy, unused } step = Step::stop;
  MrId mr{};

  bool operator==(const Deregister&) const = default;
  Next run(Context& c);
};

}  // namespace model
