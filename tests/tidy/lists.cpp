// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <regex>
#include <set>

#include "tests/tidy/checks.hpp"

namespace tidy {
namespace {

// Folders whose headers add things, by one line in the list. A header adds something if it gives a
// struct a name; others there are its tools.
struct Extension {
  std::string_view folder;
  std::string_view list;
  std::string_view pages;  // Where each has a page of its own; empty if it needs none.
};
constexpr std::array extensions = {
    Extension{"model/policy/", "model/policy/all.hpp", "docs/policies/"},
    Extension{"model/flow/", "model/flow/all.hpp", ""},
};
constexpr std::string_view naming = "static constexpr std::string_view name ";

bool adds_something(const File& file, const Extension& extension) {
  return in(file.path, extension.folder) && header(file.path) &&
         file.text.find(naming) != std::string::npos;
}

std::string_view text_of(const Tree& tree, std::string_view path) {
  const auto found = std::ranges::find(tree, path, &File::path);
  return found == tree.end() ? std::string_view() : std::string_view(found->text);
}

std::set<std::string, std::less<>> files_and_folders(const Tree& tree) {
  std::set<std::string, std::less<>> known;
  for (const File& file : tree) {
    for (std::string path = file.path; !path.empty();) {
      known.insert(path);
      const std::size_t slash = path.rfind('/');
      path.resize(slash == std::string::npos ? 0 : slash);
    }
  }
  return known;
}

// Where a link leads, from the root; "a/b.md" with "../c.md#part" gives "c.md".
std::string target_of(std::string_view document_path, std::string_view link) {
  std::vector<std::string_view> parts;
  const auto add = [&parts](std::string_view path) {
    while (!path.empty()) {
      const std::size_t end = std::min(path.find('/'), path.size());
      const std::string_view part = path.substr(0, end);
      if (part == ".." && !parts.empty()) parts.pop_back();
      if (part != ".." && part != "." && !part.empty()) parts.push_back(part);
      path.remove_prefix(std::min(end + 1, path.size()));
    }
  };
  add(document_path);
  if (!parts.empty()) parts.pop_back();
  add(link.substr(0, link.find('#')));
  std::string target;
  for (const std::string_view part : parts) {
    target += (target.empty() ? "" : "/") + std::string(part);
  }
  return target;
}

}  // namespace

Findings unlisted(const Tree& tree) {
  Findings findings;
  for (const Extension& extension : extensions) {
    const std::string_view list = text_of(tree, extension.list);
    for (const File& file : tree) {
      if (!adds_something(file, extension)) continue;
      if (list.find("#include \"" + file.path + "\"") != std::string_view::npos) continue;
      findings.push_back({file.path, 0, "is not listed in " + std::string(extension.list)});
    }
  }
  return findings;
}

Findings undocumented(const Tree& tree) {
  Findings findings;
  for (const Extension& extension : extensions) {
    if (extension.pages.empty()) continue;
    for (const File& file : tree) {
      if (!adds_something(file, extension)) continue;
      const std::string page = std::string(extension.pages) + std::string(stem(file.path)) + ".md";
      if (text_of(tree, page).empty()) findings.push_back({file.path, 0, "has no page " + page});
    }
  }
  return findings;
}

Findings broken_links(const Tree& tree) {
  static const std::regex link(R"(\]\(([^)\s]+)\))");
  const auto known = files_and_folders(tree);
  Findings findings;
  for (const File& file : tree) {
    if (!document(file.path)) continue;
    each_line(file.text, [&](std::string_view line, std::size_t number) {
      using Matches = std::regex_iterator<std::string_view::const_iterator>;
      for (Matches match(line.begin(), line.end(), link); match != Matches(); ++match) {
        const std::string to = (*match)[1].str();
        if (to.starts_with("http") || to.starts_with("mailto:") || to.starts_with('#')) continue;
        if (known.contains(target_of(file.path, to))) continue;
        findings.push_back({file.path, number, "leads nowhere: " + to});
      }
    });
  }
  return findings;
}

}  // namespace tidy
