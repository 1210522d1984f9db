// SPDX-License-Identifier: Apache-2.0
// Calls of libxpmem: a process shares memory of its own, and others map it.
#include "scenarios/language/calls.hpp"

namespace language {
namespace {

Parameter segment() { return of(ParameterKind::segment, "segid"); }
Parameter permit() { return of(ParameterKind::permit, "apid"); }

CallRow make_row() {
  const Parameter mode =
      flags("mode", {"S_IRUSR", "S_IWUSR", "S_IRGRP", "S_IWGRP", "S_IROTH", "S_IWOTH", "S_ISVTX"});
  CallRow make = row("xpmem_make", by_process,
                     {{{}}, {{pages(), optional(mode), optional(number("bytes", Role::flags))}}},
                     "Makes a segment of the pages, or of all the address space.");
  make.result = Kind::segment;
  return make;
}

CallRow get_row() {
  const Parameter access = flags("access", {"XPMEM_RDONLY", "XPMEM_RDWR"}, Role::flags);
  CallRow get =
      row("xpmem_get", by_process, {{{segment(), access}}, {{number("id", Role::number), access}}},
          "Asks for access to a segment.");
  get.result = Kind::permit;
  return get;
}

}  // namespace

std::vector<CallRow> xpmem_calls() {
  Parameter owned{
      .name = "owner's pages", .kind = ParameterKind::pages, .foreign = true, .role = Role::second};
  return {
      make_row(),
      row("xpmem_remove", by_process, {{{segment()}}, {{number("id", Role::number)}}},
          "Ends a segment: it is taken from all who have attached it."),
      get_row(),
      row("xpmem_release", by_process, {{{permit()}}},
          "Gives access up, and all that is attached."),
      row("xpmem_attach", by_process, {{{permit(), pages(), optional(owned)}}},
          "Maps pages of a segment, to be faulted in; without the third, from its start on."),
      row("xpmem_detach", by_process, {{{pages()}}}, "Ends the attachment that the page is in."),
      row("xpmem_fork_begin", by_process, {{{}}},
          "Takes all attached pages back, and keeps them until xpmem_fork_end()."),
      row("xpmem_fork_end", by_process, {{{}}}, "They may be faulted in again."),
  };
}

}  // namespace language
