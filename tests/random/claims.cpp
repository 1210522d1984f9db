// SPDX-License-Identifier: Apache-2.0
// What a random scenario claims, with its conditions and the lines of what must be seen.
#include <algorithm>

#include "scenarios/language/model_words.hpp"
#include "tests/random/draft.hpp"

namespace random_scenarios {
namespace {

using Kind = Object::Kind;
using Words = std::vector<std::string>;

std::string comparison(Draw& draw) {
  static const Words operators = {"==", "!=", "<", "<=", ">", ">="};
  return joined({draw.chance(60) ? "==" : draw.of(operators), " ", std::to_string(draw.below(4))});
}

const Object* random_object(Draft& draft, Kind kind) {
  std::vector<const Object*> found;
  for (const Object& each : draft.objects) {
    if (each.kind == kind) found.push_back(&each);
  }
  return found.empty() ? nullptr : draft.draw.of(found);
}

std::string page_of(Draft& draft, const Region& region) {
  return joined({region.name, "[", std::to_string(draft.draw.below(region.pages)), "]"});
}

std::string cache_atom(Draft& draft) {
  return joined({draft.draw.chance(50) ? "rcache_regions(app) " : "rcache_queue(app) ",
                 comparison(draft.draw)});
}

// About memory: there is always a region.
std::string memory_atom(Draft& draft) {
  if (draft.cached && draft.draw.chance(25)) return cache_atom(draft);
  const Region& region = draft.draw.of(draft.regions);
  const std::string page = page_of(draft, region);
  switch (draft.draw.below(6)) {
    case 0:
      return joined(
          {"pte(", region.process, ", ", page, ") ", draft.draw.chance(50) ? "==" : "!=", " none"});
    case 1:
      return joined({"value(", region.process, ", ", page, ") ", comparison(draft.draw)});
    case 2:
      return joined({"frame(", page, ").refs ", comparison(draft.draw)});
    case 3:
      return joined({"frame(", page, ").pins ", comparison(draft.draw)});
    case 4:
      return "frames_pinned " + comparison(draft.draw);
    default:
      return "frames_free > " + std::to_string(draft.draw.below(4));
  }
}

// About a registration or a handle; empty if there is none.
std::string object_atom(Draft& draft) {
  const Kind kind = draft.draw.chance(70) ? Kind::mr : Kind::handle;
  const Object* object = random_object(draft, kind);
  if (object == nullptr) return "";
  if (kind == Kind::handle || draft.draw.chance(35)) {
    return joined({"tlb_entries(", object->name, ") ", comparison(draft.draw)});
  }
  if (draft.draw.chance(40)) {
    return joined({"seq(", object->device, ", ", object->name, ") ", comparison(draft.draw)});
  }
  return joined({"tlb(", object->device, ", ", object->name, "[",
                 std::to_string(draft.draw.below(object->pages)), "]) ",
                 draft.draw.chance(50) ? "==" : "!=", " none"});
}

// About a labelled call; empty if there is none.
std::string call_atom(Draft& draft) {
  if (draft.labels.empty()) return "";
  const std::string& label = draft.draw.of(draft.labels).name;
  switch (draft.draw.below(7)) {
    case 0:
      return joined({"finished(", label, ")"});
    case 1:
      return joined({"retries(", label, ") ", comparison(draft.draw)});
    case 2:
      return joined({"faults(", label, ") ", comparison(draft.draw)});
    case 3:
      return joined({"cpages(", label, ") ", comparison(draft.draw)});
    case 4:
      return joined(
          {draft.draw.chance(70) ? "hit(" : "lost_events(", label, ") ", comparison(draft.draw)});
    case 5:
      return joined({draft.draw.chance(70) ? "entry_num(" : "sequence(", label, ") ",
                     comparison(draft.draw)});
    default:
      return joined({"starts_after(", label, ", ", draft.draw.of(draft.labels).name, ")"});
  }
}

std::string register_atom(Draft& draft) {
  static const Words results = {"0", "1", "2", "-EFAULT", "SIGBUS", "-EINVAL", "-EAGAIN"};
  if (draft.registers.empty()) return "";
  return joined({draft.draw.of(draft.registers), " ", draft.draw.chance(70) ? "==" : "!=", " ",
                 draft.draw.of(results)});
}

std::string random_atom(Draft& draft) {
  std::string atom;
  switch (draft.draw.below(4)) {
    case 0:
      atom = register_atom(draft);
      break;
    case 1:
      atom = object_atom(draft);
      break;
    case 2:
      atom = call_atom(draft);
      break;
    default:
      break;
  }
  return atom.empty() ? memory_atom(draft) : atom;
}

void write_never(Draft& draft) {
  const auto& properties = language::full_vocabulary().properties;
  std::string list;
  const std::uint32_t share = draft.draw.chance(60) ? 100 : 25;
  for (const language::Entry& property : properties) {
    if (!draft.draw.chance(share)) continue;
    list += (list.empty() ? "" : ", ") + property.name;
  }
  if (!list.empty()) draft.line("never " + list);
}

void write_quantified(Draft& draft) {
  static const Words kinds = {"exists", "exists", "~exists", "forall", "always", "eventually"};
  const std::string& kind = draft.draw.of(kinds);
  const std::string condition = random_condition(draft);
  const bool bare = kind == "always" || kind == "eventually";
  std::string line = draft.draw.chance(12) ? "expect fail " : "";
  line += bare ? joined({kind, " ", condition}) : joined({kind, " (", condition, ")"});
  if (!draft.params.empty() && draft.draw.chance(30)) {
    line +=
        joined({" if ", draft.draw.of(draft.params), " == ", std::to_string(draft.draw.below(2))});
  }
  draft.line(line);
}

// An argument of an event for each parameter that is drawn.
std::string event_arguments(Draft& draft, const language::EventRow& event) {
  std::string list;
  const auto add = [&](const std::string& word) { list += (list.empty() ? "" : ", ") + word; };
  for (const language::Parameter& parameter : event.parameters) {
    if (!draft.draw.chance(45)) continue;
    const Region& region = draft.draw.of(draft.regions);
    const Object* object = random_object(draft, draft.draw.chance(50) ? Kind::mr : Kind::handle);
    if (parameter.name == "pages") {
      add(region.name + slice(draft.draw, region.pages));
    } else if (parameter.name == "to") {
      add("to=" + draft.draw.of(draft.devices).name);
    } else if (parameter.name == "of" && object != nullptr) {
      add(object->name);
    }
  }
  return list.empty() && draft.draw.chance(50) ? "*" : list;
}

std::string random_event(Draft& draft) {
  const language::EventRow& event = draft.draw.of(language::full_vocabulary().events);
  return joined({event.name, "(", event_arguments(draft, event), ")"});
}

}  // namespace

std::string random_condition(Draft& draft) {
  std::string condition = random_atom(draft);
  while (draft.draw.chance(30)) {
    condition += draft.draw.chance(50) ? " && " : " || ";
    const std::string atom = random_atom(draft);
    condition += draft.draw.chance(15) ? joined({"!(", atom, ")"}) : atom;
  }
  return condition;
}

void write_emission(Draft& draft) {
  std::string line = draft.draw.chance(70) ? "        > " : "        !> ";
  line += random_event(draft);
  const std::uint32_t order = draft.draw.below(10);
  if (order < 2 && !draft.labels.empty()) {
    line +=
        joined({" ", draft.draw.chance(50) ? "after" : "before", " ",
                draft.draw.of(draft.labels).name, ".", draft.draw.chance(70) ? "done" : "start"});
  } else if (order < 5) {
    line += joined({" ", draft.draw.chance(50) ? "after" : "before", " ", random_event(draft)});
  } else if (order == 5) {
    line += " within 5us";
  }
  draft.line(line);
}

void write_claims(Draft& draft) {
  if (draft.draw.chance(92)) write_never(draft);
  for (std::uint32_t i = draft.draw.below(4); i > 0; --i) write_quantified(draft);
  if (draft.draw.chance(10)) draft.line("watch " + memory_atom(draft));
  if (draft.draw.chance(10)) {
    static const Words kinds = {"exists", "~exists", "forall"};
    draft.line(
        joined({"ask \"is it so?\" ", draft.draw.of(kinds), " (", random_condition(draft), ")"}));
  }
  if (draft.draw.chance(4)) {
    draft.line(joined({"ask \"how many?\" value (value(", draft.regions[0].process, ", ",
                       page_of(draft, draft.regions[0]), "))"}));
  }
}

}  // namespace random_scenarios
