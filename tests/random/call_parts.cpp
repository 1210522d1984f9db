// SPDX-License-Identifier: Apache-2.0
#include "tests/random/call_parts.hpp"

namespace random_scenarios {
namespace {

using Words = std::vector<std::string>;

Words plain() { return {"0", "ok", "0 | err", "any"}; }
Words values() { return {"0", "1", "2", "any", "ok", "1 | 2 | err", "SIGSEGV | 1", "err"}; }

const Device* own_card(Writer& w) {
  return w.pick(w.draft.devices, [&](const Device& each) {
    return each.host == w.actor.host && each.kind == "rnic";
  });
}

Call register_by_flags(Writer& w) {
  static const Words flags = {"IBV_ACCESS_LOCAL_WRITE", "IBV_ACCESS_REMOTE_READ",
                              "IBV_ACCESS_LOCAL_WRITE|IBV_ACCESS_FLUSH_GLOBAL",
                              "IBV_ACCESS_ON_DEMAND|IBV_ACCESS_LOCAL_WRITE",
                              "IBV_ACCESS_ON_DEMAND|IBV_ACCESS_FLUSH_GLOBAL"};
  const Device* card = own_card(w);
  const std::string device = card == nullptr ? "" : card->name;
  const Region* region = w.region();
  if (region == nullptr) return {};
  Call call =
      making(w, joined({"reg_mr_ex(", device, ", ", region->name, ", ", w.draw().of(flags), ")"}),
             Object::Kind::mr, "mr");
  call.makes.device = device;
  call.makes.maker = "reg_mr";
  call.makes.pages = region->pages;
  return call;
}

Call make_queue(Writer& w, std::string_view verb) {
  const Device* card = own_card(w);
  const std::string device = card == nullptr ? "" : card->name;
  Call call = making(w, joined({std::string(verb), "(", device, ")"}), Object::Kind::qp, "qp");
  call.makes.device = device;
  call.makes.maker = verb;
  return call;
}

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

std::optional<Call> queue_call(Writer& w, std::string_view verb) {
  if (verb == "reg_mr_ex") return register_by_flags(w);
  if (verb == "create_ud_qp") return make_queue(w, verb);
  if (verb != "create_srq" && verb != "ud_send" && verb != "xrc_send") return std::nullopt;
  if (verb == "ud_send") {
    const Object* queue = w.object(
        Object::Kind::qp, [&](const Object& each) { return each.maker == "create_ud_qp"; });
    const std::string name = queue == nullptr ? "" : queue->name;
    return plain_call(joined({"ud_send(", name, ", ", w.number(), ")"}));
  }
  if (!w.draft.reliable) w.possible = false;
  if (verb == "create_srq") return make_queue(w, verb);
  const Object* qp = w.object(Object::Kind::qp, [&](const Object& each) {
    return each.owner == w.actor.name && each.maker == "connect";
  });
  if (qp == nullptr) return Call{};
  const std::string name = qp->name;
  const std::string device = qp->device;
  const Object* shared = w.object(Object::Kind::qp, [&](const Object& each) {
    return each.maker == "create_srq" && each.device == device;
  });
  const std::string queue = shared == nullptr ? "" : shared->name;
  return plain_call(joined({"xrc_send(", name, ", ", queue, ", ", w.number(), ")"}));
}

}  // namespace random_scenarios
