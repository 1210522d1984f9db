// SPDX-License-Identifier: Apache-2.0
// Files, the regions that map them, and the pages that a conformance run looks at.
#include <fmt/format.h>

#include <algorithm>

#include "scenarios/language/checking.hpp"

namespace language {
namespace {

// A whole number of pages for each value that the params take, at least that; `message` if not.
void check_pages(Checking& checking, const Expr& expr, std::int64_t least,
                 const std::string& message) {
  const std::size_t before = checking.checked.problems.size();
  check_quantity(checking, {}, expr, Dimension::pages, "a number of pages or bytes");
  if (checking.checked.problems.size() != before) return;
  for (const Assignment& sample : checking.samples) {
    const Value value = evaluate(checking.checked, sample, expr).value;
    const auto pages = amount_in(value, Dimension::pages);
    const auto whole = pages ? pages->to_int64() : std::nullopt;
    if (!whole || *whole < least) return report(checking, expr.span, message);
  }
}

void check_file(Checking& checking, const MappedFile& file) {
  const Vocabulary& words = checking.vocabulary;
  if (find(words.file_kinds, file.kind.text) == nullptr) {
    report_unknown(checking, file.kind.span, file.kind.text, "a kind of file",
                   names_of(words.file_kinds));
  }
  for (std::size_t i = 0; i < file.flags.size(); ++i) {
    const Name& flag = file.flags[i];
    if (find(words.file_flags, flag.text) == nullptr) {
      report_unknown(checking, flag.span, flag.text, "a flag of a file",
                     names_of(words.file_flags));
    } else if (std::ranges::find(file.flags, flag.text, &Name::text) !=
               file.flags.begin() + static_cast<std::ptrdiff_t>(i)) {
      report(checking, flag.span, fmt::format("'{}' is said twice", flag.text));
    }
  }
  check_pages(checking, file.size, 0, "a file has whole pages");
}

void check_part(Checking& checking, const Window::Part& part) {
  const std::size_t before = checking.checked.problems.size();
  const Kind kind = infer(checking, {}, part.pages).kind;
  if (checking.checked.problems.size() != before) return;
  if (kind != Kind::region && kind != Kind::pages) {
    report(checking, part.pages.span,
           fmt::format("expected pages of a region, got {}", description(kind)));
  } else if (part.every) {
    check_count(checking, {}, *part.every, 1);
  }
}

}  // namespace

void check_files(Checking& checking) {
  each<MappedFile>(*checking.checked.script,
                   [&](const MappedFile& file, Span) { check_file(checking, file); });
}

void check_region_file(Checking& checking, const RegionInfo& info) {
  const Region& region = *info.region;
  if (region.offset && !region.file) {
    return report(checking, region.offset->span, "only a region of a file has an offset");
  }
  if (region.offset) check_pages(checking, *region.offset, 0, "an offset has whole pages");
  if (!info.file) return;
  const Checked& checked = checking.checked;
  const std::uint32_t host = checked.processes[info.process].host;
  const FileInfo& file = checked.files[*info.file];
  if (file.host == host) return;
  report(checking, region.file->span,
         fmt::format("file '{}' is on host {}, not on {}", file.name.text,
                     checked.hosts[file.host].name.text, checked.hosts[host].name.text));
}

void check_window(Checking& checking) {
  constexpr std::size_t parts_max = 2;
  each<Window>(*checking.checked.script, [&](const Window& window, Span span) {
    if (checking.checked.window != nullptr) {
      return report(checking, span, "a scenario has one window");
    }
    checking.checked.window = &window;
    for (const Window::Part& part : window.parts) check_part(checking, part);
    if (window.parts.size() > parts_max) {
      report(checking, window.parts[parts_max].pages.span, "a window has one or two mappings");
    }
    for (const Name& name : window.others) find_process(checking, name);
  });
}

}  // namespace language
