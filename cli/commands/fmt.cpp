// SPDX-License-Identifier: Apache-2.0
// fmt FILE...: lays scenarios out, in place. With -o the text goes there; with --check nowhere, and
// the files that are not laid out so are named.
#include "cli/commands/all.hpp"
#include "scenarios/language/format.hpp"

namespace cli {
namespace {

struct Laid {
  std::string path{};
  std::string before{};
  std::string after{};

  bool changes() const { return before != after; }
};

// False: a text with mistakes has no layout.
bool lay_out(Session& session, const std::string& path, std::vector<Laid>& all) {
  language::Sources sources(read_file);
  language::Formatted formatted = language::format_file(sources, path);
  session.err.write(language::render(sources, formatted.problems));
  if (language::has_errors(formatted.problems)) return false;
  all.push_back(
      {.path = path, .before = read_file(path).value_or(""), .after = std::move(formatted.text)});
  return true;
}

bool replace(Session& session, const Laid& laid) {
  Output file(stderr);
  if (file.redirect(laid.path)) {
    file.write(laid.after);
    if (file.commit()) return true;
  }
  session.err.print("shootdown: {} could not be written\n", laid.path);
  return false;
}

}  // namespace

ExitStatus format_files(Session& session) {
  const Options& options = session.options;
  std::vector<Laid> all;
  bool good = true;
  for (const std::string& path : options.files) good = lay_out(session, path, all) && good;
  if (!good) return ExitStatus::misuse;

  ExitStatus status = ExitStatus::ok;
  for (const Laid& laid : all) {
    if (options.only_check) {
      if (!laid.changes()) continue;
      session.out.print("{}\n", laid.path);
      status = ExitStatus::failed;
    } else if (!options.output.empty()) {
      session.out.write(laid.after);
    } else if (laid.changes() && !replace(session, laid)) {
      return ExitStatus::misuse;
    }
  }
  return status;
}

}  // namespace cli
