// SPDX-License-Identifier: Apache-2.0
// Cells shared out over threads and ranks.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/progress.hpp"
#include "cli/sweep/lines.hpp"
#include "cli/sweep/result.hpp"

namespace cli {

// Whoever has nothing to do is given the next cell. Those of a rank that is gone are given to
// others. When all have been given out and one takes far longer than the others did, somebody else
// makes it too, and the first result counts: a machine may be lost without a word.
using Made = std::function<void(const CellResult&)>;

// At rank 0; without `lines` there is no other rank. `made` is called once for each cell, in any
// order, by this thread. What is wrong with the text of a cell ends it, and is returned. Ends early
// after an interrupt.
std::string share_out(const Plan& plan, std::vector<std::size_t> todo, Progress& progress,
                      RankLines* lines, const Made& made);

// What a rank tells rank 0 that has another program or scenario.
std::string refusal(unsigned rank);
// At every other rank, meanwhile.
void serve_rank_0(const Plan& plan, RankLines& lines);

}  // namespace cli
