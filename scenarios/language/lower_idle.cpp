// SPDX-License-Identifier: Apache-2.0
// Settings that change nothing. Of what a param or the command line may have made idle only that is
// said which is idle in all runs of a scenario, and as a warning.
#include <fmt/format.h>

#include <algorithm>

#include "model/fabric/route.hpp"
#include "scenarios/language/lowering.hpp"

namespace language {
namespace {

const model::RecallProtocol* protocol_of(const model::Policy& policy) {
  if (const auto* handle = std::get_if<model::HandlePolicy>(&policy)) return handle;
  return std::get_if<model::XpmemPolicy>(&policy);
}

bool is_doubtful(std::string_view setting) {
  return setting == "lost" || setting == "late" || setting == "doubled";
}

}  // namespace

void Lowering::find_idle() {
  for (const LinkInfo& link : checked_.links) {
    for (const Setting& setting : *link.settings) {
      if (!is_doubtful(setting.name.text)) continue;
      refuse_idle(setting);
      if (const std::string why = why_idle(*link.settings, setting); !why.empty()) {
        add_idle(setting.name, why);
      }
    }
  }
  find_idle_numbers();
}

// Each would be as if it were not there, whatever else a scenario says.
void Lowering::refuse_idle(const Setting& setting) {
  const std::string& fault = setting.name.text;
  const std::string kind = value_of(setting.values[0]).text();
  if (fault == "doubled" && kind == "detached") {
    problem(setting.span, "'doubled detached' changes nothing: the first has ended the attachment");
  }
  // Such a message starts a worker, which need not begin at once either.
  const bool starts_worker = kind == "activate" || kind == "shootdown";
  if (fault == "late" && starts_worker && cell_.mode != RunMode::simulate && !choices_.explore) {
    problem(setting.span,
            fmt::format("'late {}' changes nothing in an exploration, where what it starts may "
                        "begin at any time anyhow; it does in a timed run",
                        kind));
  }
}

// A mesh has one setting for all of its links.
std::string Lowering::why_idle(const std::vector<Setting>& settings, const Setting& setting) {
  const bool choice = checked_.policy_override.has_value() ||
                      std::ranges::any_of(checked_.params, [](const ParamInfo& param) {
                        return param.name.text == "policy";
                      });
  const bool recalls = std::ranges::any_of(setup_.adapters, [](const model::AdapterSetup& adapter) {
    return protocol_of(adapter.policy) != nullptr;
  });
  if (!recalls && !choice) return "no policy here sends messages about handles";
  bool used = false;
  for (std::size_t i = 0; i < checked_.links.size(); ++i) {
    used = used || (checked_.links[i].settings == &settings && carries_handles(setup_.links[i]));
  }
  if (!used) return "nobody uses a handle over this link";
  const bool detaches = std::ranges::any_of(setup_.lines, [](const model::Line& line) {
    return line.call.verb == model::Verb::detach && !line.init;
  });
  if (value_of(setting.values[0]).text() == "detached" && !detaches) return "nobody detaches";
  return "";
}

// One side has a handle that the other one attaches to. Over switches there may be other ways.
bool Lowering::carries_handles(const model::LinkSetup& link) const {
  const auto hosts = static_cast<std::uint32_t>(setup_.hosts.size());
  return std::ranges::any_of(setup_.lines, [&](const model::Line& line) {
    const bool uses = line.call.verb == model::Verb::attach ||
                      line.call.verb == model::Verb::mpi_put ||
                      line.call.verb == model::Verb::mpi_get;
    if (!uses || !line.call.target.variable.some()) return false;
    const model::HostId owner =
        host_of(checked_.variables[line.call.target.variable.index()].owner);
    if (owner == line.call.host) return false;
    const bool of_switch = link.left.value >= hosts || link.right.value >= hosts;
    return of_switch || link.joins(model::node_of(owner), model::node_of(line.call.host));
  });
}

// The numbers of answers, and sending again what was not answered.
void Lowering::find_idle_numbers() {
  bool recalls = false;
  bool times_out = false;
  bool resends = false;
  for (const model::AdapterSetup& adapter : setup_.adapters) {
    const model::RecallProtocol* protocol = protocol_of(adapter.policy);
    if (protocol == nullptr) continue;
    recalls = true;
    times_out = times_out || protocol->quiesce_timeout != 0;
    resends = resends || protocol->resend != 0;
  }
  if (!recalls) return;
  const bool doubtful = std::ranges::any_of(setup_.links, [](const model::LinkSetup& link) {
    return link.lost != 0 || link.late != 0 || link.doubled != 0;
  });
  if (!times_out) add_idle_settings("resend", "there is no quiesce_timeout");
  if (!doubtful && !resends) {
    add_idle_settings("check_number",
                      "no link loses, delays or doubles messages, and none is "
                      "sent again");
  }
}

// Wherever a scenario says it.
void Lowering::add_idle_settings(std::string_view name, const std::string& why) {
  const auto look = [&](const Policy& policy) {
    for (const Setting& setting : policy.settings) {
      if (setting.name.text == name) add_idle(setting.name, why);
    }
  };
  for (const Policy* policy : checked_.policies) look(*policy);
  for (const DeviceInfo& device : checked_.devices) {
    if (device.policy != nullptr) look(*device.policy);
  }
  for (const ParamInfo& param : checked_.params) {
    if (param.name.text == name) add_idle(param.name, why);
  }
}

void Lowering::add_idle(const Name& setting, const std::string& why) {
  idle_.push_back({.severity = Severity::warning,
                   .span = setting.span,
                   .message = fmt::format("'{}' changes nothing: {}", setting.text, why)});
}

}  // namespace language
