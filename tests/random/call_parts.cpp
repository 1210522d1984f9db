// SPDX-License-Identifier: Apache-2.0
#include "tests/random/call_parts.hpp"

namespace random_scenarios {
namespace {

using Words = std::vector<std::string>;

Words plain() { return {"0", "ok", "0 | err", "any"}; }
Words values() { return {"0", "1", "2", "any", "ok", "1 | 2 | err", "SIGSEGV | 1", "err"}; }

}  // namespace

Call plain_call(std::string text) {
  return {.verb = "", .text = std::move(text), .makes = {}, .results = plain()};
}
Call value_call(std::string text) {
  return {.verb = "", .text = std::move(text), .makes = {}, .results = values()};
}

Call making(Writer& w, std::string text, Object::Kind kind, std::string_view prefix) {
  Call call{.verb = "", .text = std::move(text), .makes = {}, .results = {"ok", "ok | err", "any"}};
  call.makes.kind = kind;
  call.makes.name = w.draft.new_name(prefix);
  call.makes.owner = w.actor.name;
  return call;
}

std::optional<Call> buffer_call(Writer& w, std::string_view verb) {
  const bool known =
      verb == "ttm_bo_evict" || verb == "vfio_pci_dma_buf_move" || verb == "reg_dmabuf_mr";
  if (!known) return std::nullopt;
  const bool imports = verb == "reg_dmabuf_mr";
  w.possible =
      w.draft.buffer && w.actor.host == w.draft.hosts[0] && (!imports || w.actor.name == "app");
  if (!w.possible) return Call{};
  const Buffer& buffer = *w.draft.buffer;
  if (verb == "ttm_bo_evict") return plain_call(joined({"ttm_bo_evict(", buffer.file, ")"}));
  if (!imports) {
    const char* how = w.draw().chance(60) ? "on" : "off";
    return plain_call(joined({"vfio_pci_dma_buf_move(", buffer.file, ", ", how, ")"}));
  }
  const Device* device = w.pick(w.draft.devices, [&](const Device& each) {
    return each.host == w.actor.host && each.kind == "rnic";
  });
  if (device == nullptr) return Call{};
  Call call = making(w, joined({"reg_dmabuf_mr(", device->name, ", ", buffer.region, ")"}),
                     Object::Kind::mr, "mr");
  call.makes.device = device->name;
  call.makes.maker = "reg_mr";
  call.makes.pages = buffer.pages;
  return call;
}

}  // namespace random_scenarios
