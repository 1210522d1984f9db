// SPDX-License-Identifier: Apache-2.0
// Cells shared out over threads and ranks.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/progress.hpp"
#include "cli/sweep/result.hpp"

namespace cli {

// Whoever has nothing to do is given the next cell. When all have been given out and one takes far
// longer than the others did, somebody else makes it too, and the first result counts: so a rank
// that is gone loses nothing, and nobody has to find out that it is gone.
// At rank 0. `made` is called once for each cell, in any order, by this thread. What is wrong with
// the text of a cell ends it, and is returned. Ends early after an interrupt.
std::string share_out(const Plan& plan, std::vector<std::size_t> todo, Progress& progress,
                      const std::function<void(const CellResult&)>& made);

// At every other rank, meanwhile.
void serve_rank_0(const Plan& plan);

}  // namespace cli
