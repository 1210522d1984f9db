// SPDX-License-Identifier: Apache-2.0
#include "scenarios/language/kind.hpp"

#include <array>
#include <cstddef>

#include "scenarios/language/names.hpp"
#include "scenarios/language/vocabulary.hpp"

namespace language {
namespace {

// By Kind: with its article, so that the noun is what follows it.
constexpr std::array<std::string_view, 34> kinds = {
    "something unknown",
    "nothing",
    "a condition",
    "a number",
    "a word",
    "a string",
    "a list",
    "flags",
    "a region",
    "pages of a region",
    "a memory region (mr)",
    "pages of a memory region (mr)",
    "a queue pair (qp)",
    "a handle",
    "pages of a handle",
    "an attachment",
    "pages of an attachment",
    "an interval notifier",
    "an open device (fd)",
    "a bond",
    "a virtual machine (vm)",
    "a segment (segid)",
    "an access permit (apid)",
    "a file",
    "a process",
    "a host",
    "a device",
    "a switch",
    "a thread",
    "a label",
    "a workload",
    "an error",
    "a signal",
    "the result of a call",
};

}  // namespace

std::string_view description(Kind kind) {
  const auto index = static_cast<std::size_t>(kind);
  return index < kinds.size() ? kinds[index] : "an event";
}

std::string_view description(Dimension dimension) {
  switch (dimension) {
    case Dimension::none:
      return "a plain number";
    case Dimension::time:
      return "a time";
    case Dimension::size:
      return "a size";
    case Dimension::pages:
      return "a number of pages";
    case Dimension::bandwidth:
      return "a bandwidth";
    case Dimension::rate:
      return "a rate";
  }
  return "?";
}

std::string_view description(ActorKind kind) {
  switch (kind) {
    case ActorKind::process:
      return "a process";
    case ActorKind::device:
      return "a device";
    case ActorKind::kernel:
      return "a kernel";
  }
  return "?";
}

std::string_view description(ParameterKind kind) {
  switch (kind) {
    case ParameterKind::region:
      return description(Kind::region);
    case ParameterKind::pages:
      return description(Kind::pages);
    case ParameterKind::mr:
      return description(Kind::mr);
    case ParameterKind::mr_pages:
      return description(Kind::mr_pages);
    case ParameterKind::qp:
      return description(Kind::qp);
    case ParameterKind::handle:
      return description(Kind::handle);
    case ParameterKind::handle_pages:
      return description(Kind::handle_pages);
    case ParameterKind::attachment:
      return description(Kind::attachment);
    case ParameterKind::attachment_pages:
      return description(Kind::attachment_pages);
    case ParameterKind::remote_pages:
      return "pages of a memory region (mr) or of an attachment";
    case ParameterKind::interval:
      return description(Kind::interval);
    case ParameterKind::mirror:
      return description(Kind::mirror);
    case ParameterKind::bond:
      return description(Kind::bond);
    case ParameterKind::vm:
      return description(Kind::vm);
    case ParameterKind::segment:
      return description(Kind::segment);
    case ParameterKind::permit:
      return description(Kind::permit);
    case ParameterKind::file:
      return description(Kind::file);
    case ParameterKind::process:
      return description(Kind::process);
    case ParameterKind::host:
      return description(Kind::host);
    case ParameterKind::device:
      return description(Kind::device);
    case ParameterKind::fabric_switch:
      return description(Kind::fabric_switch);
    case ParameterKind::link_end:
      return "a device or a switch";
    case ParameterKind::number:
      return description(Kind::number);
    case ParameterKind::flags:
      return description(Kind::flags);
    case ParameterKind::word:
      return description(Kind::word);
    case ParameterKind::label:
      return description(Kind::label);
    case ParameterKind::workload:
      return description(Kind::workload);
    case ParameterKind::truth:
      return description(Kind::truth);
    case ParameterKind::any:
      return "a value";
  }
  return "?";
}

std::string_view description(SettingKind kind) {
  switch (kind) {
    case SettingKind::truth:
      return "yes or no";
    case SettingKind::number:
    case SettingKind::count:
      return "a whole number";
    case SettingKind::duration:
      return "a time, as 10us";
    case SettingKind::size:
      return "a size, as 64M or 16 pages";
    case SettingKind::bandwidth:
      return "a bandwidth, as 100Gbps";
    case SettingKind::share:
      return "a share, as 5%";
    case SettingKind::rate:
      return "a rate, as 200k/s";
    case SettingKind::word:
      return "a word";
    case SettingKind::cost:
      return "a time or a distribution of times";
    case SettingKind::block:
      return "a block of settings";
    case SettingKind::mix:
      return "operations and their shares";
    case SettingKind::target:
      return "a region or a memory region (mr)";
    case SettingKind::portion:
      return "all, none, a number of pages or a share, as 20%";
    case SettingKind::device:
      return "a device, as A.rnic0";
  }
  return "?";
}

std::string_view noun(SymbolKind kind) {
  switch (kind) {
    case SymbolKind::none:
      return "nothing";
    case SymbolKind::host:
      return "host";
    case SymbolKind::device:
      return "device";
    case SymbolKind::fabric_switch:
      return "switch";
    case SymbolKind::kernel:
      return "kernel";
    case SymbolKind::process:
      return "process";
    case SymbolKind::region:
      return "region";
    case SymbolKind::file:
      return "file";
    case SymbolKind::thread:
      return "thread";
    case SymbolKind::variable:
      return "variable";
    case SymbolKind::label:
      return "label";
    case SymbolKind::param:
      return "param";
    case SymbolKind::let:
      return "let";
    case SymbolKind::workload:
      return "workload";
    case SymbolKind::word:
      return "word";
    case SymbolKind::error:
      return "error";
    case SymbolKind::signal:
      return "signal";
    case SymbolKind::constant:
      return "constant";
    case SymbolKind::function:
      return "function";
  }
  return "?";
}

}  // namespace language
