// SPDX-License-Identifier: Apache-2.0
// Switches and links, and who is connected by them.
#include <fmt/format.h>

#include <algorithm>

#include "model/fabric/route.hpp"
#include "scenarios/language/lowering.hpp"

namespace language {

model::NodeId Lowering::node_of(Symbol end) const {
  if (end.kind == SymbolKind::device) return model::node_of(host_of(end));
  return model::NodeId{static_cast<std::uint32_t>(setup_.hosts.size()) + end.index};
}

void Lowering::add_switches() {
  for (const SwitchInfo& info : checked_.switches) {
    model::SwitchSetup node{.name = info.name.text};
    for (const Setting& setting : info.block->settings) {
      if (setting.name.text == "latency") {
        node.latency = number_of(setting.values[0], Dimension::time);
      }
    }
    setup_.fabric_switches.push_back(node);
  }
}

// In parts per million.
std::uint32_t Lowering::add_share(const LinkInfo& info, const Setting& setting) {
  const auto share = amount_in(value_of(setting.values[0]), Dimension::none);
  if (!share || *share == Rational(0)) return 0;
  const auto reliable = [](const model::AdapterSetup& adapter) { return adapter.rc.exists; };
  for (const Symbol end : {info.left, info.right}) {
    if (end.kind != SymbolKind::device || reliable(setup_.adapters[end.index])) continue;
    problem(setting.span, fmt::format("'{}' has no rc {{ ... }}: nothing would be sent again",
                                      setup_.adapters[end.index].name));
  }
  if (std::ranges::none_of(setup_.adapters, reliable)) {
    problem(setting.span, "no adapter has rc { ... }: nothing would be sent again");
  }
  const auto parts = Rational::multiply(*share, Rational(1'000'000));
  return std::max(1U, static_cast<std::uint32_t>(parts.value_or(Rational(0)).round_down()));
}

// A kind of message, as a bit.
std::uint16_t Lowering::message_in(const Setting& setting) {
  const std::string name = value_of(setting.values[0]).text();
  for (const model::LossyMessage& message : model::lossy_messages) {
    if (message.name == name) return model::bit(message.kind);
  }
  return 0;  // "none".
}

void Lowering::add_links() {
  for (const LinkInfo& info : checked_.links) {
    model::LinkSetup link{.left = node_of(info.left), .right = node_of(info.right)};
    for (const Setting& setting : *info.settings) {
      const std::string& name = setting.name.text;
      if (name == "latency") link.latency = number_of(setting.values[0], Dimension::time);
      if (name == "bandwidth") {
        link.bits_per_second = number_of(setting.values[0], Dimension::bandwidth);
        if (link.bits_per_second == 0) {
          problem(setting.span, "a link of less than 1 bit/s carries nothing");
          link.bits_per_second = 1;
        }
      }
      if (name == "loss") link.loss = add_share(info, setting);
      if (name == "reorder") link.reorder = add_share(info, setting);
      if (name == "duplicate") link.duplicate = add_share(info, setting);
      if (name == "lost") link.lost = message_in(setting);
      if (name == "late") link.late = message_in(setting);
      if (name == "doubled") link.doubled = message_in(setting);
    }
    if (link.loss + link.reorder + link.duplicate > 1'000'000) {
      problem(info.span, "more packets than there are: the shares add up to more than 1");
    }
    setup_.links.push_back(link);
  }
}

// The link between two ends. Without a second one it is about all links of a host.
void Lowering::name_link(model::Call& call, const StepInfo& info) {
  const std::vector<Arg>& args = info.step->args;
  if (args.size() < 2) return;
  const Symbol one = checked_.meaning(args[0].value).symbol;
  const Symbol other = checked_.meaning(args[1].value).symbol;
  for (std::uint32_t i = 0; i < checked_.links.size(); ++i) {
    const LinkInfo& link = checked_.links[i];
    if ((link.left == one && link.right == other) || (link.left == other && link.right == one)) {
      call.link = model::LinkId{i};
    }
  }
  if (call.link.some()) return;
  problem(join(args[0].value.span, args[1].value.span), "there is no link between these");
}

void Lowering::need_link(model::HostId from, model::HostId to, Span span) {
  if (from == to) return;
  const model::Topology fabric{.links = setup_.links,
                               .hosts = static_cast<std::uint32_t>(setup_.hosts.size())};
  if (!model::route_between(fabric, from, to).empty()) return;
  const std::string& here = setup_.hosts[from.index()].name;
  const std::string& there = setup_.hosts[to.index()].name;
  problem(span, setup_.fabric_switches.empty()
                    ? fmt::format("there is no link between {} and {}", here, there)
                    : fmt::format("there is no way from {} to {}: neither a link nor switches "
                                  "that lead there",
                                  here, there));
}

}  // namespace language
