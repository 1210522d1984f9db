// SPDX-License-Identifier: Apache-2.0
// Everything that has a name: params, hosts, devices, switches, links, processes, regions and
// threads.
#include <fmt/format.h>

#include <algorithm>

#include "scenarios/language/checking.hpp"

namespace language {
namespace {

constexpr std::int64_t language_version = 1;

template <class Info>
std::uint32_t last(const std::vector<Info>& infos) {
  return static_cast<std::uint32_t>(infos.size() - 1);
}

void declare_host(Checking& checking, const Host& host) {
  Checked& checked = checking.checked;
  const auto known = std::ranges::find(checked.hosts, host.name.text,
                                       [](const HostInfo& info) { return info.name.text; });
  if (known != checked.hosts.end()) {
    known->blocks.push_back(&host);
    return;
  }
  checked.hosts.push_back({.name = host.name, .blocks = {&host}});
  declare(checking, host.name, {SymbolKind::host, last(checked.hosts)});
}

void declare_device(Checking& checking, std::uint32_t host, const Device& device) {
  Checked& checked = checking.checked;
  DeviceInfo* info = nullptr;
  for (DeviceInfo& known : checked.devices) {
    if (known.host == host && known.name.text == device.name.text) info = &known;
  }
  if (info == nullptr) {
    checked.devices.push_back({.name = device.name, .host = host});
    info = &checked.devices.back();
    declare(checking, device.name, {SymbolKind::device, last(checked.devices)});
  }
  info->blocks.push_back(&device);
  info->kind = find(checking.vocabulary.device_kinds, device.kind.text);
  if (info->kind == nullptr) {
    report_unknown(checking, device.kind.span, device.kind.text, "a kind of device",
                   row_names(checking.vocabulary.device_kinds));
  }
  for (const auto& entry : device.entries) {
    if (const auto* policy = std::get_if<Policy>(&entry)) info->policy = policy;
  }
}

void declare_devices(Checking& checking) {
  for (std::uint32_t host = 0; host < checking.checked.hosts.size(); ++host) {
    for (const Host* block : checking.checked.hosts[host].blocks) {
      for (const auto& entry : block->entries) {
        if (const auto* device = std::get_if<Device>(&entry)) {
          declare_device(checking, host, *device);
        }
      }
    }
  }
}

void declare_file(Checking& checking, const MappedFile& file) {
  Checked& checked = checking.checked;
  const auto host = find_host(checking, file.host);
  checked.files.push_back({.name = file.name, .host = host ? host->index : 0, .file = &file});
  declare(checking, file.name, {SymbolKind::file, last(checked.files)});
}

void declare_region(Checking& checking, std::uint32_t process, const Region& region) {
  Checked& checked = checking.checked;
  checked.regions.push_back({.name = region.name, .process = process, .region = &region});
  declare(checking, region.name, {SymbolKind::region, last(checked.regions)});
  if (!region.file || region.file->text.empty()) return;
  const auto file = find_file(checking, *region.file);
  if (file) checked.regions.back().file = file->index;
}

void declare_process(Checking& checking, const Process& process) {
  Checked& checked = checking.checked;
  const auto host = find_host(checking, process.host);
  checked.processes.push_back(
      {.name = process.name, .host = host ? host->index : 0, .process = &process});
  const std::uint32_t index = last(checked.processes);
  declare(checking, process.name, {SymbolKind::process, index});
  for (const auto& entry : process.entries) {
    if (const auto* region = std::get_if<Region>(&entry)) declare_region(checking, index, *region);
  }
}

void declare_thread(Checking& checking, const Thread& thread) {
  Checked& checked = checking.checked;
  if (thread.path.parts.size() < 2) {
    if (!thread.path.parts[0].text.empty()) {
      report(checking, thread.path.span,
             "a thread is named PROCESS.NAME, HOST.DEVICE or HOST.kernel");
    }
    return;
  }
  Path actor = thread.path;
  const bool of_host = std::ranges::any_of(
      checked.hosts, [&](const HostInfo& info) { return info.name.text == actor.parts[0].text; });
  if (!of_host || actor.parts.size() == 3) {
    actor.parts.pop_back();
    actor.span = join(actor.parts.front().span, actor.parts.back().span);
  }
  const std::optional<Symbol> symbol = find_actor(checking, actor);
  for (const ThreadInfo& other : checked.threads) {
    if (other.path.text() != thread.path.text()) continue;
    report_with_note(checking, thread.path.span,
                     fmt::format("there is a thread '{}' already", thread.path.text()),
                     {.span = other.path.span, .message = "first used here"});
  }
  checked.threads.push_back(
      {.path = thread.path, .actor = symbol.value_or(Symbol{}), .thread = &thread});
}

void declare_switch(Checking& checking, const Switch& node) {
  checking.checked.switches.push_back({.name = node.name, .block = &node});
  declare(checking, node.name, {SymbolKind::fabric_switch, last(checking.checked.switches)});
}

void add_link(Checking& checking, const LinkInfo& link) {
  if (link.left == link.right) {
    return report(checking, link.span,
                  fmt::format("both ends are '{}'", text_of(checking.checked, link.left)));
  }
  for (const LinkInfo& other : checking.checked.links) {
    const bool same = (other.left == link.left && other.right == link.right) ||
                      (other.left == link.right && other.right == link.left);
    if (!same) continue;
    return report_with_note(
        checking, link.span,
        fmt::format("there is a link between '{}' and '{}' already",
                    text_of(checking.checked, link.left), text_of(checking.checked, link.right)),
        {.span = other.span, .message = "it is here"});
  }
  checking.checked.links.push_back(link);
}

void declare_link(Checking& checking, const Link& link) {
  const auto left = find_link_end(checking, link.left);
  const auto right = find_link_end(checking, link.right);
  if (!left || !right) return;
  add_link(checking, {.left = *left,
                      .right = *right,
                      .span = join(link.left.span, link.right.span),
                      .settings = &link.settings});
}

// Each adapter with each.
void declare_mesh(Checking& checking, const Mesh& mesh) {
  std::vector<Symbol> ends;
  for (const Path& path : mesh.ends) {
    const auto end = find_device(checking, path);
    if (!end) return;
    for (const Symbol other : ends) {
      const LinkInfo link{
          .left = other, .right = *end, .span = path.span, .settings = &mesh.settings};
      if (other == *end) return add_link(checking, link);
      add_link(checking, link);
    }
    ends.push_back(*end);
  }
  if (ends.size() < 2) {
    report(checking, mesh.ends.front().span, "a mesh is of two adapters or more");
  }
}

void declare_param(Checking& checking, const Param& param) {
  Checked& checked = checking.checked;
  checked.params.push_back({.name = param.name, .param = &param});
  declare(checking, param.name, {SymbolKind::param, last(checked.params)});
}

}  // namespace

void declare_all(Checking& checking) {
  Checked& checked = checking.checked;
  const Script& script = *checked.script;
  each<LanguageVersion>(script, [&](const LanguageVersion& item, Span) {
    const auto version =
        amount_in(literal_value(item.version, checking.vocabulary), Dimension::none);
    if (version == Rational(language_version)) return;
    report(checking, item.version.span,
           version && *version > Rational(language_version)
               ? fmt::format("language {} is newer than this program, which reads language {}",
                             version->text(), language_version)
               : fmt::format("the version of the language is a number: {}", language_version));
  });
  each<ScenarioName>(script, [&](const ScenarioName& scenario, Span span) {
    if (!checked.title.empty() && span.source.value == 0) {
      report(checking, span, "a file has one scenario");
    }
    checked.title = scenario.title.text;
  });
  each<Kernel>(script, [&](const Kernel& kernel, Span) {
    if (checked.kernel != nullptr) {
      report_with_note(checking, kernel.version.span, "a scenario has one kernel",
                       {.span = checked.kernel->version.span, .message = "the first is here"});
    }
    checked.kernel = &kernel;
  });
  each<Param>(script, [&](const Param& param, Span) { declare_param(checking, param); });
  each<Let>(script, [&](const Let& let, Span) {
    checked.lets.push_back({.name = let.name, .let = &let});
    declare(checking, let.name, {SymbolKind::let, last(checked.lets)});
  });
  each<Host>(script, [&](const Host& host, Span) { declare_host(checking, host); });
  declare_devices(checking);
  each<Switch>(script, [&](const Switch& node, Span) { declare_switch(checking, node); });
  each<Link>(script, [&](const Link& link, Span) { declare_link(checking, link); });
  each<Mesh>(script, [&](const Mesh& mesh, Span) { declare_mesh(checking, mesh); });
  each<MappedFile>(script, [&](const MappedFile& file, Span) { declare_file(checking, file); });
  each<Process>(script, [&](const Process& process, Span) { declare_process(checking, process); });
  each<Policy>(script, [&](const Policy& policy, Span) { checked.policies.push_back(&policy); });
  each<Thread>(script, [&](const Thread& thread, Span) { declare_thread(checking, thread); });
  each<Workload>(script, [&](const Workload& workload, Span) {
    checked.workloads.push_back({.name = workload.name, .workload = &workload});
    declare(checking, workload.name, {SymbolKind::workload, last(checked.workloads)});
  });
  each<Init>(script, [&](const Init& init, Span) { checked.inits.push_back(&init); });
  each<Timeline>(script,
                 [&](const Timeline& timeline, Span) { checked.timelines.push_back(&timeline); });
}

}  // namespace language
