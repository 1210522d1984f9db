// SPDX-License-Identifier: Apache-2.0
#include "scenarios/language/reduction.hpp"

#include <algorithm>

#include "scenarios/language/canonical.hpp"

namespace language {
namespace {

// A statement without which the same machine does less, and less is asked of it.
struct IsRemovable {
  template <class Node>
  bool operator()(const Node&) const {
    return true;
  }
  bool operator()(const LanguageVersion&) const { return false; }
  bool operator()(const ScenarioName&) const { return false; }
  bool operator()(const Import&) const { return false; }
  bool operator()(const Kernel&) const { return false; }
  bool operator()(const Param&) const { return false; }
  bool operator()(const Policy&) const { return false; }
  bool operator()(const Cost&) const { return false; }
  bool operator()(const Explore&) const { return false; }
};

// The lines of a statement.
struct AddLines {
  std::vector<Edit>& edits;

  template <class Node>
  void operator()(const Node&) const {}
  void operator()(const Init& init) const { add(init.events); }
  void operator()(const Timeline& timeline) const { add(timeline.events); }
  void operator()(const Thread& thread) const { add(thread.events); }
  void operator()(const Process& process) const {
    for (const auto& entry : process.entries) {
      std::visit([this](const auto& part) { edits.push_back({part.span, ""}); }, entry);
    }
  }
  void operator()(const Host& host) const {
    for (const auto& entry : host.entries) {
      const auto* device = std::get_if<Device>(&entry);
      if (device != nullptr) edits.push_back({device->span, ""});
    }
  }
  void add(const std::vector<Event>& events) const {
    for (const Event& event : events) edits.push_back({event.span, ""});
  }
};

void add_sizes(const Item& item, std::vector<Edit>& edits) {
  const auto* process = std::get_if<Process>(&item.node);
  if (process == nullptr) return;
  for (const auto& entry : process->entries) {
    const auto* region = std::get_if<Region>(&entry);
    if (region == nullptr) continue;
    const std::string size = canonical(region->size);
    if (size == "1 page" || size == "1 pages") continue;
    edits.push_back({region->size.span, size == "2 pages" ? "1 page" : "2 pages"});
  }
}

std::string alone(const Assertion& assertion) {
  std::string text;
  for (const Name& property : assertion.properties) {
    Assertion one = assertion;
    one.properties = {property};
    text += (assertion.expect_fail ? "expect fail " : "") + canonical(one) + '\n';
  }
  return text;
}

}  // namespace

std::vector<Edit> reductions(const File& file, Part part) {
  std::vector<Edit> edits;
  for (const Item& item : file.items) {
    switch (part) {
      case Part::statements:
        if (std::visit(IsRemovable{}, item.node)) edits.push_back({item.span, ""});
        break;
      case Part::lines:
        std::visit(AddLines{edits}, item.node);
        break;
      case Part::sizes:
        add_sizes(item, edits);
        break;
    }
  }
  std::ranges::sort(edits, {}, &Edit::span);
  return edits;
}

std::string edited(const Source& source, std::vector<Edit> edits) {
  std::ranges::sort(edits, {}, &Edit::span);
  std::string text;
  std::size_t at = 0;
  for (const Edit& edit : edits) {
    text.append(source.text, at, edit.span.offset - at);
    text += edit.text;
    at = edit.span.end();
  }
  return text.append(source.text, at);
}

std::string flattened(const Sources& sources, const Script& script) {
  std::string text;
  for (const File& file : script.files) {
    std::vector<Edit> edits;
    for (const Comment& comment : file.comments) edits.push_back({comment.span, ""});
    for (const Item& item : file.items) {
      const auto* assertion = std::get_if<Assertion>(&item.node);
      const bool dropped =
          std::holds_alternative<Import>(item.node) || std::holds_alternative<Explore>(item.node);
      if (dropped) edits.push_back({item.span, ""});
      if (assertion == nullptr || assertion->properties.size() < 2) continue;
      std::erase_if(edits, [&](const Edit& edit) {
        return edit.span.offset >= item.span.offset && edit.span.end() <= item.span.end();
      });
      edits.push_back({item.span, alone(*assertion)});
    }
    text += edited(sources.at(file.source), std::move(edits)) + '\n';
  }
  return text;
}

}  // namespace language
