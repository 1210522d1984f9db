// SPDX-License-Identifier: Apache-2.0
// From names to what they name.
#include <fmt/format.h>

#include <algorithm>

#include "scenarios/language/checking.hpp"

namespace language {
namespace {

const VariableInfo* variable(const Checked& checked, Symbol symbol) {
  return symbol.kind == SymbolKind::variable ? &checked.variables[symbol.index] : nullptr;
}

// Two things may share a name when something else tells them apart: devices of two hosts, regions
// of two processes, registers of two threads.
bool differ(const Checked& checked, Symbol a, Symbol b) {
  if (a.kind != b.kind) return variable(checked, a) != nullptr || variable(checked, b) != nullptr;
  switch (a.kind) {
    case SymbolKind::device:
      return checked.devices[a.index].host != checked.devices[b.index].host;
    case SymbolKind::region:
      return checked.regions[a.index].process != checked.regions[b.index].process;
    case SymbolKind::variable:
      return true;
    default:
      return false;
  }
}

// How near a candidate is to where it is named: the nearest wins.
int nearness(const Checking& checking, const Scope& scope, Symbol symbol) {
  const Checked& checked = checking.checked;
  if (const VariableInfo* info = variable(checked, symbol)) {
    if (info->thread) {
      if (scope.thread && info->thread == scope.thread) return 4;
      return scope.any_register ? 1 : 0;
    }
    return info->owner == scope.actor ? 3 : 2;
  }
  if (symbol.kind == SymbolKind::region && scope.actor.kind == SymbolKind::process) {
    return checked.regions[symbol.index].process == scope.actor.index ? 3 : 2;
  }
  return 2;
}

std::optional<Symbol> find_part(Checking& checking, const Path& path) {
  const std::string& owner = path.parts[0].text;
  const std::string& member = path.parts[1].text;
  const Checked& checked = checking.checked;
  for (std::uint32_t i = 0; i < checked.devices.size(); ++i) {
    const DeviceInfo& device = checked.devices[i];
    if (device.name.text == member && checked.hosts[device.host].name.text == owner) {
      return Symbol{SymbolKind::device, i};
    }
  }
  for (std::uint32_t i = 0; i < checked.hosts.size(); ++i) {
    if (checked.hosts[i].name.text == owner && member == "kernel") {
      return Symbol{SymbolKind::kernel, i};
    }
  }
  for (std::uint32_t i = 0; i < checked.regions.size(); ++i) {
    const RegionInfo& region = checked.regions[i];
    if (region.name.text == member && checked.processes[region.process].name.text == owner) {
      return Symbol{SymbolKind::region, i};
    }
  }
  for (std::uint32_t i = 0; i < checked.variables.size(); ++i) {
    const VariableInfo& info = checked.variables[i];
    if (!info.thread && info.name.text == member && text_of(checked, info.owner) == owner) {
      return Symbol{SymbolKind::variable, i};
    }
  }
  for (std::uint32_t i = 0; i < checked.threads.size(); ++i) {
    if (checked.threads[i].path.text() == path.text()) return Symbol{SymbolKind::thread, i};
  }
  return std::nullopt;
}

// The owner of a path is known, but not what it is said to own. False if not even the owner is.
bool report_unknown_part(Checking& checking, const Path& path) {
  const Checked& checked = checking.checked;
  const std::string& owner = path.parts[0].text;
  const Name& member = path.parts[1];
  std::vector<std::string> known;
  for (const HostInfo& host : checked.hosts) {
    if (host.name.text != owner) continue;
    for (const DeviceInfo& device : checked.devices) {
      if (checked.hosts[device.host].name.text == owner) known.push_back(device.name.text);
    }
    known.emplace_back("kernel");
    report_unknown(checking, member.span, member.text, fmt::format("a device of host '{}'", owner),
                   known);
    return true;
  }
  for (const ProcessInfo& process : checked.processes) {
    if (process.name.text != owner) continue;
    for (const RegionInfo& region : checked.regions) {
      if (checked.processes[region.process].name.text == owner) known.push_back(region.name.text);
    }
    for (const VariableInfo& variable : checked.variables) {
      if (!variable.thread && text_of(checked, variable.owner) == owner) {
        known.push_back(variable.name.text);
      }
    }
    report_unknown(checking, member.span, member.text,
                   fmt::format("a region or variable of process '{}'", owner), known);
    return true;
  }
  return false;
}

// How a thing is named when its bare name does not say which: app.buf, app.t0:r0.
std::string full_name(const Checked& checked, Symbol symbol) {
  const std::string& name = name_of(checked, symbol).text;
  if (symbol.kind == SymbolKind::region) {
    return checked.processes[checked.regions[symbol.index].process].name.text + "." + name;
  }
  const VariableInfo* info = variable(checked, symbol);
  if (info == nullptr) return text_of(checked, symbol);
  if (info->thread) return checked.threads[*info->thread].path.text() + ":" + name;
  return text_of(checked, info->owner) + "." + name;
}

void report_ambiguous(Checking& checking, const Scope& scope, const Name& name,
                      const std::vector<Symbol>& symbols, int nearest) {
  constexpr std::size_t shown_max = 5;
  std::vector<std::string> names;
  for (const Symbol symbol : symbols) {
    if (nearness(checking, scope, symbol) != nearest || names.size() == shown_max) continue;
    names.push_back(full_name(checking.checked, symbol));
  }
  report(checking, name.span, fmt::format("'{}' may be {}", name.text, listed(names)));
}

// All that the name stands for are registers that cannot be seen from here.
void report_foreign_register(Checking& checking, const Name& name,
                             const std::vector<Symbol>& symbols) {
  const Checked& checked = checking.checked;
  const VariableInfo* info = symbols.empty() ? nullptr : variable(checked, symbols.front());
  if (info == nullptr || !info->thread) return;
  report_with_note(checking, name.span,
                   fmt::format("'{}' is a register of {}; only that thread can use it", name.text,
                               checked.threads[*info->thread].path.text()),
                   {.span = info->name.span, .message = "what several use is defined in init"});
}

std::vector<std::string> names_of_kind(const Checking& checking, SymbolKind kind) {
  std::vector<std::string> names;
  for (const auto& [name, symbols] : checking.symbols) {
    if (std::ranges::any_of(symbols, [kind](Symbol symbol) { return symbol.kind == kind; })) {
      names.push_back(name);
    }
  }
  return names;
}

template <class Info>
std::optional<Symbol> find_named(Checking& checking, const Name& name, SymbolKind kind,
                                 const std::vector<Info>& infos) {
  for (std::uint32_t i = 0; i < infos.size(); ++i) {
    if (infos[i].name.text == name.text) return Symbol{kind, i};
  }
  report_unknown(checking, name.span, name.text, with_article(noun(kind)),
                 names_of_kind(checking, kind));
  return std::nullopt;
}

}  // namespace

const Name& name_of(const Checked& checked, Symbol symbol) {
  static const Name nothing;
  switch (symbol.kind) {
    case SymbolKind::host:
    case SymbolKind::kernel:
      return checked.hosts[symbol.index].name;
    case SymbolKind::device:
      return checked.devices[symbol.index].name;
    case SymbolKind::fabric_switch:
      return checked.switches[symbol.index].name;
    case SymbolKind::process:
      return checked.processes[symbol.index].name;
    case SymbolKind::region:
      return checked.regions[symbol.index].name;
    case SymbolKind::file:
      return checked.files[symbol.index].name;
    case SymbolKind::variable:
      return checked.variables[symbol.index].name;
    case SymbolKind::label:
      return checked.labels[symbol.index].name;
    case SymbolKind::param:
      return checked.params[symbol.index].name;
    case SymbolKind::let:
      return checked.lets[symbol.index].name;
    case SymbolKind::workload:
      return checked.workloads[symbol.index].name;
    default:
      return nothing;
  }
}

std::string text_of(const Checked& checked, Symbol symbol) {
  const std::string& name = name_of(checked, symbol).text;
  if (symbol.kind == SymbolKind::device) {
    return checked.hosts[checked.devices[symbol.index].host].name.text + "." + name;
  }
  return symbol.kind == SymbolKind::kernel ? name + ".kernel" : name;
}

Kind kind_of(const Checked& checked, Symbol symbol) {
  switch (symbol.kind) {
    case SymbolKind::host:
      return Kind::host;
    case SymbolKind::device:
      return Kind::device;
    case SymbolKind::fabric_switch:
      return Kind::fabric_switch;
    case SymbolKind::process:
      return Kind::process;
    case SymbolKind::region:
      return Kind::region;
    case SymbolKind::file:
      return Kind::file;
    case SymbolKind::thread:
      return Kind::thread;
    case SymbolKind::variable:
      return checked.variables[symbol.index].kind;
    case SymbolKind::label:
      return Kind::label;
    case SymbolKind::workload:
      return Kind::workload;
    case SymbolKind::param: {
      const ParamInfo& param = checked.params[symbol.index];
      return !param.values.empty() && param.values.front().word() != nullptr ? Kind::word
                                                                             : Kind::number;
    }
    case SymbolKind::let:
      return Kind::number;
    case SymbolKind::word:
      return Kind::word;
    case SymbolKind::error:
      return Kind::error;
    case SymbolKind::signal:
      return Kind::signal;
    default:
      return Kind::unknown;
  }
}

std::optional<std::uint32_t> host_of(const Checked& checked, Symbol symbol) {
  switch (symbol.kind) {
    case SymbolKind::host:
    case SymbolKind::kernel:
      return symbol.index;
    case SymbolKind::device:
      return checked.devices[symbol.index].host;
    case SymbolKind::process:
      return checked.processes[symbol.index].host;
    case SymbolKind::file:
      return checked.files[symbol.index].host;
    default:
      return std::nullopt;
  }
}

void declare(Checking& checking, const Name& name, Symbol symbol) {
  if (name.text.empty()) return;  // The parser has complained.
  std::vector<Symbol>& known = checking.symbols[name.text];
  for (const Symbol other : known) {
    if (differ(checking.checked, other, symbol)) continue;
    const Name& first = name_of(checking.checked, other);
    report_with_note(checking, name.span,
                     fmt::format("'{}' is already the name of a {}", name.text, noun(other.kind)),
                     {.span = first.span, .message = "first used here"});
    return;
  }
  known.push_back(symbol);
}

std::optional<Symbol> look_up(Checking& checking, const Scope& scope, const Name& name) {
  const auto found = checking.symbols.find(name.text);
  int best = 0;
  std::optional<Symbol> chosen;
  bool several = false;
  if (found != checking.symbols.end()) {
    for (const Symbol symbol : found->second) {
      const int near = nearness(checking, scope, symbol);
      if (near == 0) continue;
      several = near == best || (several && near < best);
      if (near > best) {
        several = false;
        best = near;
        chosen = symbol;
      }
    }
  }
  if (several) {
    report_ambiguous(checking, scope, name, found->second, best);
    return std::nullopt;
  }
  if (!chosen && found != checking.symbols.end()) {
    report_foreign_register(checking, name, found->second);
  } else if (!chosen) {
    report_undefined(checking, scope, name);
  }
  return chosen;
}

std::optional<Symbol> look_up(Checking& checking, const Scope& scope, const Path& path) {
  if (path.parts.size() == 1) return look_up(checking, scope, path.parts[0]);
  if (path.parts.size() == 2) {
    if (const auto found = find_part(checking, path)) return found;
    if (report_unknown_part(checking, path)) return std::nullopt;
  }
  report_undefined(checking, scope, {.text = path.text(), .span = path.span});
  return std::nullopt;
}

std::optional<Symbol> find_host(Checking& checking, const Name& name) {
  return find_named(checking, name, SymbolKind::host, checking.checked.hosts);
}

std::optional<Symbol> find_process(Checking& checking, const Name& name) {
  return find_named(checking, name, SymbolKind::process, checking.checked.processes);
}

std::optional<Symbol> find_file(Checking& checking, const Name& name) {
  return find_named(checking, name, SymbolKind::file, checking.checked.files);
}

std::optional<Symbol> find_device(Checking& checking, const Path& path) {
  std::vector<std::string> known;
  for (std::uint32_t i = 0; i < checking.checked.devices.size(); ++i) {
    const Symbol symbol{SymbolKind::device, i};
    known.push_back(text_of(checking.checked, symbol));
    if (known.back() == path.text()) return symbol;
  }
  report_unknown(checking, path.span, path.text(), "a device", known);
  return std::nullopt;
}

std::optional<Symbol> find_link_end(Checking& checking, const Path& path) {
  if (path.parts.size() != 1) return find_device(checking, path);
  std::vector<std::string> known;
  for (std::uint32_t i = 0; i < checking.checked.switches.size(); ++i) {
    known.push_back(checking.checked.switches[i].name.text);
    if (known.back() == path.text()) return Symbol{SymbolKind::fabric_switch, i};
  }
  for (std::uint32_t i = 0; i < checking.checked.devices.size(); ++i) {
    known.push_back(text_of(checking.checked, {SymbolKind::device, i}));
  }
  report_unknown(checking, path.span, path.text(), "a switch or a device", known);
  return std::nullopt;
}

std::optional<Symbol> find_actor(Checking& checking, const Path& path) {
  if (path.parts.size() == 1) {
    for (std::uint32_t i = 0; i < checking.checked.processes.size(); ++i) {
      if (checking.checked.processes[i].name.text == path.text()) {
        return Symbol{SymbolKind::process, i};
      }
    }
  } else if (path.parts.size() == 2) {
    const auto found = find_part(checking, path);
    if (found && (found->kind == SymbolKind::device || found->kind == SymbolKind::kernel)) {
      return found;
    }
  }
  std::vector<std::string> known = names_of_kind(checking, SymbolKind::process);
  for (std::uint32_t i = 0; i < checking.checked.devices.size(); ++i) {
    known.push_back(text_of(checking.checked, {SymbolKind::device, i}));
  }
  for (const HostInfo& host : checking.checked.hosts) known.push_back(host.name.text + ".kernel");
  report_unknown(checking, path.span, path.text(), "a process, a device or a kernel", known);
  return std::nullopt;
}

std::optional<std::uint32_t> find_label(Checking& checking, const Name& name) {
  if (const auto found = checking.labels.find(name.text); found != checking.labels.end()) {
    return found->second;
  }
  std::vector<std::string> known;
  for (const LabelInfo& label : checking.checked.labels) known.push_back(label.name.text);
  report_unknown(checking, name.span, name.text, "the label of an operation ('as ...')", known);
  return std::nullopt;
}

std::optional<std::uint32_t> find_thread(Checking& checking, const Path& path) {
  std::vector<std::string> known;
  for (std::uint32_t i = 0; i < checking.checked.threads.size(); ++i) {
    known.push_back(checking.checked.threads[i].path.text());
    if (known.back() == path.text()) return i;
  }
  report_unknown(checking, path.span, path.text(), "a thread", known);
  return std::nullopt;
}

std::optional<std::uint32_t> find_register(Checking& checking, std::uint32_t thread,
                                           const Name& name) {
  std::vector<std::string> known;
  for (std::uint32_t i = 0; i < checking.checked.variables.size(); ++i) {
    const VariableInfo& info = checking.checked.variables[i];
    if (info.thread != thread) continue;
    known.push_back(info.name.text);
    if (info.name.text == name.text) return i;
  }
  const std::string what =
      fmt::format("a register of {}", checking.checked.threads[thread].path.text());
  report_unknown(checking, name.span, name.text, what, known);
  return std::nullopt;
}

}  // namespace language
