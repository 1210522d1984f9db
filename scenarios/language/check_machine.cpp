// SPDX-License-Identifier: Apache-2.0
// The machine's settings: hosts, devices, switches, links, regions, costs and the kernel.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "scenarios/language/checking.hpp"

namespace language {
namespace {

template <class Entry>
void check_entries(Checking& checking, const std::vector<Entry>& entries,
                   const std::vector<SettingRow>& rows, const std::string& what) {
  std::vector<Setting> settings;
  for (const auto& entry : entries) {
    if (const auto* setting = std::get_if<Setting>(&entry)) settings.push_back(*setting);
  }
  check_settings(checking, settings, rows, what);
}

void check_region_flags(Checking& checking, const Region& region) {
  constexpr std::array<std::string_view, 5> access = {"rw", "ro", "rx", "rwx", "none"};
  std::set<std::string_view> seen;
  const Name* first_access = nullptr;
  for (const Name& flag : region.flags) {
    if (find(checking.vocabulary.region_flags, flag.text) == nullptr) {
      report_unknown(checking, flag.span, flag.text, "a flag of a region",
                     names_of(checking.vocabulary.region_flags));
      continue;
    }
    const bool is_access = std::ranges::find(access, flag.text) != access.end();
    if (!seen.insert(flag.text).second) {
      report(checking, flag.span, fmt::format("'{}' is said twice", flag.text));
    } else if (is_access && first_access != nullptr) {
      report(checking, flag.span,
             fmt::format("'{}' contradicts '{}'", flag.text, first_access->text));
    }
    if (is_access && first_access == nullptr) first_access = &flag;
  }
}

void check_region_address(Checking& checking, const Region& region) {
  const std::size_t before = checking.checked.problems.size();
  check_quantity(checking, {}, *region.address, Dimension::none, "an address");
  if (checking.checked.problems.size() != before) return;
  for (const Assignment& sample : checking.samples) {
    const Value value = evaluate(checking.checked, sample, *region.address).value;
    const auto amount = amount_in(value, Dimension::none);
    const auto address = amount ? amount->to_uint64() : std::nullopt;
    if (address && *address % static_cast<std::uint64_t>(page_bytes) == 0) continue;
    return report(checking, region.address->span,
                  fmt::format("a region's address is a multiple of {}", page_bytes));
  }
}

void check_region(Checking& checking, RegionInfo& info) {
  const Region& region = *info.region;
  if (find(checking.vocabulary.region_kinds, region.kind.text) == nullptr) {
    report_unknown(checking, region.kind.span, region.kind.text, "a kind of region",
                   names_of(checking.vocabulary.region_kinds));
  }
  check_region_flags(checking, region);
  check_region_file(checking, info);
  if (region.address) check_region_address(checking, region);
  const std::size_t before = checking.checked.problems.size();
  check_quantity(checking, {}, region.size, Dimension::pages, "a number of pages or bytes");
  if (checking.checked.problems.size() != before) return;
  for (const Assignment& sample : checking.samples) {
    const Value value = evaluate(checking.checked, sample, region.size).value;
    const auto pages = amount_in(value, Dimension::pages);
    const auto whole = pages ? pages->to_uint64() : std::nullopt;
    if (!whole || *whole == 0) {
      return report(checking, region.size.span, "a region has at least one whole page");
    }
    info.pages = *whole;
  }
  if (depends_on_sweep(checking.checked, region.size)) info.pages = std::nullopt;
}

bool is_lazy(const Region& region) {
  return std::ranges::any_of(region.flags, [](const Name& flag) { return flag.text == "lazy"; });
}

// The regions of a process that say where they are. A lazy one is but a range of addresses.
void check_overlaps(Checking& checking, const Assignment& sample) {
  struct Extent {
    std::uint32_t process;
    Rational first;
    Rational end;
    const RegionInfo* info;
  };
  std::vector<Extent> extents;
  for (const RegionInfo& info : checking.checked.regions) {
    if (!info.region->address || is_lazy(*info.region)) continue;
    const auto size = evaluate(checking.checked, sample, info.region->size).value;
    const auto place = evaluate(checking.checked, sample, *info.region->address).value;
    const auto first = amount_in(place, Dimension::none);
    const auto bytes = amount_in(size, Dimension::size);
    const auto end = first && bytes ? Rational::add(*first, *bytes) : std::nullopt;
    if (end) extents.push_back({info.process, *first, *end, &info});
  }
  std::ranges::stable_sort(
      extents, {}, [](const Extent& extent) { return std::pair(extent.process, extent.first); });
  for (std::size_t i = 1; i < extents.size(); ++i) {
    const Extent& before = extents[i - 1];
    const Extent& extent = extents[i];
    if (extent.process != before.process || before.end <= extent.first) continue;
    report_with_note(checking, extent.info->region->address->span,
                     fmt::format("region '{}' lies where '{}' is", extent.info->name.text,
                                 before.info->name.text),
                     {.span = before.info->name.span, .message = "that one is here"});
  }
}

void check_kernel(Checking& checking, const Kernel& kernel) {
  std::vector<std::string> known;
  const KernelRow* row = nullptr;
  for (const KernelRow& candidate : checking.vocabulary.kernels) {
    known.push_back(candidate.version);
    if (candidate.version == kernel.version.text) row = &candidate;
  }
  if (row != nullptr) {
    return check_settings(checking, kernel.switches, row->switches,
                          fmt::format("kernel {}", row->version));
  }
  if (kernel.version.text.empty()) return;
  // No "did you mean": another version is another choice, not a slip.
  report(checking, kernel.version.span,
         fmt::format("kernel '{}' is not known here; expected {}", kernel.version.text,
                     listed(known)));
}

bool has_links(const Checked& checked, std::uint32_t index) {
  const Symbol node{SymbolKind::fabric_switch, index};
  return std::ranges::any_of(
      checked.links, [&](const LinkInfo& link) { return link.left == node || link.right == node; });
}

void check_fabric(Checking& checking) {
  const Vocabulary& words = checking.vocabulary;
  const Checked& checked = checking.checked;
  for (std::uint32_t i = 0; i < checked.switches.size(); ++i) {
    const SwitchInfo& info = checked.switches[i];
    check_settings(checking, info.block->settings, words.switch_settings, "a switch");
    if (has_links(checked, i) || info.name.text.empty() || checked.script->broken) continue;
    report(checking, info.name.span, fmt::format("switch '{}' has no links", info.name.text));
  }
  const auto check = [&](const std::vector<Setting>& settings) {
    check_settings(checking, settings, words.link_settings, "a link");
  };
  each<Link>(*checked.script, [&](const Link& link, Span) { check(link.settings); });
  each<Mesh>(*checked.script, [&](const Mesh& mesh, Span) { check(mesh.settings); });
}

}  // namespace

void check_machine(Checking& checking) {
  const Vocabulary& words = checking.vocabulary;
  for (const HostInfo& host : checking.checked.hosts) {
    for (const Host* block : host.blocks) {
      check_entries(checking, block->entries, words.host_settings, "a host");
    }
  }
  for (const DeviceInfo& device : checking.checked.devices) {
    if (device.kind == nullptr) continue;
    for (const Device* block : device.blocks) {
      check_entries(checking, block->entries, device.kind->settings,
                    fmt::format("device '{}'", device.kind->name));
    }
  }
  check_fabric(checking);
  for (const ProcessInfo& process : checking.checked.processes) {
    check_entries(checking, process.process->entries, words.process_settings, "a process");
  }
  for (RegionInfo& region : checking.checked.regions) check_region(checking, region);
  for (const Assignment& sample : checking.samples) check_overlaps(checking, sample);
  each<Cost>(*checking.checked.script, [&](const Cost& cost, Span) {
    check_settings(checking, cost.settings, words.costs, "a cost model");
  });
  each<Run>(*checking.checked.script, [&](const Run& run, Span) {
    check_settings(checking, run.settings, words.run_settings, "a run");
  });
  each<Kernel>(*checking.checked.script,
               [&](const Kernel& kernel, Span) { check_kernel(checking, kernel); });
}

}  // namespace language
