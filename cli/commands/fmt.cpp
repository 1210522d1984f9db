// SPDX-License-Identifier: Apache-2.0
// fmt FILE...: lays scenarios out.
#include "cli/commands/all.hpp"

namespace cli {

ExitStatus format_files(Session& session) {
  session.err.write("shootdown: fmt: this version has no formatter\n");
  return ExitStatus::misuse;
}

}  // namespace cli
