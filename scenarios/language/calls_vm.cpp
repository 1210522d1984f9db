// SPDX-License-Identifier: Apache-2.0
// What a process asks of KVM, and what a guest does in one of its threads.
#include "scenarios/language/calls.hpp"

namespace language {
namespace {

Parameter slot() { return number("slot", Role::number); }
Parameter guest() { return number("guest page", Role::offset); }

}  // namespace

std::vector<CallRow> vm_calls() {
  const Parameter vm = of(ParameterKind::vm, "vm");
  const Parameter flag = flags(
      "flag", {"KVM_MEM_LOG_DIRTY_PAGES", "KVM_MEM_READONLY", "KVM_MEM_GUEST_MEMFD"}, Role::flags);
  CallRow create = row("KVM_CREATE_VM", by_process,
                       {{{{.name = "device", .kind = ParameterKind::device, .local = true}}}},
                       "Makes a virtual machine; what the process gives it is its memory.");
  create.result = Kind::vm;
  return {
      std::move(create),
      row("kvm_close", by_process, {{{vm}}}, "Closes the virtual machine: KVM gives it up."),
      row("KVM_SET_USER_MEMORY_REGION", by_process,
          {{{vm, slot()}}, {{vm, slot(), guest(), pages(), optional(flag)}}},
          "A memslot backs guest pages by these of the process; without them it is deleted."),
      row("KVM_GET_DIRTY_LOG", by_process, {{{vm, slot()}}},
          "Which pages of the memslot the guest has written, as bits."),
      row("KVM_CLEAR_DIRTY_LOG", by_process, {{{vm, slot(), number("bitmap", Role::offset)}}},
          "Counts these pages as clean, and takes note when they are written again."),
      row("KVM_PRE_FAULT_MEMORY", by_process, {{{vm, guest(), number("pages", Role::number)}}},
          "Maps guest pages before they are used: how many are left."),
      row("guest_read", by_process, {{{vm, guest()}}},
          "The thread runs the guest, which reads a page."),
      row("guest_write", by_process, {{{vm, guest(), number("value", Role::number)}}},
          "The thread runs the guest, which writes a page."),
  };
}

}  // namespace language
