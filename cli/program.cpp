// SPDX-License-Identifier: Apache-2.0
#include "cli/program.hpp"

#include <cerrno>
#include <cstring>

#include "cli/commands/all.hpp"
#include "cli/ranks.hpp"

namespace cli {

int run_program(const std::vector<std::string>& arguments, Output& out, Output& err) {
  CommandLine line = parse_command_line(arguments);
  if (own_rank() != 0) line.options.output = line.options.junit = "";
  out.write(line.out);
  err.write(line.err);
  if (line.exit) return static_cast<int>(*line.exit);

  const Options& options = line.options;
  if (!options.output.empty() && !out.redirect(options.output)) {
    err.print("shootdown: {}: {}\n", options.output, std::strerror(errno));
    return static_cast<int>(ExitStatus::misuse);
  }
  out.set_colour(options.colour);
  err.set_colour(options.colour);
  Session session{.options = options, .out = out, .err = err};
  const ExitStatus status = find_command(options.command)->run(session);
  if (status != ExitStatus::misuse && !out.commit()) {
    err.print("shootdown: not all of the output could be written\n");
    return static_cast<int>(ExitStatus::misuse);
  }
  return static_cast<int>(status);
}

}  // namespace cli
