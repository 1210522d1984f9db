// SPDX-License-Identifier: Apache-2.0
// Hosts, devices, processes and policies.
#include <fmt/format.h>

#include <algorithm>

#include "model/device/adapter.hpp"
#include "model/policy/registry.hpp"
#include "scenarios/language/lowering.hpp"
#include "scenarios/language/model_words.hpp"

namespace language {
namespace {

// Policies say for which kind they are. The test device of HMM may also mirror by intervals alone,
// and KVM has its own policy, that RDMA adapters can have as well.
bool fits(const model::Policy& policy, model::AdapterSetup::Kind kind) {
  const bool intervals = std::holds_alternative<model::IntervalNotifierPolicy>(policy);
  if (kind == model::AdapterSetup::Kind::mirror && intervals) return true;
  if (kind == model::AdapterSetup::Kind::kvm) {
    return std::holds_alternative<model::KvmPolicy>(policy);
  }
  return std::visit([&]<class P>(const P&) { return P::device == info_of(kind).name; }, policy);
}

// Errors about the kind have been reported.
model::AdapterSetup::Kind kind_of(const DeviceInfo& device) {
  for (std::size_t i = 0; device.kind != nullptr && i < model::adapter_kinds.size(); ++i) {
    const auto kind = static_cast<model::AdapterSetup::Kind>(i);
    if (info_of(kind).name == device.kind->name) return kind;
  }
  return model::AdapterSetup::Kind::rnic;
}

bool is_yes(const std::string& word) { return word == "yes" || word == "on"; }

}  // namespace

void Lowering::add_kernel() {
  if (checked_.kernel != nullptr) setup_.kernel = checked_.kernel->version.text;
  if (!choices_.kernel.empty()) setup_.kernel = choices_.kernel;
  setup_.switches = model::switches_of(setup_.kernel).value_or(model::KernelSwitches{});
  if (checked_.kernel == nullptr) return;
  for (const Setting& setting : checked_.kernel->switches) {
    for (const model::KernelSwitch& named : model::kernel_switches()) {
      if (named.name != setting.name.text) continue;
      setup_.switches.*named.member = is_yes(value_of(setting.values[0]).text());
    }
  }
}

// There is a lane for each two of them, and a lane has 16 bits.
constexpr std::size_t hosts_max = 64;

void Lowering::add_hosts() {
  for (const HostInfo& info : checked_.hosts) {
    model::HostSetup host{.name = info.name.text};
    host.slots = 0;
    for (const Host* block : info.blocks) {
      for (const auto& entry : block->entries) {
        if (const auto* setting = std::get_if<Setting>(&entry)) add_host_setting(host, *setting);
      }
    }
    setup_.hosts.push_back(std::move(host));
    if (setup_.hosts.size() == hosts_max + 1) problem(info.name.span, "more than 64 hosts");
  }
  used_cpus_.resize(setup_.hosts.size());
}

void Lowering::add_host_setting(model::HostSetup& host, const Setting& setting) {
  const std::string& name = setting.name.text;
  const auto pages = [&] {
    return static_cast<std::uint32_t>(number_of(setting.values[0], Dimension::size) /
                                      static_cast<std::uint64_t>(page_bytes));
  };
  if (name == "cpus") {
    host.cpus =
        std::max<std::uint32_t>(1, static_cast<std::uint32_t>(number_of(setting.values[0])));
  } else if (name == "ram") {
    host.frames = std::max(1U, pages());
  } else if (name == "swap") {
    host.slots = pages();
  } else if (name == "lru_batch") {
    host.lru_batch = static_cast<std::uint32_t>(number_of(setting.values[0]));
  } else if (name == "lru_gen") {
    host.lru_gen = value_of(setting.values[0]).text() == "on";
  } else if (name == "shmem_enabled") {
    const std::string word = value_of(setting.values[0]).text();
    host.shmem_enabled = word == "always"   ? model::ShmemHuge::always
                         : word == "advise" ? model::ShmemHuge::advise
                                            : model::ShmemHuge::never;
  } else if (name == "alloc") {
    const std::string order = value_of(setting.values[0]).text();
    if (order == "random") problem(setting.span, "'alloc random' is not supported by this version");
    host.alloc = order == "fifo" ? model::AllocOrder::fifo : model::AllocOrder::lifo;
  } else if (name == "numa") {
    host.nodes =
        std::max<std::uint32_t>(1, static_cast<std::uint32_t>(number_of(setting.values[0])));
  } else if (name == "iommu") {
    for (const Setting& unit : setting.nested) {
      if (!unit.values.empty() && is_yes(value_of(unit.values[0]).text())) {
        problem(unit.span, "an IOMMU is not supported by this version");
      }
    }
  }
}

void Lowering::add_processes() {
  for (const ProcessInfo& info : checked_.processes) {
    model::ProcessSetup process{.name = info.name.text, .host = model::HostId{info.host}};
    for (const auto& entry : info.process->entries) {
      const auto* setting = std::get_if<Setting>(&entry);
      if (setting == nullptr) continue;
      process.rcache.exists = true;
      for (const Setting& nested : setting->nested) add_rcache_setting(process.rcache, nested);
    }
    setup_.processes.push_back(std::move(process));
  }
  add_files();
  for (const RegionInfo& info : checked_.regions) add_region(info);
}

void Lowering::add_rcache_setting(model::RcacheSetup& rcache, const Setting& setting) {
  using Hooks = model::RcacheSetup::Hooks;
  using Events = model::RcacheSetup::Events;
  const std::string& name = setting.name.text;
  const std::string word = value_of(setting.values[0]).text();
  const auto number = [&] { return static_cast<std::uint32_t>(number_of(setting.values[0])); };
  const auto pages = [&] {
    return static_cast<std::uint32_t>(number_of(setting.values[0], Dimension::size) /
                                      static_cast<std::uint64_t>(page_bytes));
  };
  if (name == "hooks") {
    rcache.hooks = word == "munmap" ? Hooks::munmap : word == "none" ? Hooks::none : Hooks::all;
  } else if (name == "events") {
    rcache.events = word == "kernel"        ? Events::kernel
                    : word == "userfaultfd" ? Events::userfaultfd
                                            : Events::hooks;
  } else if (name == "find") {
    rcache.find_overlap = word == "overlap";
  } else if (name == "drop") {
    rcache.drop_within = word == "within";
  } else if (name == "check_valid") {
    rcache.check_valid = is_yes(word);
  } else if (name == "merge") {
    rcache.merge = is_yes(word);
  } else if (name == "defer") {
    rcache.defer = is_yes(word);
  } else if (name == "frees_locked") {
    rcache.frees_locked = is_yes(word);
  } else if (name == "monitor") {
    rcache.monitor = is_yes(word);
  } else if (name == "inv_q") {
    rcache.interval_tree = word == "interval_tree";
  } else if (name == "queue") {
    rcache.queue = number();
  } else if (name == "alignment") {
    rcache.alignment = std::max(1U, pages());
  } else if (name == "limit") {
    rcache.limit = number();
  } else if (name == "limit_size") {
    rcache.limit_pages = pages();
  }
}

void Lowering::add_devices() {
  WantedPolicy wanted = wanted_policy();
  for (const DeviceInfo& info : checked_.devices) {
    model::AdapterSetup adapter{.name = checked_.hosts[info.host].name.text + "." + info.name.text,
                                .host = model::HostId{info.host},
                                .kind = kind_of(info)};
    if (adapter.kind == model::AdapterSetup::Kind::mirror) {
      adapter.memory = model::DeviceMemory::private_memory;
      adapter.odp = true;
    }
    if (adapter.kind == model::AdapterSetup::Kind::kvm) adapter.odp = true;
    for (const Device* block : info.blocks) {
      for (const auto& entry : block->entries) {
        if (const auto* setting = std::get_if<Setting>(&entry)) {
          add_device_setting(adapter, *setting);
        }
      }
    }
    adapter.policy = policy_of(info, adapter.kind, wanted);
    setup_.adapters.push_back(std::move(adapter));
  }
  if (wanted.asked && !wanted.used) {
    problem(wanted.span, fmt::format("policy '{}' is for none of the devices here", wanted.name));
  }
}

void Lowering::add_device_setting(model::AdapterSetup& adapter, const Setting& setting) {
  const std::string& name = setting.name.text;
  const auto word = [&] { return value_of(setting.values[0]).text(); };
  const auto number = [&] { return static_cast<std::uint32_t>(number_of(setting.values[0])); };
  if (name == "rc") {
    adapter.rc.exists = true;
    for (const Setting& nested : setting.nested) add_rc_setting(adapter.rc, nested);
  } else if (name == "ud") {
    for (const Setting& nested : setting.nested) {
      adapter.ud_drop = value_of(nested.values[0]).text() == "drop";
    }
  } else if (name == "odp") {
    adapter.odp = is_yes(word());
  } else if (name == "fault_batch") {
    adapter.fault_batch = std::max(1U, number());
  } else if (name == "check_write") {
    adapter.check_write = is_yes(word());
  } else if (name == "ats") {
    adapter.ats = is_yes(word());
  } else if (name == "pri") {
    adapter.pri = is_yes(word());
  } else if (name == "completes_after_writes") {
    adapter.completes_after_writes = is_yes(word());
  } else if (name == "memslots") {
    adapter.memslots = number();
  } else if (name == "dirty_log") {
    adapter.dirty_log = word() == "manual"          ? model::DirtyLog::manual
                        : word() == "initially_set" ? model::DirtyLog::initially_set
                                                    : model::DirtyLog::by_get;
  } else if (name == "prq") {
    adapter.prq = number();
  } else if (name == "inval_queue" || name == "traffic_classes" || name == "inval_completion") {
    add_ats_setting(adapter, setting);
  } else if (name == "tlb") {
    adapter.tlb_entries = std::max(1U, number());
  } else if (name == "exclusive") {
    adapter.checks_exclusive = word() == "checked";
  } else if (name == "memory") {
    adapter.memory =
        word() == "coherent" ? model::DeviceMemory::coherent : model::DeviceMemory::private_memory;
  } else if (name == "pfn_table") {
    adapter.pfn_table = number();
  }
}

void Lowering::add_ats_setting(model::AdapterSetup& adapter, const Setting& setting) {
  const std::string& name = setting.name.text;
  if (name == "inval_completion") {
    const std::string word = value_of(setting.values[0]).text();
    adapter.inval_completion = word == "lost"      ? model::InvalCompletion::lost
                               : word == "late"    ? model::InvalCompletion::late
                               : word == "doubled" ? model::InvalCompletion::doubled
                                                   : model::InvalCompletion::sent;
    return;
  }
  const bool classes = name == "traffic_classes";
  const std::uint64_t number = number_of(setting.values[0]);
  const std::uint64_t most = classes ? 8 : model::itags;
  if (number > most) problem(setting.span, fmt::format("'{}' is at most {}", name, most));
  if (classes && number == 0) problem(setting.span, "'traffic_classes' is at least 1");
  const auto taken = static_cast<std::uint32_t>(std::min(number, most));
  (classes ? adapter.traffic_classes : adapter.inval_queue) = classes ? std::max(1U, taken) : taken;
}

void Lowering::add_rc_setting(model::RcSetup& rc, const Setting& setting) {
  const std::string& name = setting.name.text;
  const auto code = [&](std::uint32_t most) {
    const std::uint64_t number = number_of(setting.values[0]);
    if (number > most) {
      problem(setting.span, fmt::format("'{}' is at most {}", name, most));
    }
    return static_cast<std::uint8_t>(std::min<std::uint64_t>(number, most));
  };
  if (name == "timeout") {
    rc.timeout = code(31);
  } else if (name == "retry_cnt") {
    rc.retry_cnt = code(7);
  } else if (name == "rnr_retry") {
    rc.rnr_retry = code(7);
  } else if (name == "min_rnr_timer") {
    rc.min_rnr_timer = code(31);
  } else if (name == "on_fault") {
    rc.nak_fault = value_of(setting.values[0]).text() == "rnr_nak";
  } else if (name == "check_psn") {
    rc.check_psn = is_yes(value_of(setting.values[0]).text());
  } else if (name == "ack_write") {
    rc.ack_landed = value_of(setting.values[0]).text() == "landed";
  } else if (name == "flush") {
    rc.flush = is_yes(value_of(setting.values[0]).text());
  }
}

WantedPolicy Lowering::wanted_policy() const {
  if (const auto& name = checked_.policy_override) {
    return {.name = name->text, .span = name->span, .over_devices = true};
  }
  for (std::size_t i = 0; i < checked_.params.size(); ++i) {
    const Name& name = checked_.params[i].name;
    if (name.text != "policy") continue;
    return {.name = assignment_.values[i].text(), .span = name.span, .over_devices = true};
  }
  if (checked_.policies.empty()) return {};
  const Name& last = checked_.policies.back()->name;
  return {.name = last.text, .span = last.span};
}

// The device's own policy, else the one that is wanted. What is not for a device of that kind
// leaves it its usual one.
model::Policy Lowering::policy_of(const DeviceInfo& device, model::AdapterSetup::Kind kind,
                                  WantedPolicy& wanted) {
  const std::string usual(info_of(kind).usual_policy);
  const Policy* block = device.policy;
  if (block != nullptr && wanted.over_devices && block->name.text != wanted.name) block = nullptr;
  const bool own = block != nullptr;
  for (const Policy* candidate : checked_.policies) {
    if (!own && candidate->name.text == wanted.name) block = candidate;
  }
  std::string name = own ? block->name.text : wanted.name.empty() ? usual : wanted.name;
  model::Policy policy = policy_from(name, block);
  const bool good = fits(policy, kind);
  if (own && !good) {
    problem(block->name.span,
            fmt::format("policy '{}' is not for a device of kind '{}'", name, info_of(kind).name));
  }
  if (!own) {
    wanted.asked = wanted.asked || !wanted.name.empty();
    wanted.used = wanted.used || good;
  }
  if (!good) {
    name = usual;
    policy = policy_from(usual, nullptr);
  }
  if (cell_.policy.empty() || name == wanted.name) cell_.policy = name;
  return policy;
}

model::Policy Lowering::policy_from(std::string_view name, const Policy* block) {
  model::Policy policy = model::policy_named(name).value_or(model::Policy{});
  if (block != nullptr) {
    for (const Setting& setting : block->settings) set_policy(policy, name, setting);
  }
  set_by_params(policy);
  return policy;
}

// A param whose name is that of a setting is that setting.
void Lowering::set_by_params(model::Policy& policy) {
  for (const model::PolicyInfo& info : model::policy_list()) {
    if (info.name != model::name_of(policy)) continue;
    for (const model::SettingInfo& setting : info.settings) {
      for (std::size_t i = 0; i < checked_.params.size(); ++i) {
        if (checked_.params[i].name.text != setting.name) continue;
        const Value& value = assignment_.values[i];
        if (const auto* amount = std::get_if<Quantity>(&value.content)) {
          model::set(policy, setting.name, amount->amount.to_uint64().value_or(0));
        } else if (const auto index = word_index(setting.words, value.text())) {
          model::set(policy, setting.name, *index);
        } else {
          problem(checked_.params[i].name.span, "'" + value.text() + "' is not a value of '" +
                                                    std::string(setting.name) + "'; expected " +
                                                    std::string(setting.words));
        }
      }
    }
  }
}

void Lowering::set_policy(model::Policy& policy, std::string_view name, const Setting& setting) {
  for (const model::PolicyInfo& info : model::policy_list()) {
    if (info.name != name) continue;
    for (const model::SettingInfo& known : info.settings) {
      if (known.name != setting.name.text) continue;
      std::uint64_t value = 0;
      switch (known.kind) {
        case model::SettingKind::flag:
        case model::SettingKind::word:
          value = word_index(known.words, value_of(setting.values[0]).text()).value_or(0);
          break;
        case model::SettingKind::number:
          value = number_of(setting.values[0]);
          break;
        case model::SettingKind::duration:
          value = number_of(setting.values[0], Dimension::time);
          break;
      }
      model::set(policy, known.name, value);
    }
  }
}

// The place of a word in "handle|page"; "on" and "off" are yes and no.
std::optional<std::uint64_t> Lowering::word_index(std::string_view words, std::string_view word) {
  if (word == "on") word = "yes";
  if (word == "off") word = "no";
  std::uint64_t index = 0;
  while (!words.empty()) {
    const std::size_t end = std::min(words.find('|'), words.size());
    if (words.substr(0, end) == word) return index;
    words.remove_prefix(std::min(end + 1, words.size()));
    ++index;
  }
  return std::nullopt;
}

}  // namespace language
