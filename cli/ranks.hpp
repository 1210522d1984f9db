// SPDX-License-Identifier: Apache-2.0
// Ranks: the processes that mpirun has started together. They share out the runs of a sample, and
// rank 0 alone speaks. Without mpirun, or in a program built without MPI, there is one.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace cli {

// Lives as long as main(). The functions below may be used without it.
class Ranks {
 public:
  Ranks(int& argc, char**& argv);
  Ranks(const Ranks&) = delete;
  Ranks& operator=(const Ranks&) = delete;
  ~Ranks();
};

bool has_mpi();  // Built with it.
unsigned rank_count();
unsigned own_rank();

// Each of these is called by all ranks together.
std::vector<std::string> gather(const std::string& bytes);  // At rank 0: of each rank, in order.
bool as_rank_0_says(bool said);

// Between two of them, as they like. A rank that is gone does not stop the others: whoever waits for
// something from it does so without waiting for it alone.
struct RankMessage {
  unsigned from = 0;
  std::string bytes;
};
void send_to_rank(unsigned rank, const std::string& bytes);
std::optional<RankMessage> received();  // What has come, if anything has.

}  // namespace cli
