// SPDX-License-Identifier: Apache-2.0
// What the arguments of a random call are drawn from: all that exists where it is written.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/random/draft.hpp"

namespace random_scenarios {

// One call that is being written. Each argument is drawn from what exists; `possible` becomes
// false where nothing does.
struct Writer {
  Draft& draft;
  const Actor& actor;
  const std::vector<Object>& own;
  bool possible = true;

  Draw& draw() const { return draft.draw; }

  template <class T, class Test>
  const T* pick(const std::vector<T>& list, Test test) {
    std::vector<const T*> found;
    for (const T& each : list) {
      if (test(each)) found.push_back(&each);
    }
    if (found.empty()) {
      possible = false;
      return nullptr;
    }
    return draw().of(found);
  }

  // The process whose regions this actor has.
  std::string space() const {
    for (const Process& process : draft.processes) {
      if (process.name == actor.name && !process.parent.empty()) return process.parent;
    }
    return actor.name;
  }

  const Region* region() {
    const bool kernel = actor.kind == Actor::Kind::kernel;
    return pick(draft.regions, [&](const Region& each) {
      return kernel ? each.host == actor.host : each.process == space();
    });
  }
  std::string pages() {
    const Region* found = region();
    return found == nullptr ? "" : found->name + slice(draw(), found->pages);
  }
  std::string page() {
    const Region* found = region();
    return found == nullptr
               ? ""
               : joined({found->name, "[", std::to_string(draw().below(found->pages)), "]"});
  }

  template <class Test>
  const Object* object(Object::Kind kind, Test test) {
    std::vector<Object> all = draft.objects;
    all.insert(all.end(), own.begin(), own.end());
    static thread_local Object found;
    const Object* chosen =
        pick(all, [&](const Object& each) { return each.kind == kind && test(each); });
    if (chosen == nullptr) return nullptr;
    found = *chosen;
    return &found;
  }
  std::string part_of(const Object* found) {
    return found == nullptr ? "" : found->name + slice(draw(), found->pages);
  }
  enum class Mapped : std::uint8_t { yes, no };  // By the DMA API, too.
  std::string mr_pages(Mapped mapped) {
    return part_of(object(Object::Kind::mr, [&](const Object& mr) {
      if (mapped == Mapped::no && mr.maker == "dma_map") return false;
      return (actor.kind == Actor::Kind::device ? mr.device : mr.owner) == actor.name;
    }));
  }
  std::string mr(std::string_view maker) {
    const Object* found = object(Object::Kind::mr, [&](const Object& each) {
      return each.owner == actor.name && each.maker == maker;
    });
    return found == nullptr ? "" : found->name;
  }
  std::string attachment() {
    const Object* found = object(Object::Kind::attachment,
                                 [&](const Object& each) { return each.owner == actor.name; });
    return found == nullptr ? "" : found->name;
  }
  // Through an attachment, or with a queue pair and a key.
  std::string remote() {
    if (draw().chance(50)) {
      const Object* found = object(Object::Kind::attachment,
                                   [&](const Object& each) { return each.owner == actor.name; });
      if (found != nullptr) return part_of(found);
      possible = true;
    }
    return by_key();
  }
  std::string by_key() {
    const Object* qp = object(Object::Kind::qp, [&](const Object& each) {
      return each.owner == actor.name && each.maker == "connect";
    });
    if (qp == nullptr) return "";
    const std::string name = qp->name;
    const std::string device = qp->device;
    return joined({name, ", ", part_of(object(Object::Kind::mr, [&](const Object& each) {
                     return each.device == device;
                   }))});
  }
  const Process* other_process() {
    return pick(draft.processes, [&](const Process& each) { return each.name != actor.name; });
  }
  std::string number() {
    if (!draft.params.empty() && draw().chance(20)) return draw().of(draft.params);
    return std::to_string(1 + draw().below(3));
  }
};

}  // namespace random_scenarios
