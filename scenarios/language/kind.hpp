// SPDX-License-Identifier: Apache-2.0
// The static types of the language: what an expression is, before any run.
#pragma once

#include <cstdint>
#include <string_view>

namespace language {

enum class Kind : std::uint8_t {
  unknown,  // A problem was reported; fits everywhere, so that it is reported once.
  nothing,
  truth,  // A comparison; yes, no, on, off.
  number,
  word,
  text,
  list,
  flags,  // PROT_READ|PROT_WRITE
  region,
  pages,  // Some pages of a region.
  mr,
  mr_pages,
  qp,
  handle,
  handle_pages,
  attachment,
  attachment_pages,
  interval,  // An interval notifier.
  mirror,    // A device that a process has opened.
  bond,      // A process whose page table a device shares.
  vm,        // A virtual machine.
  segment,   // Of XPMEM: memory that a process has made available (segid).
  permit,    // And the access of another one to it (apid).
  file,
  process,
  host,
  device,
  fabric_switch,
  thread,
  label,
  workload,
  error,    // EFAULT
  signal,   // SIGBUS
  outcome,  // What a call returned: a number, -errno or a signal.
};

// With its article: "a memory region (mr)".
std::string_view description(Kind kind);

enum class Dimension : std::uint8_t { none, time, size, pages, bandwidth, rate };
std::string_view description(Dimension dimension);  // "a time"

}  // namespace language
