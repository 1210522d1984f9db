// SPDX-License-Identifier: Apache-2.0
// parse(): a file with all that it imports, imports first, each file once.
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "scenarios/language/parse.hpp"
#include "scenarios/language/parser.hpp"

namespace language {
namespace {

constexpr std::size_t files_max = 1000;
constexpr std::size_t chain_max = 64;  // Files that import one another.

class Importer {
 public:
  explicit Importer(Sources& sources) : sources_(sources) {}

  void read(SourceId id) {
    chain_.push_back(id);
    seen_.push_back(id);
    ParsedFile parsed = parse_file(sources_, id, parsed_.script.exprs);
    parsed_.script.exprs = parsed.exprs;
    parsed_.script.broken |= has_errors(parsed.problems);
    std::ranges::move(parsed.problems, std::back_inserter(parsed_.problems));
    for (const Item& item : parsed.file.items) {
      if (const auto* import = std::get_if<Import>(&item.node)) follow(*import);
      if (const auto* cost = std::get_if<Cost>(&item.node)) load_samples(*cost);
    }
    parsed_.script.files.push_back(std::move(parsed.file));
    chain_.pop_back();
  }

  void report(Span span, std::string message) {
    parsed_.problems.push_back({.span = span, .message = std::move(message)});
    parsed_.script.broken = true;
  }

  Parsed finish() {
    sort_problems(parsed_.problems);
    return std::move(parsed_);
  }

 private:
  void follow(const Import& import) {
    if (import.path.text.empty()) return;
    const Span span = import.path.span;
    const std::string path = resolve_path(sources_.at(span.source).path, import.path.text);
    const std::optional<SourceId> id = sources_.load(path);
    if (!id) return report(span, fmt::format("there is no file '{}'", path));
    if (std::ranges::find(chain_, *id) != chain_.end()) return report_cycle(span, *id);
    if (std::ranges::find(seen_, *id) != seen_.end()) return;
    if (chain_.size() >= chain_max || seen_.size() >= files_max) {
      return report(span, "too many imports");
    }
    read(*id);
  }

  // What empirical("file.csv") draws from.
  void load_samples(const Cost& cost) {
    for (const Setting& setting : cost.settings) {
      for (const Expr& value : setting.values) {
        const auto* call = std::get_if<CallExpr>(&value.node);
        if (call == nullptr || call->args.size() != 1) continue;
        const auto* file = std::get_if<StringExpr>(&call->args[0].value.node);
        if (file == nullptr) continue;
        const Span span = call->args[0].value.span;
        const std::string path = resolve_path(sources_.at(span.source).path, file->text);
        if (!sources_.load(path)) report(span, fmt::format("there is no file '{}'", path));
      }
    }
  }

  void report_cycle(Span span, SourceId id) {
    const std::string& path = sources_.at(id).path;
    if (id == span.source) return report(span, "a file cannot import itself");
    report(span, fmt::format("'{}' imports this file already: imports make no circles", path));
  }

  Sources& sources_;
  Parsed parsed_;
  std::vector<SourceId> chain_;  // Being read: the importers of the current file, and itself.
  std::vector<SourceId> seen_;
};

}  // namespace

Parsed parse(Sources& sources, const std::string& path) {
  Importer importer(sources);
  const std::optional<SourceId> id = sources.load(resolve_path("", path));
  if (id) {
    importer.read(*id);
  } else {
    const SourceId missing = sources.add(path, "");
    importer.report({.source = missing}, fmt::format("there is no file '{}'", path));
  }
  return importer.finish();
}

}  // namespace language
