// SPDX-License-Identifier: Apache-2.0
// The recordings that a scenario replays, read once for all of its cells.
#pragma once

#include <map>

#include "scenarios/language/names.hpp"
#include "scenarios/language/replay.hpp"

namespace language {

using Recordings = std::map<const Trace*, Strace>;

// Reads each trace of the script; what cannot be read is a problem in that file.
Recordings read_recordings(Sources& sources, const Checked& checked, Problems& problems);

}  // namespace language
