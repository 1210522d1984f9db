// SPDX-License-Identifier: Apache-2.0
#include "scenarios/language/format.hpp"

#include "scenarios/language/format_items.hpp"
#include "scenarios/language/parse.hpp"

namespace language {

std::string format(const Source& source, const File& file) {
  Printer printer(source, file.comments);
  for (const Item& item : file.items) print_item(printer, item);
  return printer.finish();
}

Formatted format_file(Sources& sources, const std::string& path) {
  Formatted formatted;
  const std::optional<SourceId> id = sources.load(resolve_path("", path));
  if (!id) {
    const SourceId missing = sources.add(path, "");
    formatted.problems.push_back(
        {.span = {.source = missing}, .message = "there is no file '" + path + "'"});
    return formatted;
  }
  ParsedFile parsed = parse_file(sources, *id);
  formatted.problems = std::move(parsed.problems);
  sort_problems(formatted.problems);
  if (!has_errors(formatted.problems)) formatted.text = format(sources.at(*id), parsed.file);
  return formatted;
}

}  // namespace language
